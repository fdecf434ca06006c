"""The published results: results.json keeps every sample of every bench; the page and its plots are drawn from it."""

from pathlib import Path
from typing import Final

import msgspec

from harness.plot import svg
from harness.results import Results
from harness.table import markdown_report

ROOT: Final = Path(__file__).resolve().parents[2]
PUBLISHED: Final = ROOT / "bench" / "results.json"
PAGE: Final = ROOT / "docs" / "benchmarks.md"
PLOTS: Final = ROOT / "docs" / "bench"

HEAD: Final = """# Benchmarks

Made by `make bench`, which writes this page, its plots and every sample in `bench/results.json`; what it does and why
stands in [bench](../bench/README.md). A figure is the median of its rounds, with the least and the most beside it; the
column "ptscan is" says how many times as good ptscan's median is, so what is below 1 is what a rival does better.
Everything ran on one machine, so read the ratios; the absolute figures are that machine's.
"""


def save(results: Results, path: Path) -> None:
    """Put ``results`` among those of the other benches in ``path``."""
    known = load(path)
    known[results.bench.name] = results
    path.write_bytes(msgspec.json.format(msgspec.json.encode(known), indent=1) + b"\n")


def load(path: Path) -> dict[str, Results]:
    """The results in ``path`` by bench; none where there is no such file."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Results]) if path.exists() else {}


def publish(known: dict[str, Results], order: list[str], *, preface: str) -> None:
    """Write the page and the plots, ``preface`` before the benches, which stand in ``order``."""
    PLOTS.mkdir(exist_ok=True)
    benches = [known[name] for name in order if name in known]
    for results in benches:
        if results.is_plotted:
            (PLOTS / f"{results.bench.name}.svg").write_text(svg(results), encoding="utf-8")
    page = "\n".join([HEAD, preface, *(markdown_report(results) for results in benches)])
    PAGE.write_text(page.rstrip() + "\n", encoding="utf-8")
