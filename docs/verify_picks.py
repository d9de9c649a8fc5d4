#!/usr/bin/env python3
"""Who is inspected, and by whom, once more from a published draw: python verify_picks.py draw.json

Needs Python 3.8 or newer, and nothing of the platform. verify_draw.py shows that the order in
`result` is the drawn one, and that `bound` was fixed before it could be known; this program makes of the two
what the platform has to make of them, and compares it with `inspection` in the same file:
1. every grade's objects in drawn order until its share (percent, rounded up) is reached, passing over those
   that were inspected as often as they may be this year (`left` below 1);
2. for each of them, in drawn order, `each` inspectors: those with the fewest objects so far, of these who was
   drawn first, passing over whoever may not inspect it. Too few: it is listed as lacking.
Exit status: 0 if it follows, 1 if not, 2 if the file cannot be read as the draw of an inspection.
"""

import json
import sys
from pathlib import Path


def pick(draw):
    """Who is inspected and by whom."""
    told, grades = draw["bound"], {}
    for name in told["objects"]:
        grades.setdefault(told["objects"][name]["grade"], []).append(name)
    left = {grade: -(-told["shares"][grade] * len(names) // 100) for grade, names in grades.items()}
    load = {name: 0 for name in draw["result"] if name in told["inspectors"]}
    came = {"assigned": {}, "lacking": [], "passed": {}, "stepped": {}}
    for name in (name for name in draw["result"] if name in told["objects"]):
        mine = told["objects"][name]
        if left[mine["grade"]] and mine["left"] < 1:
            came["passed"][name] = "cap"
        elif left[mine["grade"]]:
            left[mine["grade"]] -= 1
            came["assigned"][name] = team(name, told, load, came)
    return came


def team(name, told, load, came):
    """The inspectors of one object; none, and it is lacking, where too few may."""
    found = []
    for who in sorted(load, key=load.get):
        if len(found) < told["each"] and name in told["inspectors"][who]:
            came["stepped"].setdefault(name, {})[who] = told["inspectors"][who][name]
        elif len(found) < told["each"]:
            found.append(who)
    if len(found) < told["each"]:
        came["lacking"].append(name)
        return []
    load.update({who: load[who] + 1 for who in found})
    return found


def main(arguments):
    try:
        draw = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        whole = sorted(draw["result"]) == sorted([*draw["bound"]["objects"], *draw["bound"]["inspectors"]])
        came, said = pick(draw), draw["inspection"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return print("cannot read this as an inspection's draw: %s: %s" % (type(error).__name__, error)) or 2
    if not whole:
        return print("FAULT: the order is not that of all objects and inspectors") or 1
    if came != said:
        return print("FAULT: who is inspected, and by whom, does not follow from the order") or 1
    for name, who in came["assigned"].items():
        print("%s  %s" % (name, ", ".join(who) or "too few inspectors"))
    print("what is made of draw %s stands" % draw.get("identifier", ""))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if sys.argv[1:] else print(__doc__) or 2)
