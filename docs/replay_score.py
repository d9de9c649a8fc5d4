#!/usr/bin/env python3
"""Reckon a published credit score again: python replay_score.py credit.json

Needs Python 3.8 or newer, and nothing of the platform. The file is what it publishes of one agency
(/agencies/<number>/credit.json): the policy's numbers and every record that counts. The score is

    base + the points of every input, between 0 and 100, to one decimal

- shares (in time, passed first, without dispute): w = 2 ** (-days before the newest / half-life) a record,
  points * ((sum(w x) + weight * expected) / (sum(w) + weight) - zero), zero what is expected unless given;
- points: the sum of what each record brings, times the input's points;
- stars: points * (mean - zero), zero what the items run at unless given. Every rater is one voice: a rating
  weighs v / n, n the ratings of its rater here, v = 2 ** (-days / half-life) times the class of its
  contract's value where it was seen. The habit of a rater, sum(v above) / (sum(v) + leniency_weight), is
  taken off. A = (sum of those seen + prior) / (their weight + prior weight). Those not seen are read as at
  most unseen_stars from A, weigh in all at most unseen_share of the seen (at least unseen_least), and move
  the mean by at most unseen_shift of A's standard error.

Exit status: 0 if the published score is what the records give, 1 if not, 2 if the file cannot be read.
"""

import json
import sys
from collections import Counter
from datetime import datetime
from math import sqrt
from pathlib import Path

FORMULA = "gongxin-credit-1"


def days_before(newest, at):
    """The time between, in days."""
    return (newest - at).total_seconds() / 86400


def times(evidence):
    """When each record arose, and when the newest did."""
    at = [datetime.fromisoformat(each["at"]) for each in evidence]
    return at, max(at) if at else None


def share(numbers, evidence):
    """The points of values from 0 to 1, and their variance."""
    expected, prior, points = (float(numbers[key]) for key in ("expected", "weight", "points"))
    at, newest = times(evidence)
    weights = [2 ** (-days_before(newest, each) / float(numbers["half_life_days"])) for each in at]
    total = sum(weights) + prior
    mean = (sum(w * each["value"] for w, each in zip(weights, evidence)) + prior * expected) / total
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
        at, newest = times(evidence)
        voices = Counter(each["rater"] for each in evidence)
        fresh = [
            2 ** (-(newest - when).days / rule["half_life_days"])
            * (each["value_class"] if each["seen"] else 1)
            for when, each in zip(at, evidence)
        ]
        weights = [v / voices[each["rater"]] for v, each in zip(fresh, evidence)]
        elsewhere = {each["rater"]: tuple(each["habit"]) for each in evidence}
        here = dict(elsewhere)
        for v, each in zip(fresh, evidence):
            if each["seen"]:
                above, weight = here[each["rater"]]
                here[each["rater"]] = above + v * each["above"], weight + v
        said = []
        for each in evidence:
            above, weight = (here if each["seen"] else elsewhere)[each["rater"]]
            said.append(each["value"] - above / (weight + rule["leniency_weight"]))
        prior = sum(w * each["item_mean"] for w, each in zip(weights, evidence)) / sum(weights)
        seen = [(w, x) for w, x, each in zip(weights, said, evidence) if each["seen"]]
        anchor_weight = sum(w for w, _ in seen) + k
        anchor = (sum(w * x for w, x in seen) + k * prior) / anchor_weight
        unseen = sum(w for w, each in zip(weights, evidence) if not each["seen"])
        most = max(rule["unseen_least"], (anchor_weight - k) * rule["unseen_share"])
        cut = min(1.0, most / unseen) if unseen else 1.0
        total, sum_of = k, k * prior
        for w, x, each in zip(weights, said, evidence):
            if not each["seen"]:
                w, x = w * cut, min(max(x, anchor - rule["unseen_stars"]), anchor + rule["unseen_stars"])
            total, sum_of = total + w, sum_of + w * x
        shift = rule["unseen_shift"] * deviation / sqrt(anchor_weight)
        mean = min(max(sum_of / total, anchor - shift, 1.0), anchor + shift, 5.0)
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
            brings = share(numbers, evidence)
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
        found = replay(sheet)
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        print("cannot read %s: %s" % (path, wrong), file=sys.stderr)
        return 2
    told = (sheet["score"], sheet["half_width"], sheet["grade"])
    print("published %s ± %s %s" % told)
    print("reckoned  %s ± %s %s" % found)
    return 0 if abs(found[0] - told[0]) < 0.051 and found[2] == told[2] else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]) if len(sys.argv) > 1 else 2)
