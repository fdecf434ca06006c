"""Every format holds the same readings, and no text of a device gets out of its cell, line or colour."""

import csv
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
import openpyxl
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from proto_schema import Alert, Identity, Problem, RawMeter, Reading, Status, Supply
from ptscan.cli.clean import cell, one_line
from ptscan.cli.destination import Destination, OutputError, open_destination
from ptscan.cli.flat import READINGS, READINGS_AS_ASKED, Grid
from ptscan.cli.formats import Format, Output
from ptscan.cli.sheet import MAX_TEXT, SheetError, workbook

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\0=1",
    "＝1+1",
    "\x1b[31mred\x1b[0m",
    "\x9b31m",
    "\x1b]0;title\x07",
    "gnp\u202egpj",
    "\u2066x\u2069",
    "[red]markup[/red]",
    "[/]",
    "two\nlines\r\n",
    "a,b;c\td\"e'",
    "\ud800",
    "\ufeff\ufffe\uffff",
    "_x000D_",
    "<script>alert(1)</script>",
    "http://example.com/",
    "{=1+1}",
    "1e5",
    "x" * 40_000,
    "日本語のプリンター",
]


def reading(text: str, *, address: str = "10.0.0.7", **fields: object) -> Reading:
    known: dict[str, object] = {
        "device_id": text,
        "address": address,
        "port": 161,
        "time": "2026-11-21T06:00:00Z",
        "via": ["snmp-2c"],
        "identity": Identity(manufacturer="HP", model=text, serial=text, name=text, location=text),
        "meters": {"total": 182736, "color": 0, "staples_used": 7},
        "supplies": [
            Supply(index="1.1", kind="toner", color="black", description=text, percent=50.0, state="ok"),
            Supply(index="1.2", kind="waste-toner", description=text, state="full"),
            Supply(index="1.3", kind="toner", color="cyan", state="some"),
        ],
        "status": Status(state="idle", conditions=["low-toner"]),
        "alerts": [Alert(severity="warning", description=text, code=1104)],
        "display": [text],
        "problems": [Problem(code="meter-sum", text=text)],
    }
    return Reading(**(known | fields))  # type: ignore[arg-type]


def written(form: Format, readings: list[Reading], *, terminal: bool = False) -> bytes:
    class File(io.BytesIO):
        def isatty(self) -> bool:
            return terminal

    file = File()
    output = Output(READINGS, form, Destination(file, "memory"))
    for one in readings:
        output.add([one])
        output.flush()
    output.finish()
    return file.getvalue()


def sheet_rows(octets: bytes) -> list[tuple[object, ...]]:
    return list(openpyxl.load_workbook(io.BytesIO(octets)).active.iter_rows(values_only=True))


def csv_rows(octets: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(octets.decode(), newline="")))


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_json_gives_the_reading_back(form: Format) -> None:
    readings = [reading(text, address=f"10.0.0.{i}") for i, text in enumerate(HOSTILE) if text != "\ud800"]
    octets = written(form, readings)
    assert octets.endswith(b"\n")
    lines = octets.splitlines()
    assert len(lines) == len(readings) + (2 if form == "json" else 0)
    if form == "json":
        assert msgspec.json.decode(octets, type=list[Reading]) == readings
        assert len(json.loads(octets)) == len(readings)
    else:
        assert [msgspec.json.decode(line, type=Reading) for line in lines] == readings


def test_json_of_nothing_is_an_empty_array() -> None:
    assert json.loads(written("json", [])) == []
    assert written("jsonl", []) == b""
    assert written("table", []) == b""
    assert len(written("csv", []).splitlines()) == 1


def test_rows_are_sorted_as_numbers_whatever_came_first() -> None:
    readings = [reading("x", address=address) for address in ("10.0.0.10", "::1", "10.0.0.9")]
    assert [row["address"] for row in csv_rows(written("csv", readings))] == ["10.0.0.9", "10.0.0.10", "::1"]


def test_csv_has_the_identity_the_meters_and_a_column_for_each_supply() -> None:
    (row,) = csv_rows(written("csv", [reading("M5")]))
    assert row["model"] == "M5"
    assert row["meter_total"] == "182736"
    assert row["meter_color"] == "0"  # 0 is a reading
    assert row["meter_mono"] == ""  # absent is absent
    assert row["meter_staples_used"] == "7"
    assert row["black_percent"] == "50.0"
    assert row["cyan_percent"] == ""
    assert row["magenta_percent"] == ""
    assert row["waste_toner_percent"] == ""
    assert row["supplies"] == "M5: 50 %; M5: full; cyan toner: some"
    assert row["conditions"] == "low-toner"
    assert row["problems"] == "1"


def test_two_supplies_of_a_name_are_two_columns() -> None:
    twice = [Supply(index=f"1.{i}", kind="toner", color="black", percent=float(i)) for i in (1, 2)]
    (row,) = csv_rows(written("csv", [reading("x", supplies=twice)]))
    assert (row["black_percent"], row["black_2_percent"]) == ("1.0", "2.0")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_device_is_a_formula_in_csv(text: str) -> None:
    octets = written("csv", [reading(text)])
    (row,) = csv_rows(octets)
    for value in row.values():
        assert not value.startswith(("=", "+", "-", "@", "\t", "\r", "\0", "＝"))
        assert value == one_line(value)
    assert len(octets.splitlines()) == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_device_is_a_formula_a_link_or_a_broken_file_in_xlsx(text: str) -> None:
    octets = written("xlsx", [reading(text)])
    header, row = sheet_rows(octets)
    value = row[header.index("model")]
    clean = one_line(text)[:MAX_TEXT]
    assert (value or "") == clean
    assert b"<f>" not in octets
    assert row[header.index("meter_total")] == 182736
    assert row[header.index("black_percent")] == 50
    assert row[header.index("cyan_percent")] is None


def test_a_level_in_a_few_steps_is_marked() -> None:
    coarse = [Supply(index="1.1", kind="toner", color="black", percent=50.0, state="ok", coarse=True)]
    (row,) = csv_rows(written("csv", [reading("x", supplies=coarse)]))
    assert (row["black_percent"], row["supplies"]) == ("50.0", "black toner: 50 % (in a few steps)")
    assert " K ~50% " in written("table", [reading("x", supplies=coarse)]).decode()


def test_a_workbook_has_the_counters_as_the_devices_tell_them_on_a_sheet_of_their_own() -> None:
    raw = [
        RawMeter(label="=1+1", value=7, oid="1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.1", meter="total"),
        RawMeter(label="Staples", value=3, oid="1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.2"),
    ]
    octets = written("xlsx", [reading("x", meters_raw=raw), reading("y", address="10.0.0.8")])
    assert len(sheet_rows(octets)) == 3
    book = openpyxl.load_workbook(io.BytesIO(octets))
    assert book.sheetnames == ["ptscan", "counters"]
    assert list(book["counters"].iter_rows(values_only=True)) == [
        ("address", "device_id", "label", "value", "oid", "meter"),
        ("10.0.0.7", "x", "=1+1", 7, "1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.1", "total"),
        ("10.0.0.7", "x", "Staples", 3, "1.3.6.1.4.1.253.8.53.13.2.1.6.1.20.2", None),
    ]
    assert openpyxl.load_workbook(io.BytesIO(written("xlsx", [reading("x")]))).sheetnames == ["ptscan"]


def test_a_sheet_of_counters_that_is_full_says_how_many_more_there_are() -> None:
    rows = [(str(number), number) for number in range(9)]
    octets = workbook(Grid(("a",), [("x",)]), {"more": Grid(("label", "value"), rows)}, max_rows=5)
    told = list(openpyxl.load_workbook(io.BytesIO(octets))["more"].iter_rows(values_only=True))
    assert told == [("label", "value"), *rows[:3], ("6 more: see --format json", None)]
    with pytest.raises(SheetError, match="more than"):
        workbook(Grid(("label", "value"), rows), {}, max_rows=5)


def test_a_number_that_a_sheet_would_round_is_written_as_text() -> None:
    header, row = sheet_rows(written("xlsx", [reading("x", meters={"total": 2**60 + 1})]))
    assert row[header.index("meter_total")] == str(2**60 + 1)


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_device_moves_the_cursor_or_turns_the_line(text: str, terminal: bool) -> None:
    table = written("table", [reading(text[:100])], terminal=terminal).decode()
    for char in table.replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\n", ""):
        assert char == one_line(char)
    if not terminal:
        assert table.count("\n") == 2


def test_markup_is_shown_as_it_is() -> None:
    assert "[red]markup[/red]" in written("table", [reading("[red]markup[/red]")]).decode()


@given(st.text())
def test_cleaned_text_is_clean_and_stays_as_it_is(text: str) -> None:
    assert one_line(one_line(text)) == one_line(text)
    one_line(text).encode()
    assert cell(text).lstrip()[:1] not in ("=", "+", "-", "@")


@contextmanager
def output_to(path: Path, *, whole: bool = True) -> Iterator[Output[Reading]]:
    with open_destination(path, whole=whole) as destination:
        yield Output(READINGS_AS_ASKED, "json" if whole else "jsonl", destination)


def keep_then_fail(path: Path, *, whole: bool) -> None:
    with output_to(path, whole=whole) as output:
        output.add([reading("x")])
        output.flush()
        raise ZeroDivisionError


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "fleet.json"
    path.write_text("older")
    path.chmod(0o640)
    with pytest.raises(ZeroDivisionError):
        keep_then_fail(path, whole=True)
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]
    with output_to(path) as output:
        output.add([reading("x")])
        output.finish()
    assert len(json.loads(path.read_text())) == 1
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_json_lines_stand_in_the_file_as_they_come(tmp_path: Path) -> None:
    path = tmp_path / "fleet.jsonl"
    with pytest.raises(ZeroDivisionError):
        keep_then_fail(path, whole=False)
    assert len(path.read_text().splitlines()) == 1


def test_a_link_keeps_pointing_where_it_points(tmp_path: Path) -> None:
    link, path = tmp_path / "latest.json", tmp_path / "monday.json"
    link.symlink_to(path)
    with output_to(link) as output:
        output.finish()
    assert link.is_symlink()
    assert json.loads(path.read_text()) == []


def test_a_device_file_is_written_straight_and_stays() -> None:
    full = Path("/dev/full")
    if not full.is_char_device():
        pytest.skip("no /dev/full on this system")
    with pytest.raises(OutputError) as caught, output_to(full) as output:
        output.finish()
    assert str(caught.value) == (
        "cannot write /dev/full: No space left on device: free some room, or write elsewhere with -o FILE"
    )
    assert full.is_char_device()


@pytest.mark.parametrize("name", ["", "absent/fleet.json"])
def test_a_place_that_cannot_be_written_is_named_at_the_start(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="cannot write"), output_to(tmp_path / name):
        pytest.fail("it was opened")


@pytest.mark.parametrize("is_file", [False, True])
@pytest.mark.parametrize("late", [False, True])
async def test_every_line_is_written_once_whenever_it_is_cancelled(is_file: bool, late: bool) -> None:
    file = io.BytesIO()
    kept: list[int] = []
    output = Output(READINGS, "jsonl", Destination(file, "memory", is_file=is_file))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(output.keep_written)
        for number in range(3):
            output.add([reading("text"), reading("more")], partial(kept.append, number))
            if late:
                await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert file.getvalue().count(b"\n") == 2 * len(kept)
    output.finish()
    assert file.getvalue().count(b"\n") == 6
    assert kept == [0, 1, 2]


async def test_a_slow_reader_holds_the_work_up_and_nothing_piles_up() -> None:
    class Slow(io.BytesIO):
        reads = threading.Event()

        def write(self, lines: bytes) -> int:  # type: ignore[override]
            self.reads.wait(30)
            return super().write(lines)

    file = Slow()
    output = Output(READINGS, "jsonl", Destination(file, "memory", is_file=False))
    added = 0

    async def add() -> None:
        nonlocal added
        for _ in range(40):
            await output.has_room()
            output.add([reading("x")] * 500)
            added += 500

    async with trio.open_nursery() as nursery:
        nursery.start_soon(output.keep_written)
        async with trio.open_nursery() as adding:
            adding.start_soon(add)
            await trio.testing.wait_all_tasks_blocked()
            assert 4_000 <= added <= 9_500
            file.reads.set()
        nursery.cancel_scope.cancel()
    output.finish()
    assert file.getvalue().count(b"\n") == added == 20_000


def test_a_file_that_is_written_as_a_whole_is_safe_once_it_has_its_name(tmp_path: Path) -> None:
    path = tmp_path / "fleet.json"
    seen: list[bool] = []
    with output_to(path) as output:
        output.add([reading("x")], lambda: seen.append(path.exists()))
        output.flush()
        output.finish()
    assert seen == []
    output.settle()
    assert seen == [True]


def test_at_a_glance_colours_stand_in_one_order_and_a_colour_without_a_kind_is_one() -> None:
    supplies = [
        Supply(index="1.1", kind="toner", color="cyan", percent=73.0, state="ok"),
        Supply(index="1.2", kind="waste-toner", state="full"),
        Supply(index="colorant:black", color="black", percent=22.4, state="ok"),
    ]
    one = msgspec.structs.replace(reading("text"), supplies=supplies)
    assert "K 22% C 73% waste-toner full" in written("table", [one]).decode()
    assert csv_rows(written("csv", [one]))[0]["black_percent"] == "22.4"
