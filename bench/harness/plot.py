"""Results as one plain SVG: a panel for each case, a row for each contestant, readable on light and on dark pages."""

import math
from collections.abc import Iterator
from html import escape
from typing import Final, NamedTuple

from harness.results import Case, Entry, Results
from harness.table import named, shown

WIDTH: Final = 800
LABELS: Final = 250  # what the names take at the left
FIGURES: Final = 120  # what the figures take at the right
ROW: Final = 20
HEAD: Final = 46  # the title of a panel and its axis
WIDE: Final = 20.0  # from this ratio of largest to smallest on, a linear axis would hide the small ones

# One colour for us and one for the others, both at least 4.5:1 against white and against a dark page.
STYLE: Final = (
    "text{font:12px ui-sans-serif,system-ui,sans-serif;fill:#3b434d}.t{font-weight:600;font-size:13px}"
    ".a{font-size:10px;fill:#68727d}.g{stroke:#d5dae0}.o{fill:#0a7d55;stroke:#0a7d55}.r{fill:#68727d;stroke:#68727d}"
    "@media(prefers-color-scheme:dark){text{fill:#d3d9e0}.a{fill:#929ca8}.g{stroke:#3a424c}"
    ".o{fill:#3fb984;stroke:#3fb984}.r{fill:#929ca8;stroke:#929ca8}}"
)


class Axis(NamedTuple):
    """A scale from ``low`` to ``high``, logarithmic or linear."""

    low: float
    high: float
    logarithmic: bool

    def at(self, value: float) -> float:
        """Where ``value`` stands, in units of the drawing."""
        if self.logarithmic:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return LABELS + share * (WIDTH - LABELS - FIGURES)

    def ticks(self) -> list[float]:
        """Round values on it."""
        if self.logarithmic:
            first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
            return [10.0**power for power in range(first, last + 1) if self.low <= 10.0**power <= self.high]
        step = _round_step(self.high / 5)
        return [step * count for count in range(int(self.high / step + 1e-9) + 1)]


def svg(results: Results) -> str:
    """Draw the plotted cases of a bench."""
    parts: list[str] = []
    top = 8.0
    for case in results.bench.cases:
        entries = [entry for entry in results.entries if results.values(case, entry)]
        if case.plotted and entries:
            entries.sort(key=lambda entry: results.median(case, entry) or 0.0, reverse=case.better == "more")
            parts += _panel(results, case, entries, top)
            top += HEAD + ROW * len(entries) + 14
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:.0f}" width="{WIDTH}" role="img">'
    title = f"<title>{escape(results.bench.title)}</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", *parts, "</svg>", ""])


def axis_for(values: list[float], unit: str) -> Axis:
    """A scale that shows all of ``values``: shares from nothing to all, wide ranges in powers of ten."""
    if unit == "%":
        return Axis(0.0, 1.0, logarithmic=False)
    positive = [value for value in values if value > 0]
    if positive and max(positive) / min(positive) >= WIDE:
        return Axis(10 ** math.floor(math.log10(min(positive))), max(positive) * 1.1, logarithmic=True)
    return Axis(0.0, max(values) * 1.05 or 1.0, logarithmic=False)


def _panel(results: Results, case: Case, entries: list[Entry], top: float) -> Iterator[str]:
    axis = axis_for([value for entry in entries for value in results.values(case, entry)], case.unit)
    bottom = top + HEAD + ROW * len(entries)
    how = f"{'' if case.unit == '%' else case.unit + ', '}{case.better} is better"
    how += ", powers of ten" if axis.logarithmic else ""
    yield f'<text class="t" x="0" y="{top + 14:.0f}">{escape(case.name)}</text>'
    yield f'<text class="a" x="0" y="{top + 30:.0f}">{escape(how)}</text>'
    for tick in axis.ticks():
        x = axis.at(tick)
        yield f'<path class="g" d="M{x:.1f} {top + HEAD - 8:.0f}V{bottom:.0f}"/>'
        label = f"{tick:.0%}" if case.unit == "%" else f"{tick:,g}"
        yield f'<text class="a" x="{x:.1f}" y="{top + HEAD - 12:.0f}" text-anchor="middle">{label}</text>'
    for place, entry in enumerate(entries):
        yield from _row(results, case, entry, (axis, top + HEAD + ROW * place + ROW / 2))


def _row(results: Results, case: Case, entry: Entry, where: tuple[Axis, float]) -> Iterator[str]:
    """A bar from zero where the axis has a zero, a dot where it has none; a thin line from the least to the most."""
    axis, y = where
    values = [max(value, axis.low) for value in results.values(case, entry)]
    median = max(results.median(case, entry) or 0.0, axis.low)
    look = "o" if entry.name.startswith(results.bench.ours) else "r"
    yield f'<text x="{LABELS - 10}" y="{y + 4:.1f}" text-anchor="end">{escape(named(entry))}</text>'
    x, begin = axis.at(median), axis.at(axis.low)
    if axis.logarithmic:
        yield f'<circle class="{look}" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
    else:
        yield f'<rect class="{look}" x="{begin:.1f}" y="{y - 6:.1f}" width="{max(x - begin, 0.5):.1f}" height="12"/>'
    if len(values) > 1:
        spread = f"M{axis.at(min(values)):.1f} {y:.1f}H{axis.at(max(values)):.1f}"
        yield f'<path class="{look}" stroke-width="1.5" d="{spread}"/>'
    text = shown(results.median(case, entry), case.unit)
    yield f'<text x="{WIDTH - FIGURES + 12}" y="{y + 4:.1f}">{escape(text)}</text>'


def _round_step(step: float) -> float:
    """The next larger of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * times for times in (1, 2, 5, 10) if power * times >= step)
