#!/usr/bin/env python3
"""Re-run a published draw: python verify_draw.py draw.json [bid.json ...]

Needs Python 3.8 or newer, and nothing of the platform. The files are what it publishes: of the draw
(/draws/<identifier>.json) and, if you like, of bids (/bids/<identifier>.json). Checked:
1. the seed is the one promised before the draw: SHA-256(seed) equals the published commitment;
2. nobody is on the list twice, only participants contributed, and each at most once;
3. list, contributions and seed are those drawn from: their SHA-256 equals the published digest;
4. the result follows from seed, list and contributions alone: every candidate's ticket is
   HMAC-SHA256(key, candidate) with key = SHA-256(canonical JSON of the three); lowest ticket first;
5. a reference price, in fen, is the mean of the bids (without the lowest and the highest from trim_from bids
   on) times the drawn percentage, and the nearest bid comes first;
6. of every bid given: its contribution is SHA-256("nonce:contribution") of what is in that file;
7. of an inspection: the list and what is made of the order (verify_picks.py) were fixed before the source of
   chance was known; a round of drand has the randomness SHA-256(signature) and, where py_arkworks_bls12381 is
   installed, the signature is drand's; departments' texts are those they sealed. Compare a lottery's figures
   with those it published.
Compare list and commitment with your copy from before the draw. Candidates are bids, by public numbers, or
percentages. Exit status: 0 if the draw stands, 1 if not, 2 if the file cannot be read as a draw.
"""

import hashlib
import hmac
import json
import sys
from datetime import datetime
from fractions import Fraction
from pathlib import Path

ALGORITHM, SOURCED = "gongxin-draw-2", "gongxin-draw-3"
GENESIS, PERIOD = 1692803367, 3  # of drand's quicknet, as is its key
KEY = (
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)


def key_of(draw, names=("candidates", "contributions", "seed")):
    """SHA-256 of the inputs in canonical JSON."""
    inputs = {name: draw[name] for name in names}
    canonical = json.dumps(inputs, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(canonical.encode("utf-8")).digest()


def tickets(draw):
    """(ticket in hex, candidate), in drawn order."""
    key = key_of(draw)
    return sorted((hmac.new(key, c.encode(), hashlib.sha256).hexdigest(), c) for c in draw["candidates"])


def faults(draw):
    """What is wrong with a published draw: a list of sentences, empty if it stands."""
    if draw["algorithm"] != (SOURCED if "source" in draw else ALGORITHM):
        return ["unknown algorithm %r; this program knows %r" % (draw["algorithm"], (ALGORITHM, SOURCED))]
    if not draw["seed"]:
        return ["not drawn yet: no seed is published"]
    found, parties = [], [c["party"] for c in draw["contributions"]]
    if hashlib.sha256(bytes.fromhex(draw["seed"])).hexdigest() != draw["commitment"]:
        found.append("the seed is not the one committed to")
    if len(set(draw["candidates"])) != len(draw["candidates"]):
        found.append("a candidate is on the list twice")
    if len(set(parties)) != len(parties) or not set(parties) <= set(draw["participants"]):
        found.append("a contribution by nobody who took part, or two by one")
    if key_of(draw).hex() != draw["digest"]:
        found.append("seed, list or contributions are not those that were drawn from")
    if draw["result"] != [name for _, name in tickets(draw)][: draw["picks"]]:
        found.append("the published result %r is not what the inputs give" % draw["result"])
    found += source_faults(draw) if "source" in draw else []
    return found + (reference_faults(draw) if "reference" in draw else [])


def source_faults(draw):
    """What is wrong with the source of chance, and with when it was named."""
    source, by = draw["source"], {c["party"]: c for c in draw["contributions"]}
    last = "drand:%(round)d" if source["kind"] == "drand" else "%(lottery)s:%(issue)s"
    parties = ["list", *source.get("departments", []), last % source]
    if not list(by) == draw["participants"] == parties:
        return ["not all the source brings went into the draw, or something else did"]
    found = []
    if by["list"]["value"] != key_of(draw, ("bound", "candidates", "picks", "source")).hex():
        found.append("the list, the source or what is made of the order is not what was fixed")
    for name in source.get("departments", []):
        if hashlib.sha256(("%(nonce)s:%(text)s" % by[name]).encode("utf-8")).hexdigest() != by[name]["value"]:
            found.append("the text of %s is not the one it sealed" % name)
    if source["kind"] == "drand":
        known, signature = GENESIS + (source["round"] - 1) * PERIOD, by[last % source]["signature"]
        if hashlib.sha256(bytes.fromhex(signature)).hexdigest() != by[last % source]["value"]:
            found.append("the randomness is not that of the signature")
        if signed(source["round"], signature) is False:
            found.append("the signature is not that of round %d" % source["round"])
    else:
        known = datetime.fromisoformat(source["drawn_on"] + "T21:00:00+08:00").timestamp()
    early = known > datetime.fromisoformat(draw["frozen_at"]).timestamp()
    return found if early else [*found, "the source was known when the list was fixed"]


def signed(number, signature):
    """Whether drand signed this round so; None where no program for it is installed, which is said."""
    try:
        from py_arkworks_bls12381 import GT, G1Point, G2Point
    except ImportError:
        return print("NOT CHECKED: the signature of the round; pip install py_arkworks_bls12381")
    message = hashlib.sha256(number.to_bytes(8, "big")).digest()
    message = G1Point.hash_to_curve(message, b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_")
    keys = [G2Point(), G2Point.from_compressed_bytes(bytes.fromhex(KEY))]
    return GT.pairing_check([G1Point.from_compressed_bytes(bytes.fromhex(signature)), -message], keys)


def reference_faults(draw):
    """What is wrong with the reference price that follows from a drawn percentage."""
    told, prices = draw["reference"], sorted(draw["reference"]["prices"].values())
    kept = prices[1:-1] if len(prices) >= max(told["trim_from"], 3) else prices
    price = int(Fraction(sum(kept), len(kept)) * Fraction(draw["result"][0]) / 100 + Fraction(1, 2))
    away = {bid: abs(each - price) for bid, each in told["prices"].items()}
    if told["price"] != price:
        return ["the reference price is %d fen, not %d" % (price, told["price"])]
    return [] if away[told["ranking"][0]] == min(away.values()) else ["the first is not the nearest bid"]


def bid_faults(draw, bid):
    """What is wrong with what the draw says a published bid brought."""
    value = hashlib.sha256((bid["nonce"] + ":" + bid["contribution"]).encode("utf-8")).hexdigest()
    known = {"party": bid["bid"], "value": value} in draw["contributions"]
    return [] if known else ["the draw has no such contribution of %s" % bid["bid"]]


def main(arguments):
    try:
        draw, *bids = [json.loads(Path(name).read_text(encoding="utf-8")) for name in arguments]
        wrong = faults(draw) + [fault for bid in bids for fault in bid_faults(draw, bid)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return print("cannot read this as a draw: %s: %s" % (type(error).__name__, error)) or 2
    if wrong:
        return print("\n".join("FAULT: " + sentence for sentence in wrong)) or 1
    won, named, decides = draw.get("winner"), draw.get("names", {}), draw.get("decides", True)
    picks = decides and (draw["picks"] % len(draw["candidates"]) or 1)  # of a whole order the first
    for place, (ticket, name) in enumerate(tickets(draw), 1):
        mark = "<- winner" if name == won else "<- drawn" if place <= picks else "not drawn" * decides
        print("%3d  %s…  %s  %s  %s" % (place, ticket[:16], name, named.get(name, ""), mark))
    if won and won not in draw["candidates"]:
        print("winner: %s  %s" % (won, named.get(won, "")))
    print("draw %s stands" % draw.get("identifier", ""))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if sys.argv[1:] else print(__doc__) or 2)
