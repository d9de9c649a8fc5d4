"""Small drawings in SVG, without inline styles, which the content policy forbids.

Colours are classes of gongxin.css.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from models.money import show
from models.sourcing.comparison import Quartiles


def _begun(height: int, title: str, urls: Sequence[str] = ()) -> Markup:
    """The beginning of a chart: a picture, or where its figures are links a group of them.

    It is as wide as there is room, its letters never smaller: what lies across is in percent of the width.
    """
    return Markup('<svg class="chart" role="{}" aria-label="{}" height="{}"><title>{}</title>').format(
        "group" if urls else "img", title, height, title
    )


def _across(value: float, low: float, high: float) -> str:
    """Where a value stands between the two ends of an axis, a little off both edges."""
    return f"{3 + 94 * (value - low) / max(1, high - low):.2f}%"


def _anchor(value: float, low: float, high: float) -> str:
    """Which way a text about a value runs, so that it stays in the picture."""
    share = (value - low) / max(1, high - low)
    return "start" if share < 0.25 else "end" if share > 0.75 else "middle"


def _leading(drawn: Markup, count: float, urls: Sequence[str], index: int) -> Markup:
    """One figure of a chart as the link to what it counts; as it is where it counts nothing."""
    return Markup('<a href="{}">{}</a>').format(urls[index], drawn) if urls and count else drawn


def bars(pairs: Sequence[tuple[str, int, str]], title: str, urls: Sequence[str] = ()) -> Markup:
    """A bar chart: (label, count, class) from left to right, each bar with its figure.

    `urls`, if any, are where the figures lead, in the same order.
    """
    most, tall, step = (
        max((count for _label, count, _css in pairs), default=0) or 1,
        120,
        100 / len(pairs or " "),
    )
    parts = [_begun(170, title, urls)]
    for index, (label, count, css) in enumerate(pairs):
        height, left = round(tall * count / most), index * step
        middle = f"{left + step / 2:.2f}%"
        drawn = Markup(
            '<rect class="{}" x="{:.2f}%" y="{}" width="{:.2f}%" height="{}" rx="3"/>'
            '<text x="{}" y="{}" text-anchor="middle">{}</text><text class="weak" x="{}" '
            'y="162" text-anchor="middle">{}</text>'
        ).format(
            css,
            left + step * 0.15,
            20 + tall - height,
            step * 0.7,
            height,
            middle,
            14 + tall - height,
            f"{count:,}",
            middle,
            label,
        )
        parts.append(_leading(drawn, count, urls, index))
    return Markup("").join([*parts, Markup("</svg>")])


MOST_BARS = 12  # that `rows` draws


def rows(
    pairs: Sequence[tuple[str, float]],
    title: str,
    urls: Sequence[str] = (),
    said: Callable[[Any], str] = "{:,}".format,
) -> Markup:
    """A bar chart whose labels are long: a line each, (label, value), the bar and its figure as it is `said`.

    What is below nothing stands to the left of it. Of more than MOST_BARS the first are drawn, and how many
    there are is told. `urls`, if any, are where the figures lead, in the same order.
    """
    shown = pairs[:MOST_BARS]
    below = -min((value for _label, value in shown if value < 0), default=0)
    above = max((value for _label, value in shown if value > 0), default=0)
    scale = 100 / ((below + above) or 1)
    parts = [Markup('<ul class="plain chart-rows" aria-label="{}">').format(title)]
    for index, (label, value) in enumerate(shown):
        drawn = Markup(
            '<span>{}</span> <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
            '<rect class="{}" x="{:.2f}" y="0" width="{:.2f}" height="10"/></svg> <b>{}</b>'
        ).format(
            label,
            "bar-plain" if value >= 0 else "bar-below",
            (below + min(value, 0)) * scale,
            abs(value) * scale,
            said(value),
        )
        parts.append(Markup("<li>{}</li>").format(_leading(drawn, value, urls, index)))
    parts.append(Markup("</ul>"))
    if len(pairs) > len(shown):
        told = _("图上是前 %(shown)s 项,共 %(all)s 项;其余见表格和导出。", shown=len(shown), all=len(pairs))
        parts.append(Markup('<p class="hint">{}</p>').format(told))
    return Markup("").join(parts)


def offers(rows: Sequence[tuple[str, int, int]], past: Quartiles | None, title: str) -> Markup:
    """Each offer as a dot at its price, with a tick at what its agency publishes for this job.

    Offers are (name, price, published price), in fen. Behind them stand the middle half and the median of
    past awards for jobs of about this size, in fen too.
    """
    every = [fen for _name, price, published in rows for fen in (price, published)]
    every += [round(past.lower), round(past.upper)] if past else []
    step_fen = _step(max(every) - min(every) or max(every))
    low, high = min(every) // step_fen * step_fen, -(-max(every) // step_fen) * step_fen
    step, top = 42, 26 if past else 6
    foot = top + step * len(rows)
    parts = [_begun(foot + 26, title)]
    if past:
        parts.append(_band(past.lower, past.upper, low, high, top - 4, foot - top + 4))
        parts.append(_median(past.median, low, high, top - 4, foot, _("历史成交中位 %(price)s")))
    for index, (name, price, published) in enumerate(rows):
        y, at, of = top + step * index + 30, _across(price, low, high), _across(published, low, high)
        parts.append(
            Markup(
                '<text x="3%" y="{}">{}</text><line class="span" x1="{}" x2="{}" y1="{}" y2="{}"/>'
                '<line class="tick" x1="{}" x2="{}" y1="{}" y2="{}"/><circle class="dot" cx="{}" '
                'cy="{}" r="6"><title>{}</title></circle>'
            ).format(y - 12, name, at, of, y, y, of, of, y - 8, y + 8, at, y, show(price))
        )
    parts.append(_rule("3%", "97%", foot + 4))
    for fen in range(low, high + 1, step_fen):
        x = _across(fen, low, high)
        parts.append(
            Markup('<line class="tick" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(x, x, foot, foot + 4)
        )
    parts.append(_ends(low, high, foot + 20))
    return Markup("").join([*parts, Markup("</svg>")])


def _band(least: float, most: float, low: float, high: float, top: int, height: int) -> Markup:
    """What lies between two values, behind all else."""
    width = max(0.3, 94 * (most - least) / max(1, high - low))
    return Markup('<rect class="band" x="{}" y="{}" width="{:.2f}%" height="{}"/>').format(
        _across(least, low, high), top, width, height
    )


def _median(value: float, low: float, high: float, top: int, foot: int, said: str) -> Markup:
    """A value in fen as a line across, with what it is above it."""
    x = _across(value, low, high)
    return Markup(
        '<line class="median" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="14" text-anchor="{}">{}</text>'
    ).format(x, x, top, foot, x, _anchor(value, low, high), said % {"price": show(round(value))})


def _ends(low: int, high: int, y: int) -> Markup:
    """The two ends of an axis in fen; what stands between has its figure elsewhere."""
    return Markup(
        '<text class="weak" x="3%" y="{}">{}</text>'
        '<text class="weak" x="97%" y="{}" text-anchor="end">{}</text>'
    ).format(y, show(low), y, show(high))


def _rule(left: str, right: str, y: float) -> Markup:
    return Markup('<line class="rule" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(left, right, y, y)


def _step(width: int) -> int:
    """A round distance, in fen, by which an axis of this width has three to five marks with a figure."""
    size = 10 ** max(0, len(str(width)) - 1)
    return next(step for step in (size // 2, size, size * 2, size * 5) if step * 4 >= width) or 1


def spread(prices: Sequence[tuple[str, int]], band: Sequence[int] | None, title: str) -> Markup:
    """Prices in fen as dots on one line, the middle one marked.

    Behind them stands the band a standard allows.
    """
    values = sorted(price for _name, price in prices)
    low, high = min([*values, *(band or [])]), max([*values, *(band or [])])
    parts = [_begun(92, title)]
    if band:
        parts.append(_band(band[0], band[1], low, high, 22, 38))
    parts.append(_rule("3%", "97%", 60))
    parts += [
        Markup('<circle class="dot faint" cx="{}" cy="42" r="6"><title>{} {}</title></circle>').format(
            _across(price, low, high), name, show(price)
        )
        for name, price in prices
    ]
    parts.append(_median(values[len(values) // 2], low, high, 22, 60, _("中位数 %(price)s")))
    parts.append(_ends(low, high, 80))
    return Markup("").join([*parts, Markup("</svg>")])


def lines(
    labels: Sequence[str],
    series: Sequence[tuple[str, str, Sequence[float | None]]],
    title: str,
    unit: str = "%",
    places: Sequence[float] = (),
) -> Markup:
    """Shares from 0 to 1 over time: (name, class, values), a point a label; told in hundredths with a unit.

    Nothing is drawn where there is no value. `places` says where each point stands between the first (0) and
    the last (1); evenly unless given.
    """
    top, foot, last = 26, 150, max(1, len(labels) - 1)

    def x(index: int) -> str:
        return f"{11 + 84 * (places[index] if places else index / last):.2f}%"

    def y(share: float) -> float:
        return round(foot - (foot - top) * share, 1)

    parts = [_begun(182, title)]
    for tick in (0.0, 0.5, 1.0):
        parts.append(_rule("11%", "95%", y(tick)))
        parts.append(
            Markup('<text class="weak" x="9.5%" y="{}" text-anchor="end">{}{}</text>').format(
                y(tick) + 4, round(tick * 100), unit
            )
        )
    for index, label in enumerate(labels):
        parts.append(
            Markup('<text class="weak" x="{}" y="172" text-anchor="{}">{}</text>').format(
                x(index), "end" if places and places[index] > 0.9 else "middle", label
            )
        )
    for place, (name, css, values) in enumerate(series):
        known = [(index, share) for index, share in enumerate(values) if share is not None]
        for (before, from_share), (index, share) in pairwise(known):
            parts.append(
                Markup('<line class="line {}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
                    css, x(before), y(from_share), x(index), y(share)
                )
            )
        for index, share in known:
            parts.append(
                Markup(
                    '<circle class="mark {}" cx="{}" cy="{}" r="4"><title>{} {}{}</title></circle>'
                ).format(css, x(index), y(share), name, round(share * 100), unit)
            )
        parts.append(
            Markup(
                '<rect class="mark {}" x="{}%" y="4" width="14" height="4"/>'
                '<text x="{}%" dx="20" y="12">{}</text>'
            ).format(css, 11 + place * 42, 11 + place * 42, name)
        )
    return Markup("").join([*parts, Markup("</svg>")])
