#!/usr/bin/env python3
"""Reckon a published credit score again: python replay_score.py credit.json

Needs Python 3.8 or newer, and nothing of the platform. The file is what it publishes of one agency
(/agencies/<number>/credit.json): the policy's numbers and every record that counts. The score is

    base + the points of every input, between 0 and 100, to one decimal

- w = 2 ** (-days before the newest / half-life) a record; `seen` and `unseen` are the weights of the part of
  its contract that others saw and of the part they did not; n how many records in the line its buyer has;
- shares (in time, passed first, without dispute): w * (1 + log2 n) / n a record, times its parts;
  points * ((sum(w x) + weight * expected) / (sum(w) + weight) - zero), zero what is expected unless given.
  The unseen parts weigh in all at most unseen_share of the seen (at least unseen_least) where they lie above
  that mean, and in full below it;
- points: the sum of what each record brings, times the input's points;
- stars: points * (mean - zero), zero what the items run at unless given. Every rater is one voice: w / n.
  The habit of a rater is taken off, that of the seen part and that of the unseen. A = (sum of those seen +
  prior) / (their weight + prior weight). Those not seen are read as at most unseen_stars from A, weigh in all
  at most unseen_share of the seen (at least unseen_least), and move the mean by at most unseen_shift of A's
  standard error.

Exit status: 0 if the published score is what the records give, 1 if not, 2 if the file cannot be read.
"""

import json
import sys
from datetime import datetime
from math import log2, sqrt
from pathlib import Path

FORMULA = "gongxin-credit-2"


def fresh(evidence, half_life_days):
    """What each record weighs for its age alone."""
    at = [datetime.fromisoformat(each["at"]) for each in evidence]
    return [2 ** (-(max(at) - each).total_seconds() / 86400 / float(half_life_days)) for each in at]


def cut_of(rating, seen, unseen):
    """What is left of the weight of what nobody has seen."""
    most = max(float(rating["unseen_least"]), seen * float(rating["unseen_share"]))
    return min(1.0, most / unseen) if unseen else 1.0


def share(numbers, rating, evidence):
    """The points of values from 0 to 1, and their variance."""
    expected, prior, points = (float(numbers[key]) for key in ("expected", "weight", "points"))
    parts = []
    for w, each in zip(fresh(evidence, numbers["half_life_days"]), evidence):
        w *= (1 + log2(each.get("n", 1))) / each.get("n", 1)
        parts.append((each["value"], w * each.get("seen", 1.0), w * each.get("unseen", 0.0)))
    cut = cut_of(rating, sum(one for _x, one, _other in parts), sum(other for _x, _one, other in parts))
    total = sum(one + cut * other for _x, one, other in parts) + prior
    value = sum(x * (one + cut * other) for x, one, other in parts) + prior * expected
    for x, _one, other in sorted(parts):
        if x * total < value:
            total, value = total + (1 - cut) * other, value + (1 - cut) * other * x
    mean = value / total
    zero = float(numbers.get("zero", expected))
    return points * (mean - zero), points**2 * max(mean * (1 - mean), 0) / total


def stars(numbers, rating, evidence):
    """The points of ratings, and their variance."""
    rule = {name: float(value) for name, value in rating.items() if not isinstance(value, list)}
    points, deviation, k = float(numbers["points"]), rule["deviation"], rule["prior_weight"]
    if not evidence:
        mean = prior = rule["first_mean"]
        half_width = deviation / sqrt(k)
    else:
        weights = [w / each["n"] for w, each in zip(fresh(evidence, rule["half_life_days"]), evidence)]
        seen = [(w * e["seen"], e["value"] - e["habit"][0]) for w, e in zip(weights, evidence)]
        unseen = [(w * e["unseen"], e["value"] - e["habit"][1]) for w, e in zip(weights, evidence)]
        whole = [w * (each["seen"] + each["unseen"]) for w, each in zip(weights, evidence)]
        prior = sum(w * each["item_mean"] for w, each in zip(whole, evidence)) / sum(whole)
        weight = sum(w for w, _ in seen) + k
        anchor = (sum(w * x for w, x in seen) + k * prior) / weight
        cut = cut_of(rating, weight - k, sum(w for w, _ in unseen))
        low, high = anchor - rule["unseen_stars"], anchor + rule["unseen_stars"]
        read = [(w * cut, min(max(x, low), high)) for w, x in unseen]
        total = weight + sum(w for w, _ in read)
        mean = (anchor * weight + sum(w * x for w, x in read)) / total
        shift = rule["unseen_shift"] * deviation / sqrt(weight)
        mean = min(max(mean, anchor - shift, 1.0), anchor + shift, 5.0)
        half_width = deviation / sqrt(total)
    zero = float(numbers.get("zero", prior))
    return points * (mean - zero), (points * half_width) ** 2


def replay(sheet):
    """(score, half width, grade) from a published sheet alone."""
    policy, points, variance = sheet["policy"], float(sheet["policy"]["base"]), 0.0
    for each in sheet["inputs"]:
        numbers, evidence = policy["inputs"][each["name"]], each["evidence"]
        if each["unit"] == "points":
            brings = float(numbers["points"]) * sum(record["value"] for record in evidence), 0.0
        elif each["unit"] == "stars":
            brings = stars(numbers, policy["rating"], evidence)
        else:
            brings = share(numbers, policy["rating"], evidence)
        points, variance = points + brings[0], variance + brings[1]
    score = round(min(100.0, max(0.0, points)), 1)
    graded = sheet["settled"] + sheet["failed"] >= int(policy["least_evidence"])
    grade = next(g for g in "ABCDE" if score >= float(policy["grades"][g])) if graded else None
    return score, round(sqrt(variance), 1), grade


def main(path):
    try:
        sheet = json.loads(Path(path).read_text(encoding="utf-8"))
        if sheet["formula"] != FORMULA:
            raise ValueError("unknown formula %r; this program knows %r" % (sheet["formula"], FORMULA))
        found, told = replay(sheet), (sheet["score"], sheet["half_width"], sheet["grade"])
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        print("cannot read %s: %s" % (path, wrong), file=sys.stderr)
        return 2
    print("published %s ± %s %s" % told)
    print("reckoned  %s ± %s %s" % found)
    return 0 if abs(found[0] - told[0]) < 0.051 and found[2] == told[2] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else print(__doc__) or 2)
