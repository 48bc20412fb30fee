"""The histogram of the failover trials, as an SVG."""

from __future__ import annotations

import math
import time
from collections import Counter
from html import escape

from .report import WITHOUT_SERVER, groups, machine
from .trials import Sample

_WIDTH = 960
_LEFT = 240
_RIGHT = 30
_TOP = 92
_STRIP = 26
_GAP = 18
_LEAST, _MOST = 1.0, 10_000.0
"""The ends of the axis in milliseconds. What is beyond stands at the end."""
_PER_DECADE = 20
_AIM = 300.0

_STYLE = """\
.page { fill: #ffffff }
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.small { font-size: 11px; fill: #59636e }
.title { font-size: 16px; font-weight: 600 }
.grid { stroke: #d1d9e0 }
.aim { stroke: #1a7f37; stroke-dasharray: 4 3 }
.who0 { fill: #0969da } .who1 { fill: #1b7c83 } .who2 { fill: #bc4c00 } .who3 { fill: #8250df }
@media (prefers-color-scheme: dark) {
  .page { fill: #0d1117 }
  text { fill: #e6edf3 } .small { fill: #9198a1 } .grid { stroke: #3d444d } .aim { stroke: #3fb950 }
  .who0 { fill: #4493f8 } .who1 { fill: #39c5cf } .who2 { fill: #f0883e } .who3 { fill: #ab7df8 }
}"""


def histogram(samples: list[Sample]) -> str:
    """For each fault and contender a strip: how many trials left somebody, client or newcomer, without an answer for how
    long at worst. Each strip is as high as its fullest bin."""
    found = {key: figures for key, figures in groups(samples).items() if key[1] != WITHOUT_SERVER}
    contenders = list(dict.fromkeys(contender for _, contender in found))
    lines: list[str] = []
    y = _TOP
    last = ""
    for (fault, contender), figures in found.items():
        if fault != last:
            y += _GAP if last else 0
            lines.append(_text(12, y + 18, fault))
            last = fault
        lines += _strip(y, [one.worst for one in figures], contenders.index(contender))
        y += _STRIP
    height = y + 44
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"'
            ' aria-label="Histogram of failover times">',
            f"<style>{_STYLE}</style>",
            # A background of its own: the page around it need not be of the scheme that the viewer asks for.
            f'<rect class="page" width="{_WIDTH}" height="{height}"/>',
            _text(12, 24, "The longest time without an answer in each trial, for the client or a newcomer", 'class="title"'),
            _text(12, 44, f"{time.strftime('%-d %B %Y')}; {machine()}", 'class="small"'),
            *_legend(contenders),
            *_axis(y),
            *lines,
            "</svg>",
            "",
        ]
    )


def _strip(y: int, values: list[float], colour: int) -> list[str]:
    bins = Counter(_bin(value) for value in values)
    most = max(bins.values())
    width = _x(10 ** (1 / _PER_DECADE)) - _x(1) - 1
    base = y + _STRIP - 2
    bars = [f'<line class="grid" x1="{_LEFT}" y1="{base}" x2="{_WIDTH - _RIGHT}" y2="{base}"/>']
    for number, count in sorted(bins.items()):
        high = max(2.0, (_STRIP - 4) * count / most)
        left = _x(10 ** (number / _PER_DECADE))
        bars.append(
            f'<rect class="who{colour}" x="{left:.1f}" y="{base - high:.1f}" width="{width:.1f}"'
            f' height="{high:.1f}"><title>{count} of {len(values)}</title></rect>'
        )
    return bars


def _bin(value: float) -> int:
    decades = math.log10(min(max(value, _LEAST), _MOST * 0.999))
    return math.floor(decades * _PER_DECADE)


def _x(milliseconds: float) -> float:
    share = math.log10(milliseconds / _LEAST) / math.log10(_MOST / _LEAST)
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _axis(bottom: int) -> list[str]:
    lines = []
    for decade in range(round(math.log10(_MOST / _LEAST)) + 1):
        at = 10.0**decade * _LEAST
        lines.append(f'<line class="grid" x1="{_x(at):.1f}" y1="{_TOP - 8}" x2="{_x(at):.1f}" y2="{bottom + 4}"/>')
        label = f"{at:.0f} ms" if at < 1000 else f"{at / 1000:.0f} s"
        # The first bin holds also what is less, or nothing.
        label = f"{'≤ ' if decade == 0 else ''}{label}"
        lines.append(_text(_x(at), bottom + 20, label, 'class="small" text-anchor="middle"'))
    lines.append(f'<line class="aim" x1="{_x(_AIM):.1f}" y1="{_TOP - 8}" x2="{_x(_AIM):.1f}" y2="{bottom + 4}"/>')
    lines.append(_text(_x(_AIM), bottom + 34, "aim: 300 ms", 'class="small" text-anchor="middle"'))
    return lines


def _legend(contenders: list[str]) -> list[str]:
    lines = []
    x = _LEFT
    for number, contender in enumerate(contenders):
        lines.append(f'<rect class="who{number}" x="{x}" y="58" width="12" height="12"/>')
        lines.append(_text(x + 18, 69, contender))
        x += 48 + 7 * len(contender)
    return lines


def _text(x: float, y: float, content: str, attributes: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y}" {attributes}>{escape(content)}</text>'
