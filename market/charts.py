"""Small drawings in SVG, without inline styles, which the content policy forbids; colours are classes of gongxin.css."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from models import money


def bars(pairs: Sequence[tuple[str, int, str]], title: str) -> Markup:
    """A bar chart: (label, count, class) from left to right, each bar with its figure."""
    most, width, gap, tall = max((count for _, count, _ in pairs), default=0) or 1, 46 if len(pairs) < 8 else 22, 10, 120
    parts = [Markup('<svg class="chart" role="img" viewBox="0 0 {} 170" width="{}"><title>{}</title>').format(
        len(pairs) * (width + gap), len(pairs) * (width + gap), title
    )]  # fmt: skip
    for index, (label, count, css) in enumerate(pairs):
        height, x = round(tall * count / most), index * (width + gap)
        parts.append(
            Markup(
                '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="3"/>'
                '<text x="{}" y="{}" text-anchor="middle">{}</text><text class="weak" x="{}" y="162" text-anchor="middle">{}</text>'
            ).format(css, x, 20 + tall - height, width, height, x + width / 2, 14 + tall - height, count, x + width / 2, label)
        )
    return Markup("").join([*parts, Markup("</svg>")])


def offers(rows: Sequence[tuple[str, int, int]], title: str) -> Markup:
    """Each offer (name, price, published price, in fen) as a dot on one scale, a tick where its published price is."""
    low, high = min(price for _, price, _ in rows), max(max(p, top) for _, p, top in rows)
    margin = max((high - low) // 8, high // 100, 1)
    low, high = max(0, low - margin), high + margin
    left, right, step = 190, 640, 30

    def x(fen: int) -> int:
        return left + round((right - left) * (fen - low) / (high - low))

    height = step * len(rows) + 34
    parts = [Markup('<svg class="chart" role="img" viewBox="0 0 660 {}" width="660"><title>{}</title>').format(height, title)]
    for index, (name, price, top) in enumerate(rows):
        y = step * index + 18
        parts.append(
            Markup(
                '<text x="{}" y="{}" text-anchor="end">{}</text><line class="span" x1="{}" x2="{}" y1="{}" y2="{}"/>'
                '<line class="tick" x1="{}" x2="{}" y1="{}" y2="{}"/><circle class="dot" cx="{}" cy="{}" r="6"/>'
            ).format(left - 14, y + 4, escape(name[:14]), x(price), x(top), y, y, x(top), x(top), y - 8, y + 8, x(price), y)
        )
    parts.append(Markup('<line class="rule" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(left, right, height - 22, height - 22))
    for fen, anchor in ((low, "start"), ((low + high) // 2, "middle"), (high, "end")):
        tick = Markup('<text class="weak" x="{}" y="{}" text-anchor="{}">{}</text>')
        parts.append(tick.format(x(fen), height - 6, anchor, money.show(fen // 100_00 * 100_00).removesuffix(".00")))
    return Markup("").join([*parts, Markup("</svg>")])
