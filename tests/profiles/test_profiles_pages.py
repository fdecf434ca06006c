"""The vendors' pages: true to the profiles, whole, and Markdown that a table survives."""

from pathlib import Path

import pytest

from codec import format_oid
from ptscan.profiles import ProfileSet, describe, describe_all, load_profile

PAGES = Path(__file__).parents[2] / "docs" / "vendors"


def test_the_pages_are_those_of_the_profiles(profiles: ProfileSet) -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    assert written == describe_all(profiles.profiles), "mend: make docs"


def test_every_object_that_a_profile_asks_for_stands_on_its_page(profiles: ProfileSet) -> None:
    for profile in profiles.profiles:
        page = describe(profile)
        for rule in (*profile.scalars, *profile.records):
            assert format_oid(rule.oid) in page.replace("sysDescr", "1.3.6.1.2.1.1.1.0"), profile.name
        for table in profile.tables:
            assert format_oid(table.value) in page, profile.name
        for supply in profile.supplies:
            assert any(format_oid(column) in page for column in (supply.percent, supply.level) if column), profile.name


def test_every_row_of_a_table_has_its_columns(profiles: ProfileSet) -> None:
    for profile in profiles.profiles:
        for line in describe(profile).splitlines():
            if line.startswith("|"):
                assert line.replace("\\|", "").count("|") in (7, 6), f"{profile.name}: {line}"


@pytest.fixture
def page(tmp_path: Path) -> str:
    """The page of a made-up profile that uses what a profile can say."""
    path = tmp_path / "acme.toml"
    path.write_text(
        """
format = 1
name = "acme"
vendor = "Acme"
source = "a test | with a bar"
allow = ["1.3.6.1.4.1.99999.1"]
never_ask = ["1.3.6.1.4.1.99999.9"]
[match]
texts = ['^Acme (A|B)']
also = ["samsung"]
[[brands]]
pattern = '^Bcme'
name = "Bcme"
[[scalars]]
oid = "1.3.6.1.4.1.99999.1.1.0"
field = "identity.serial"
label = "acmeSerial"
only = 'X|Y'
[[tables]]
label = "1.3.6.1.4.1.99999.1.2.1"
value = "1.3.6.1.4.1.99999.1.2.2"
labels = { "Total" = "total", "Gesamt" = "total", "A|B" = "copy" }
[[tables]]
value = "1.3.6.1.4.1.99999.1.3"
index = { 101 = "print" }
names = { 101 = "Print 1" }
confidence = "medium"
[[sums]]
meter = "mono"
of = ["copy", "print?"]
[[checks]]
total = "total"
of = ["copy", "print?"]
tolerance = 0.02
[[fragile]]
pattern = 'A1'
source = "a thread"
[[coarse]]
pattern = 'A2'
levels = [0, 100]
source = "a thread"
[level_codes]
-100 = "low"
"""
    )
    return describe(load_profile(path))


@pytest.mark.parametrize(
    "line",
    [
        "# Acme",
        "- sysDescr like: `^Acme (A|B)`",
        "- names on the case: Bcme",
        "| `serial` | acmeSerial | `1.3.6.1.4.1.99999.1.1.0` | as it stands | high | only `X\\|Y` |",
        "| `total` | Total · Gesamt | `1.3.6.1.4.1.99999.1.2.2` | the label beside | high |  |",
        "| `copy` | A\\|B | `1.3.6.1.4.1.99999.1.2.2` | the label beside | high |  |",
        "| `print` | Print 1 | `1.3.6.1.4.1.99999.1.3.101` | the vendor's code in the index | medium |  |",
        "- `mono` is also the sum of `copy` + `print` (if told).",
        "- `copy` + `print` (if told) = `total`, within 2 %",
        "- -100 in prtMarkerSuppliesLevel means `low`",
        "- models like `A2` know the levels 0, 100 only (a thread): they are marked `coarse`",
        "- of its own objects, only below `1.3.6.1.4.1.99999.1`",
        "- never below `1.3.6.1.4.1.99999.9`",
        "- models like `A1` are asked for nothing of the vendor's: a thread",
    ],
)
def test_a_page_says_what_is_read_from_where_and_how_sure(page: str, line: str) -> None:
    assert line in page.splitlines()


def test_a_maker_behind_the_name_is_linked(page: str) -> None:
    assert "[samsung](samsung.md)" in page
