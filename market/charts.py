"""Small drawings in SVG, without inline styles, which the content policy forbids.

Colours are classes of gongxin.css.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from markupsafe import Markup, escape

from models.money import show
from models.sourcing.comparison import Quartiles


def _begun(width: int, height: int, title: str, urls: Sequence[str]) -> Markup:
    """The beginning of a chart: a picture, or where its figures are links a group of them."""
    return Markup(
        '<svg class="chart" role="{}" aria-label="{}" viewBox="0 0 {} {}" width="{}"><title>{}</title>'
    ).format("group" if urls else "img", title, width, height, width, title)


def _leading(drawn: Markup, count: int, urls: Sequence[str], index: int) -> Markup:
    """One figure of a chart as the link to what it counts; as it is where it counts nothing."""
    return Markup('<a href="{}">{}</a>').format(urls[index], drawn) if urls and count else drawn


def bars(pairs: Sequence[tuple[str, int, str]], title: str, urls: Sequence[str] = ()) -> Markup:
    """A bar chart: (label, count, class) from left to right, each bar with its figure.

    `urls`, if any, are where the figures lead, in the same order.
    """
    most, width, gap, tall = (
        max((count for _label, count, _css in pairs), default=0) or 1,
        46 if len(pairs) < 8 else 22,
        10,
        120,
    )
    parts = [_begun(len(pairs) * (width + gap), 170, title, urls)]
    for index, (label, count, css) in enumerate(pairs):
        height, x = round(tall * count / most), index * (width + gap)
        drawn = Markup(
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="3"/>'
            '<text x="{}" y="{}" text-anchor="middle">{}</text><text class="weak" x="{}" '
            'y="162" text-anchor="middle">{}</text>'
        ).format(
            css,
            x,
            20 + tall - height,
            width,
            height,
            x + width / 2,
            14 + tall - height,
            f"{count:,}",
            x + width / 2,
            label,
        )
        parts.append(_leading(drawn, count, urls, index))
    return Markup("").join([*parts, Markup("</svg>")])


def rows(pairs: Sequence[tuple[str, int]], title: str, urls: Sequence[str] = ()) -> Markup:
    """A bar chart whose labels are long: a line each, (label, count), the bar with its figure behind.

    `urls`, if any, are where the figures lead, in the same order.
    """
    most, step = max((count for _label, count in pairs), default=0) or 1, 26
    left = max([200, *(_wide(label) + 10 for label, _count in pairs)])
    parts = [_begun(left + 460, step * len(pairs) + 6, title, urls)]
    for index, (label, count) in enumerate(pairs):
        y, width = step * index + 4, round(400 * count / most)
        drawn = Markup(
            '<text x="{}" y="{}" text-anchor="end">{}</text><rect class="bar-plain" x="{}" '
            'y="{}" width="{}" height="16" rx="3"/>'
            '<text x="{}" y="{}">{}</text>'
        ).format(left - 10, y + 13, label, left, y, width, left + width + 8, y + 13, f"{count:,}")
        parts.append(_leading(drawn, count, urls, index))
    return Markup("").join([*parts, Markup("</svg>")])


def _wide(label: str) -> int:
    """About how many units of a chart a label takes."""
    return sum(14 if letter > "\u2e7f" else 8 for letter in label)


def offers(rows: Sequence[tuple[str, int, int]], past: Quartiles | None, title: str) -> Markup:
    """Each offer as a dot at its price, with a tick at what its agency publishes for this job.

    Offers are (name, price, published price), in fen. Behind them stand the middle half and the median of
    past awards for jobs of about this size, in fen too.
    """
    every = [fen for _name, price, published in rows for fen in (price, published)]
    every += [round(past.lower), round(past.upper)] if past else []
    step_fen = _step(max(every) - min(every) or max(every))
    low, high = min(every) // step_fen * step_fen, -(-max(every) // step_fen) * step_fen
    left, right, step, top = 210, 620, 30, 26 if past else 6
    foot = top + step * len(rows)

    def x(fen: float) -> int:
        return left + round((right - left) * (fen - low) / max(1, high - low))

    parts = [
        Markup('<svg class="chart" role="img" viewBox="0 0 660 {}" width="660"><title>{}</title>').format(
            foot + 26, title
        )
    ]
    if past:
        parts.append(
            Markup(
                '<rect class="band" x="{}" y="{}" width="{}" height="{}"/><line class="median" '
                'x1="{}" x2="{}" y1="{}" y2="{}"/>'
                '<text x="{}" y="14" text-anchor="middle">{}</text>'
            ).format(
                x(past.lower),
                top - 4,
                max(2, x(past.upper) - x(past.lower)),
                foot - top + 4,
                x(past.median),
                x(past.median),
                top - 4,
                foot,
                min(max(x(past.median), 90), 560),
                _("历史成交中位 %(price)s", price=show(round(past.median))),
            )
        )
    for index, (name, price, published) in enumerate(rows):
        y = top + step * index + 16
        parts.append(
            Markup(
                '<text x="{}" y="{}" text-anchor="end">{}</text><line class="span" x1="{}" '
                'x2="{}" y1="{}" y2="{}"/>'
                '<line class="tick" x1="{}" x2="{}" y1="{}" y2="{}"/><circle class="dot" cx="{}" '
                'cy="{}" r="6"><title>{}</title></circle>'
            ).format(
                left - 14,
                y + 4,
                escape(name[:15]),
                x(price),
                x(published),
                y,
                y,
                x(published),
                x(published),
                y - 8,
                y + 8,
                x(price),
                y,
                show(price),
            )
        )
    parts.append(
        Markup('<line class="rule" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(left, right, foot + 4, foot + 4)
    )
    for fen in range(low, high + 1, step_fen):
        parts.append(
            Markup('<text class="weak" x="{}" y="{}" text-anchor="middle">{}</text>').format(
                x(fen), foot + 20, show(fen).removesuffix(".00")
            )
        )
    return Markup("").join([*parts, Markup("</svg>")])


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
    left, right, middle = 20, 640, values[len(values) // 2]

    def x(price: int) -> int:
        return left + round((right - left) * (price - low) / max(1, high - low))

    parts = [
        Markup('<svg class="chart" role="img" viewBox="0 0 660 92" width="660"><title>{}</title>').format(
            title
        )
    ]
    if band:
        parts.append(
            Markup('<rect class="band" x="{}" y="22" width="{}" height="38"/>').format(
                x(band[0]), max(2, x(band[1]) - x(band[0]))
            )
        )
    parts.append(Markup('<line class="rule" x1="{}" x2="{}" y1="60" y2="60"/>').format(left, right))
    parts += [
        Markup('<circle class="dot faint" cx="{}" cy="42" r="6"><title>{} {}</title></circle>').format(
            x(p), n, show(p)
        )
        for n, p in prices
    ]
    parts.append(
        Markup(
            '<line class="median" x1="{}" x2="{}" y1="22" y2="60"/><text x="{}" y="14" '
            'text-anchor="middle">{}</text>'
            '<text class="weak" x="{}" y="80">{}</text><text class="weak" x="{}" y="80" '
            'text-anchor="end">{}</text>'
        ).format(
            x(middle),
            x(middle),
            min(max(x(middle), 90), 570),
            _("中位数 %(price)s", price=show(middle)),
            left,
            show(low),
            right,
            show(high),
        )
    )
    return Markup("").join([*parts, Markup("</svg>")])


def lines(
    labels: Sequence[str], series: Sequence[tuple[str, str, Sequence[float | None]]], title: str
) -> Markup:
    """Shares from 0 to 1 over time: (name, class, values), a point a label.

    Nothing is drawn where there is no value.
    """
    left, right, top, foot = 40, 640, 26, 150

    def point(index: int, share: float) -> tuple[int, int]:
        return left + round((right - left) * index / max(1, len(labels) - 1)), foot - round(
            (foot - top) * share
        )

    parts = [
        Markup('<svg class="chart" role="img" viewBox="0 0 680 182" width="680"><title>{}</title>').format(
            title
        )
    ]
    for tick in (0.0, 0.5, 1.0):
        y = point(0, tick)[1]
        parts.append(
            Markup(
                '<line class="rule" x1="{}" x2="{}" y1="{}" y2="{}"/><text class="weak" x="34" '
                'y="{}" text-anchor="end">{}%</text>'
            ).format(left, right, y, y, y + 4, round(tick * 100))
        )
    for index, label in enumerate(labels):
        parts.append(
            Markup('<text class="weak" x="{}" y="172" text-anchor="middle">{}</text>').format(
                point(index, 0)[0], label
            )
        )
    for place, (name, css, values) in enumerate(series):
        known = [(point(index, share), share) for index, share in enumerate(values) if share is not None]
        path = " ".join(f"{x},{y}" for (x, y), _share in known)
        parts.append(Markup('<polyline class="line {}" points="{}"/>').format(css, path))
        for (x, y), share in known:
            parts.append(
                Markup('<circle class="mark {}" cx="{}" cy="{}" r="4"><title>{} {}%</title></circle>').format(
                    css, x, y, name, round(share * 100)
                )
            )
        parts.append(
            Markup(
                '<rect class="mark {}" x="{}" y="4" width="14" height="4"/><text x="{}" y="12">{}</text>'
            ).format(css, left + place * 170, left + 20 + place * 170, name)
        )
    return Markup("").join([*parts, Markup("</svg>")])
