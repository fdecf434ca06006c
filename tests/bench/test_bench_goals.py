"""The page says of each target what was seen of it, and nothing of what was not."""

import bench_sweep
import goals
import headline
from harness.results import Entry, Results, Sample

SPEED = Sample(2.0, {"found": 1.0, "probes/s": 150_000.0})


def known() -> dict[str, Results]:
    ours = Entry(
        "ptscan", samples={bench_sweep.ITSELF: [Sample(2.0)], bench_sweep.SPARSE: [SPEED], bench_sweep.WHOLE: [SPEED]}
    )
    limit = Entry("C limit", samples={bench_sweep.ITSELF: [Sample(1.9)]})
    return {"sweep": Results(bench_sweep.BENCH, "a machine", "today", [ours, limit])}


def rows(table: str) -> dict[str, list[str]]:
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]
    return {row[0]: row[1:] for row in cells}


def test_a_target_is_met_missed_or_not_measured() -> None:
    told = rows(goals.table(known()))
    assert told["sweep of a /16, all answer"] == ["at least 0.90 of C's speed", "0.95", "met"]
    assert told["sweep where 5 % answer, three rounds"][1:] == ["150,000", "**missed**"]
    assert told["encode a GET of 10"][1:] == ["", "not measured"]


def test_without_figures_nothing_is_claimed() -> None:
    assert {row[-1] for what, row in rows(goals.table({})).items() if what not in ("what", "---")} == {"not measured"}
    assert headline.headline({}).count("\n") == 1  # the header and its rule
