"""Supplies joined with what a vendor tells of them: nothing is told twice, nothing is laid to the wrong cartridge."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec import INTEGER, Varbind, parse_oid
from proto_schema import Identity, Supply
from ptscan.printer.evidence import Ledger
from ptscan.printer.facts import Facts
from ptscan.printer.joining import mark_coarse, merge_supplies
from ptscan.profiles import Fact, ProfileSet

RAW: Varbind = (parse_oid("1.3.6.1.4.1.99999.1"), INTEGER, 1)
Value = str | float | bytes
Merge = Callable[..., list[Supply]]


def fact_of(name: str, value: Value) -> Fact:
    return Fact(
        field=f"supplies.{name}", value=value, raw=RAW, profile="vendor", rule="vendor's table", confidence="high",
        source="a MIB", prefer="own",
    )  # fmt: skip


@pytest.fixture
def merge(ledger: Ledger) -> Merge:
    """Join rows with facts given as ``{"toner:black.percent": 40.0}``."""

    def merge(rows: list[Supply], told: dict[str, Value]) -> list[Supply]:
        facts: Facts = {f"supplies.{name}": [fact_of(name, value)] for name, value in told.items()}
        return merge_supplies(rows, facts, None, ledger)

    return merge


def row(index: str, kind: str | None, color: str | None = None, **more: Value) -> Supply:
    return Supply(index=index, kind=kind, color=color, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["toner", "toner-cartridge", "ink", "ink-cartridge", "unknown", None])
@pytest.mark.parametrize("told", ["toner", "ink-cartridge", "colorant"])
def test_toner_and_ink_are_joined_by_colour_whatever_either_calls_them(
    merge: Merge, kind: str | None, told: str
) -> None:
    rows = merge([row("1.1", kind, "black", state="some"), row("1.2", kind, "cyan")], {f"{told}:black.percent": 40.0})
    assert [(supply.index, supply.percent, supply.state) for supply in rows] == [
        ("1.1", 40.0, "ok"),
        ("1.2", None, "unknown"),
    ]


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ("Waste Toner Box", "other", "waste-toner:"),
        ("Transfer Roller", "other", "transfer-unit:"),
        ("Black Imaging Unit (OPC Unit)", "toner", "opc:"),
        ("Resttonerbehälter", None, "waste-toner:"),
        ("Fuser", "fuser", "fuser:"),
    ],
)
def test_a_row_is_found_by_its_words_where_its_type_says_little(
    merge: Merge, text: str, kind: str | None, told: str
) -> None:
    rows = merge([row("1.1", "toner", "black"), row("1.2", kind, description=text)], {f"{told}.percent": 40.0})
    assert [supply.percent for supply in rows] == [None, 40.0]


def test_the_only_toner_of_one_table_is_the_only_toner_of_the_other(merge: Merge, ledger: Ledger) -> None:
    told: dict[str, Value] = {"colorant:black.percent": 80.0, "toner:black.serial": "AB1234"}
    rows = merge([row("1.1", "toner", percent=89.0, state="ok")], told)
    assert [(supply.index, supply.color, supply.serial) for supply in rows] == [("1.1", "black", "AB1234")]
    assert ledger["supplies.1.1.color"].profile == "vendor"


def test_one_drum_in_the_standard_table_and_four_at_the_vendors_are_not_joined(merge: Merge) -> None:
    rows = merge([row("1.1", "opc")], {"opc:black.percent": 10.0, "opc:cyan.percent": 90.0})
    assert [(supply.index, supply.percent) for supply in rows] == [
        ("1.1", None),
        ("opc:black", 10.0),
        ("opc:cyan", 90.0),
    ]


def test_a_serial_finds_its_cartridge_among_two(merge: Merge, ledger: Ledger) -> None:
    two = [row("1.1", "toner", "black", serial="AB1111"), row("1.2", "toner", "black", serial="AB2222")]
    rows = merge(two, {"toner:black.serial": "AB2222", "toner:black.percent": 40.0})
    assert [supply.percent for supply in rows] == [None, 40.0]
    assert not ledger.problems


def test_one_description_is_one_supply_whatever_kind_either_calls_it(merge: Merge, ledger: Ledger) -> None:
    standard = [row("1.1", "fuser", description="Maintenance Kit"), row("1.2", "other", description="ADF Roller")]
    rows = merge(standard, {"other:.description": "Maintenance Kit", "other:.percent": 40.0})
    assert [(supply.kind, supply.percent) for supply in rows] == [("fuser", 40.0), ("other", None)]
    assert not ledger.problems


def test_a_supply_that_only_the_vendor_has_bears_the_part_number_of_its_name(merge: Merge, ledger: Ledger) -> None:
    rows = merge([], {"waste-ink:.percent": 59.0, "waste-ink:.description": b"Maintenance Box T6714"})
    assert [(supply.index, supply.part_number, supply.percent) for supply in rows] == [("waste-ink", "T6714", 59.0)]
    assert ledger["supplies.waste-ink.part_number"].profile == "vendor"


def test_what_fits_two_cartridges_fits_none_and_is_said(merge: Merge, ledger: Ledger) -> None:
    rows = [row("1.1", "toner", "black"), row("1.2", "toner", "black")]
    assert merge(rows, {"toner:black.percent": 40.0, "toner:black.serial": "AB1234"}) == rows
    assert [problem.code for problem in ledger.problems] == ["supply-ambiguous"]


def test_two_names_of_a_supply_that_only_the_vendor_has_make_one_row(merge: Merge) -> None:
    rows = merge([], {"colorant:black.percent": 40.0, "toner:black.serial": "AB1234", "fuser:.percent": 5.0})
    assert [(supply.index, supply.kind, supply.serial, supply.state) for supply in rows] == [
        ("colorant:black", "toner", "AB1234", "ok"),
        ("fuser", "fuser", None, "low"),
    ]


def test_a_vendors_own_number_and_serial_outdo_those_in_a_text_and_the_text_is_kept(merge: Merge) -> None:
    standard = row("1.1", "toner", "black", description="Black Toner PN 12345", part_number="12345", serial="AB1111")
    told = {"part_number": b"54321", "serial": b"AB2222", "description": b"Toner", "percent": 40.0}
    rows = merge([standard], {f"toner:black.{field}": value for field, value in told.items()})
    assert [(s.part_number, s.serial, s.description, s.percent) for s in rows] == [
        ("54321", "AB2222", "Black Toner PN 12345", 40.0)
    ]


@pytest.mark.parametrize("field", ["serial", "part_number"])
@pytest.mark.parametrize("value", [b"00000000", b"unknown", b"N/A", b"-", b"CRUM-00000000000"])
def test_what_stands_for_no_number_is_none(merge: Merge, field: str, value: bytes) -> None:
    standard = row("1.1", "toner", "black", serial="AB1111", part_number="PN12345")
    assert merge([standard], {f"toner:black.{field}": value}) == [standard]


@pytest.mark.parametrize(
    ("before", "told", "percent", "state"),
    [
        ({"state": "some"}, {"percent": 5.0}, 5.0, "low"),
        ({"state": "some"}, {"state": "low"}, None, "low"),
        ({"state": "some"}, {"percent": 40.0, "state": "low"}, 40.0, "low"),
        ({"state": "ok", "percent": 40.0}, {"percent": 5.0, "state": "low"}, 40.0, "ok"),
        ({"state": "low"}, {"percent": 20.0}, 20.0, "low"),  # a vendor's code in the standard table: nearly empty
    ],
)
def test_what_the_standard_table_tells_stands_and_the_vendor_fills_what_it_leaves_open(
    merge: Merge, before: dict[str, Value], told: dict[str, Value], percent: float | None, state: str
) -> None:
    rows = merge(
        [row("1.1", "toner", "black", **before)], {f"toner:black.{name}": value for name, value in told.items()}
    )
    assert [(supply.percent, supply.state) for supply in rows] == [(percent, state)]


@pytest.mark.parametrize(
    ("levels", "coarse"),
    [((100, 0), True), ((100, 70), False), ((None, 100), True), ((None, None), False)],
)
def test_problem_18_the_toners_of_a_model_with_few_steps_are_marked_unless_a_level_proves_more(
    profiles: ProfileSet, ledger: Ledger, levels: tuple[int | None, ...], coarse: bool
) -> None:
    canon = next(profile for profile in profiles.profiles if profile.name == "canon")
    rows = [Supply(index=f"1.{n}", kind="toner", level=level) for n, level in enumerate(levels, 1)]
    drum = Supply(index="1.9", kind="opc", level=55)
    marked = mark_coarse([*rows, drum], Identity(manufacturer="Canon", model="LBP6670"), [canon], ledger)
    assert [row.coarse for row in marked] == [coarse and level is not None for level in (*levels, None)]
    assert [problem.code for problem in ledger.problems] == ["coarse-levels"] * coarse


def test_problem_18_a_vendors_percentages_come_in_steps_as_well(profiles: ProfileSet, ledger: Ledger) -> None:
    canon = next(profile for profile in profiles.profiles if profile.name == "canon")
    rows = [Supply(index="1.1", kind="toner", percent=100.0), Supply(index="1.2", kind="toner", state="some")]
    marked = mark_coarse(rows, Identity(model="LBP6670"), [canon], ledger)
    assert [row.coarse for row in marked] == [True, False]


kinds = st.sampled_from(["toner", "toner-cartridge", "ink", "opc", "waste-toner", "other", "unknown", None])
colors = st.sampled_from(["black", "cyan", None])
rows = st.builds(
    Supply, index=st.just(""), kind=kinds, color=colors, serial=st.sampled_from(["A1", None]),
    description=st.sampled_from(["Toner", "Drum", "Waste", "x", None]), percent=st.sampled_from([40.0, None]),
)  # fmt: skip
keys = st.tuples(
    st.sampled_from(["toner", "colorant", "ink", "opc", "waste-toner"]), st.sampled_from(["black", "cyan", ""])
)
values = st.sampled_from([("percent", 5.0), ("state", "low"), ("serial", "A1"), ("part_number", "P1")])


@given(st.lists(rows, max_size=6), st.dictionaries(st.tuples(keys, st.sampled_from(range(4))), values, max_size=8))
def test_whatever_a_vendor_tells_each_place_is_there_once_and_no_standard_row_is_lost(
    standard: list[Supply], told: dict[tuple[tuple[str, str], int], tuple[str, Value]]
) -> None:
    ledger = Ledger()
    standard = [msgspec.structs.replace(row, index=f"1.{n}") for n, row in enumerate(standard)]
    facts: Facts = {}
    for ((kind, color), _), (field, value) in told.items():
        facts.setdefault(f"supplies.{kind}:{color}.{field}", []).append(fact_of(f"{kind}:{color}.{field}", value))
    joined = merge_supplies(standard, facts, None, ledger)
    assert len({row.index for row in joined}) == len(joined)
    assert [row.index for row in joined[: len(standard)]] == [row.index for row in standard]
    assert [row.percent for row in joined if row.percent not in (5.0, 40.0, None)] == []
    assert {row.index for row in joined} - {row.index for row in standard} <= {
        item.path.removeprefix("supplies.") for item in ledger
    }
