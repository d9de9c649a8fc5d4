"""Whether a comment of the demonstration goes with its stars, each sentence looked up anew."""

from __future__ import annotations

from market.demonstration import praise, words


def said_of(by: str, heading: str, comment: str) -> bool:
    """Whether a comment holds a sentence of a heading of `comments.toml`."""
    return any(text in comment for texts in words.read("comments")[by][heading].values() for text in texts)


def fits(by: str, scores: dict[str, int], comment: str, item: str) -> None:
    """AssertionError unless every sentence is for the stars of what it is about, and the worst is told."""
    mean, told = sum(scores.values()) / len(scores), set()
    assert comment, scores
    for sentence in comment.split("。")[:-1]:
        about, band = _meant(by, f"{sentence}。", item)
        if about == "overall":
            assert band == str(round(mean)), (scores, comment)
            continue
        assert band == praise.band(scores[about]), (about, scores, comment)
        assert mean >= 3 or band != "good", (scores, comment)
        told.add(about)
    worst = min(scores.values())
    assert worst > 3 or any(scores[name] == worst for name in told), (scores, comment)


def _meant(by: str, sentence: str, item: str) -> tuple[str, str]:
    """What a sentence is about, and for how many stars it is."""
    family = words.family(item)
    also = {"late": praise.TIMED[by], "passed": "quality", "sent_back": "quality"}
    found = [
        (also.get(heading, heading), band)
        for heading, bands in words.read("comments")[by].items()
        for band, texts in bands.items()
        if sentence in texts
    ]
    found += [
        ("quality", band) for band in praise.BOUNDS if sentence in getattr(family, band) and by == "buyer"
    ]
    assert len(found) == 1, (sentence, found)
    return found[0]
