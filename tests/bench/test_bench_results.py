"""Samples become medians, ratios, tables and plots; nobody who is missing goes unnamed."""

import xml.etree.ElementTree as ElementTree

import msgspec
import pytest
from harness.plot import axis_for, svg
from harness.results import Bench, Case, Column, Entry, Results, Sample
from harness.rivals import blocks
from harness.table import markdown_report, shown, text_report

SECONDS = Case("a sweep", "s", beside=(Column("found", "%"),))
SPEED = Case("a walk", "rows/s", better="more")
OURS = Entry(
    "ptscan",
    "0.1",
    {
        "a sweep": [Sample(3.0, {"found": 1.0}), Sample(1.0, {"found": 1.0}), Sample(2.0, {"found": 0.998})],
        "a walk": [Sample(100.0)],
    },
)
THEIRS = Entry("other", "9", {"a sweep": [Sample(5.0, {"found": 0.5}, "a part of it")], "a walk": [Sample(200.0)]})
GONE = Entry("third", missing={"": "not installed (apt-get install third)"})


@pytest.fixture
def results() -> Results:
    bench = Bench("try", "A <try>", "What it is.", (SECONDS, SPEED))
    return Results(bench, "a machine", "today", [OURS, THEIRS, GONE], rounds=3, seconds=1.0)


def test_the_ratio_says_how_many_times_as_good_we_are(results: Results) -> None:
    assert results.median(SECONDS, OURS) == 2.0
    assert results.ratio(SECONDS, THEIRS) == 2.5  # we take two seconds, they five
    assert results.ratio(SPEED, THEIRS) == 0.5  # they do twice as much a second
    assert results.ratio(SECONDS, GONE) is None


def test_the_table_has_medians_spread_ratios_and_notes_and_names_who_is_missing(results: Results) -> None:
    text = text_report(results)
    cells = " ".join(text.split())
    assert "ptscan 0.1 2.00 1.00-3.00 100.00 % other 9 5.00 one sample 2.50 x 50.00 %" in cells
    assert "other, a sweep: a part of it" in text
    assert "third: not installed (apt-get install third)" in text


def test_the_better_one_stands_first(results: Results) -> None:
    text = text_report(results)
    sweep, walk = text.split("a walk (rows/s")
    assert sweep.index("ptscan 0.1") < sweep.index("other 9")
    assert walk.index("other 9") < walk.index("ptscan 0.1")


def test_many_cases_stand_in_one_table_with_the_contestants_as_columns(results: Results) -> None:
    results.bench = msgspec.structs.replace(results.bench, matrix=True)
    page = markdown_report(results)
    assert "|  | ptscan 0.1 | other 9 |" in page
    assert "| a walk (rows/s) | 100 (one sample) | 200 (one sample), 0.50 x |" in page


def test_the_plot_is_well_formed_and_has_a_row_for_each_who_took_part(results: Results) -> None:
    drawn = svg(results)
    root = ElementTree.fromstring(drawn)
    texts = ["".join(element.itertext()) for element in root.iter() if element.tag.endswith("text")]
    assert texts.count("ptscan 0.1") == texts.count("other 9") == 2
    assert "prefers-color-scheme:dark" in drawn


def test_an_axis_is_linear_from_zero_unless_the_figures_lie_far_apart() -> None:
    assert not axis_for([1.0, 5.0], "s").logarithmic
    assert axis_for([1.0, 5.0], "s").low == 0.0
    wide = axis_for([0.3, 400.0], "s")
    assert wide.logarithmic
    assert wide.ticks() == pytest.approx([0.1, 1.0, 10.0, 100.0])
    assert axis_for([0.05, 0.9999], "%")[:2] == (0.0, 1.0)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (12_345.6, "hosts/s", "12,346"),
        (345.6, "s", "346"),
        (45.67, "s", "45.7"),
        (1.234, "s", "1.23"),
        (0.01234, "µs", "0.0123"),
        (0.0, "s", "0.00"),
        (0.99936, "%", "99.94 %"),
        (None, "s", ""),
    ],
)
def test_figures_have_three_digits_and_shares_tell_99_9_from_99_99(value: float | None, unit: str, text: str) -> None:
    assert shown(value, unit) == text


def test_results_are_read_back_as_they_were_written(results: Results) -> None:
    assert msgspec.json.decode(msgspec.json.encode(results), type=Results) == results


def test_each_rival_is_installed_on_its_own_with_its_hashes() -> None:
    one, other = blocks(
        "# pinned\none==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nother==2 \\\n    --hash=sha256:cc\n"
    )
    assert one == "one==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
    assert other.startswith("other==2")
