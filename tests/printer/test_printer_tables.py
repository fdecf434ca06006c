"""Trays, status, alerts and display by the rules of RFC 3805 and RFC 2790."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec import OCTET_STRING, parse_oid
from ptscan.printer import condition, macs, meters, plan, supplies, trays
from ptscan.printer.assemble import printer_row
from ptscan.printer.evidence import Ledger
from ptscan.printer.rows import MAX_ROWS, Columns

from .telling import Tell


def columns_of(told: Tell, rows: dict[str, int | str | bytes]) -> Columns:
    return Columns(told(rows).values(), plan.COLUMNS)


def test_trays_tell_what_they_hold_and_codes_stay_codes(told: Tell) -> None:
    rows = trays.read_trays(
        columns_of(
            told,
            {
                "43.8.2.1.9.1.1": 500, "43.8.2.1.10.1.1": 250, "43.8.2.1.12.1.1": "na-letter",
                "43.8.2.1.13.1.1": "Tray 1",
                "43.8.2.1.9.1.2": 500, "43.8.2.1.10.1.2": -3, "43.8.2.1.13.1.2": "", "43.8.2.1.18.1.2": "Lower",
                "43.8.2.1.9.1.3": -2, "43.8.2.1.10.1.3": -2,
                "43.8.2.1.9.1.4": 500, "43.8.2.1.10.1.4": 0,
                "43.8.2.1.9.1.5": 500, "43.8.2.1.10.1.5": 20,
                "43.8.2.1.9.1.6": 0, "43.8.2.1.10.1.6": -1,
            },
        ),
        None,
        Ledger(),
    )  # fmt: skip
    assert [(row.name, row.level, row.capacity, row.state) for row in rows] == [
        ("Tray 1", 250, 500, "ok"),
        ("Lower", None, 500, "some"),
        (None, None, None, "unknown"),
        (None, 0, 500, "empty"),
        (None, 20, 500, "low"),
        (None, None, 0, "ok"),
    ]
    assert rows[0].media == "na-letter"


@pytest.mark.parametrize(
    ("octets", "names"),
    [
        (b"", []),
        (b"\x00", []),
        (b"\x80", ["low-paper"]),
        (b"\x01", ["service-requested"]),
        (b"\x01\x00", ["service-requested"]),
        (b"\x00\x80", ["input-tray-missing"]),
        (b"\x28\x02\x00\x00", ["low-toner", "door-open", "overdue-prevent-maint"]),
        (b"\xff\xff", [*condition.condition_names(b"\xff\xff")]),
    ],
)
def test_problem_27_error_bits_from_0_1_2_or_4_octets_highest_first(octets: bytes, names: list[str]) -> None:
    assert condition.condition_names(octets) == names
    assert len(condition.condition_names(b"\xff\xff")) == 15


@pytest.mark.parametrize(
    ("device", "printer", "state"),
    [
        (2, 3, "idle"), (2, 4, "printing"), (2, 1, "standby"), (3, 3, "warning"), (3, 4, "warning"), (5, 1, "down"),
        (5, 5, "warmup"), (2, 5, "warmup"), (None, 3, "idle"), (None, 4, "printing"), (2, None, "unknown"),
        (3, None, "warning"), (5, None, "down"), (None, None, "unknown"), (77, -4, "unknown"),
    ],
)  # fmt: skip
def test_status_by_the_table_of_rfc_3805(device: int | None, printer: int | None, state: str) -> None:
    assert condition.status_name(device, printer) == state


def test_problem_28_alert_rows_wander_and_half_rows_are_kept(told: Tell) -> None:
    columns = columns_of(
        told,
        {
            "43.18.1.1.2.1.65561": 3, "43.18.1.1.4.1.65561": 8, "43.18.1.1.5.1.65561": 2, "43.18.1.1.7.1.65561": 13,
            "43.18.1.1.8.1.65561": "Tray 2 empty",
            # the same alert, read again under its next index
            "43.18.1.1.2.1.65562": 3, "43.18.1.1.4.1.65562": 8, "43.18.1.1.5.1.65562": 2, "43.18.1.1.7.1.65562": 13,
            "43.18.1.1.8.1.65562": "Tray 2 empty",
            "43.18.1.1.7.1.70000": 1104,  # it went away after its first column
            "43.18.1.1.2.1.70001": 0, "43.18.1.1.4.1.70001": 10, "43.18.1.1.5.1.70001": -1,
            "43.8.2.1.13.1.2": "Cassette 2",
        },
    )  # fmt: skip
    rows = condition.read_alerts(columns, None, Ledger(), supplies=[], trays=trays.read_trays(columns, None, Ledger()))
    assert [(row.severity, row.group, row.code, row.description, row.location) for row in rows] == [
        ("critical", "input", 13, "Tray 2 empty", "Cassette 2"),
        (None, None, 1104, None, None),
        ("other", "marker", None, None, None),
    ]


def test_the_printers_row_is_found_wherever_it_stands(told: Tell) -> None:
    assert printer_row(columns_of(told, {"25.3.5.1.1.7": 3})) == (7,)
    assert printer_row(
        columns_of(told, {"25.3.2.1.2.1": "oid:1.3.6.1.2.1.25.3.1.4", "25.3.2.1.2.3": "oid:1.3.6.1.2.1.25.3.1.5"})
    ) == (3,)
    assert printer_row(columns_of(told, {"43.10.2.1.4.0.1": 5})) == (0,)
    assert printer_row(columns_of(told, {})) is None


def test_problem_07_a_damaged_mac_is_noticed_and_never_reported(told: Tell) -> None:
    columns = columns_of(told, {"2.2.1.6.1": b"\x00\x01\x00\x00\x00", "2.2.1.6.2": b"", "2.2.1.6.3": b"\0" * 6})
    assert macs.choose_mac(columns) is None
    assert [varbind[2] for varbind in macs.suspect_macs(columns)] == [b"\x00\x01\x00\x00\x00"]


def test_problem_26_the_mac_is_the_makers_and_no_loopbacks(told: Tell) -> None:
    chosen = macs.choose_mac(
        columns_of(
            told,
            {
                "2.2.1.3.1": 24, "2.2.1.6.1": bytes.fromhex("001b78000001"),
                "2.2.1.3.2": 71, "2.2.1.6.2": bytes.fromhex("021b78000002"),
                "2.2.1.3.3": 6, "2.2.1.6.3": bytes.fromhex("001b78000003"),
                "2.2.1.3.4": 6, "2.2.1.6.4": bytes.fromhex("011b78000004"),
            },
        )
    )  # fmt: skip
    assert chosen is not None
    assert chosen[0] == "00:1b:78:00:00:03"


def test_problem_22_the_standard_total_is_the_first_markers_and_a_length_is_no_page_count(told: Tell) -> None:
    ledger = Ledger()
    total = meters.life_count(columns_of(told, {"43.10.2.1.4.1.1": 100, "43.10.2.1.4.1.2": 7}), ledger)
    assert total is not None
    assert total[:2] == ("total", 100)
    assert [problem.code for problem in ledger.problems] == ["several-markers"]
    ledger = Ledger()
    length = meters.life_count(columns_of(told, {"43.10.2.1.3.1.1": 17, "43.10.2.1.4.1.1": 100}), ledger)
    assert length is not None
    assert length[:2] == ("length_meters", 100)
    assert meters.life_count(columns_of(told, {"43.10.2.1.3.1.1": 11, "43.10.2.1.4.1.1": 9}), ledger) is None
    assert [problem.code for problem in ledger.problems] == ["meter-unit", "meter-unit"]


oids = st.sampled_from(plan.COLUMNS).flatmap(
    lambda column: (
        st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4)
        .map(lambda index: parse_oid(".".join(map(str, (1, 3, *index))))[1:])
        .map(lambda suffix: column + suffix)
    )
)


@given(st.dictionaries(oids, st.integers(-(2**31), 2**64 - 1) | st.binary(max_size=40) | st.none(), max_size=60))
def test_no_values_make_a_table_raise(values: dict[bytes, int | bytes | None]) -> None:
    columns = Columns([(oid, OCTET_STRING, value) for oid, value in values.items()], plan.COLUMNS)
    ledger = Ledger()
    rows = supplies.read_supplies(columns, 17, {-100: "low"}, ledger)
    holders = trays.read_trays(columns, 17, ledger)
    condition.read_alerts(columns, 17, ledger, supplies=rows, trays=holders)
    condition.read_display(columns, 17, ledger)
    condition.read_status(columns, printer_row(columns), ledger)
    meters.life_count(columns, ledger)
    macs.choose_mac(columns)
    assert all(row.percent is None or 0 <= row.percent <= 100 for row in rows)
    assert len(rows) <= MAX_ROWS
