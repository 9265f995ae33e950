"""A bar chart as SVG, written by hand: one bar a lane, input and output stacked."""

from collections.abc import Mapping
from html import escape
from typing import Final

_WIDTH: Final = 640
_LEFT: Final = 80
_RIGHT: Final = 60
_BAR: Final = 34
_GAP: Final = 22
_TOP: Final = 64
_INPUT: Final = "#4f6bd8"
_OUTPUT: Final = "#e0873a"
_FONT: Final = 'font-family="sans-serif" font-size="14"'
_DASHED: Final = 'stroke="black" stroke-dasharray="4 3"'


def stacked_bars(title: str, rows: Mapping[str, tuple[int, int]], target: Mapping[str, int]) -> str:
    """The SVG of `rows`: name → tokens in and out; a mark stands at the `target` of those that have one."""
    most = max([*(sum(row) for row in rows.values()), *target.values(), 1])
    scale = (_WIDTH - _LEFT - _RIGHT) / most
    height = _TOP + len(rows) * (_BAR + _GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {_FONT} role="img">',
        f"<title>{escape(title)}</title>",
        _box(0, 0, _WIDTH, height, "white"),
        _text(_LEFT, 24, title, 'font-weight="bold"'),
        *(_box(_LEFT, 38, 12, 12, _INPUT), _text(_LEFT + 18, 49, "input")),
        *(_box(_LEFT + 80, 38, 12, 12, _OUTPUT), _text(_LEFT + 98, 49, "output")),
    ]
    for place, (name, (given, said)) in enumerate(rows.items()):
        top = _TOP + place * (_BAR + _GAP)
        between, end = _LEFT + given * scale, _LEFT + (given + said) * scale
        parts += [
            _text(_LEFT - 10, top + 22, name, 'text-anchor="end"'),
            _box(_LEFT, top, between - _LEFT, _BAR, _INPUT),
            _box(between, top, end - between, _BAR, _OUTPUT),
            _text(end + 8, top + 22, f"{given + said:,}"),
        ]
        if name in target:
            parts.append(_mark(_LEFT + target[name] * scale, top, f"target {target[name]:,}"))
    return "\n".join([*parts, "</svg>", ""])


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, said: str, attributes: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{escape(said)}</text>'


def _mark(x: float, top: float, said: str) -> str:
    line = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top - 4:.1f}" y2="{top + _BAR + 4:.1f}" {_DASHED}>'
    return f"{line}<title>{escape(said)}</title></line>"
