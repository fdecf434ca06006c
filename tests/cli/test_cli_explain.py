"""``read --explain`` shows where every value came from, for every screen and as data."""

import csv
import io
import json
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from proto_schema import Reading
from ptscan.printer import Came

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Sim = Callable[..., int]

DEVICE = """
1.3.6.1.2.1.1.1.0|4|HP ETHERNET MULTI-ENVIRONMENT,ROM none,JETDIRECT,JD149
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.11.2.3.9.1
1.3.6.1.2.1.1.5.0|4x|1b5b33316d6576696c
1.3.6.1.2.1.25.3.2.1.3.1|4|HP LaserJet 4250
1.3.6.1.2.1.43.5.1.1.17.1|4|CNB1R23456
1.3.6.1.2.1.43.10.2.1.4.1.1|65|182736
1.3.6.1.2.1.43.11.1.1.5.1.1|2|21
1.3.6.1.2.1.43.11.1.1.6.1.1|4|Black Cartridge
1.3.6.1.2.1.43.11.1.1.8.1.1|2|100
1.3.6.1.2.1.43.11.1.1.9.1.1|2|92
"""


@pytest.fixture(scope="module")
def device(sim: Sim, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("device") / "device.snmprec"
    path.write_text(DEVICE.lstrip())
    return f"127.60.7.5:{sim(str(path), '--listen', '127.60.7.5:0')}"


def section(text: str, heading: str) -> list[list[str]]:
    """The rows below a heading, their cells as they are apart in the table."""
    lines = text[text.index(heading) :].partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines[1:]]


def test_a_table_has_the_value_its_object_the_rule_and_the_octets(ptscan: Run, device: str) -> None:
    done = ptscan("read", device, "--explain")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].endswith("by the profiles hp, printer-mib")
    values = {row[0]: row[1:] for row in section(done.stdout, "FIELD ")}
    assert values["meters.total"] == [
        *("182736", "1.3.6.1.2.1.43.10.2.1.4.1.1", "printer-mib", "prtMarkerLifeCount of the first marker", "high"),
        *("-", "Counter32 182736"),
    ]
    assert values["supplies.1.1.percent"][:2] == ["92.0", "1.3.6.1.2.1.43.11.1.1.9.1.1"]
    assert values["supplies.1.1.description"][-1].endswith('"Black Cartridge"')
    missing = section(done.stdout, "MISSING ")
    assert [
        "identity.asset",
        "hp",
        "asset-number",
        "1.3.6.1.4.1.11.2.3.9.4.2.1.1.3.12.0",
        "noSuchObject",
        "-",
        "-",
    ] in (missing)
    assert ["meters.print", "hp, printer-mib", "-", "-", "not in these profiles", "-", "-"] in missing


def test_a_long_value_stands_below_in_whole(ptscan: Run, device: str) -> None:
    out = ptscan("read", device, "--explain").stdout
    assert '"HP ETHERNET MULTI-ENVIRO" … 54 octets in all' in out
    dump = out[out.index("1.3.6.1.2.1.1.1.0 = OCTET STRING, 54 octets:") :].splitlines()[1:5]
    octets = b"".join(bytes.fromhex(line[10:58]) for line in dump)
    assert octets == b"HP ETHERNET MULTI-ENVIRONMENT,ROM none,JETDIRECT,JD149"


def test_what_a_device_says_moves_no_cursor(ptscan: Run, device: str) -> None:
    assert "\x1b" not in ptscan("read", device, "--explain").stdout


@pytest.mark.parametrize("columns", [80, 200])
def test_every_screen_can_show_it(
    columns: int, device: str, watched: Callable[..., AbstractContextManager[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with watched("read", device, "--explain", "--quiet", stdout=None, columns=columns) as terminal:
        shown = terminal.rest().decode().replace("\r\n", "\n")
    if columns < 140:
        assert "meters.total: 182736\n    1.3.6.1.2.1.43.10.2.1.4.1.1  printer-mib  " in shown
        assert "\n    Counter32 182736\n" in shown
    else:
        (line,) = [line for line in shown.splitlines() if line.strip().startswith("meters.total ")]
        for part in ("182736", "1.3.6.1.2.1.43.10.2.1.4.1.1", "printer-mib", "Counter32 182736"):
            assert part in line


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_as_data_it_is_the_reading_and_what_stands_behind_it(form: str, ptscan: Run, device: str) -> None:
    out = ptscan("read", device, device, "--explain", "--format", form).stdout
    found = json.loads(out) if form == "json" else [json.loads(line) for line in out.splitlines()]
    assert len(found) == 2
    one = found[0]
    assert set(one) == {
        *("reading", "profiles", "requests", "sent_octets", "received_octets", "evidence", "tried", "sums"),
    }
    assert set(one["reading"]) == set(Reading.__struct_fields__)
    (plain,) = json.loads(ptscan("read", device, "--format", "json").stdout)
    assert {**one["reading"], "time": ""} == {**plain, "time": ""}
    assert one["profiles"] == ["hp", "printer-mib"]
    serial = next(item for item in one["evidence"] if item["path"] == "identity.serial")
    assert serial == {
        "path": "identity.serial",
        "value": "CNB1R23456",
        "oid": "1.3.6.1.2.1.43.5.1.1.17.1",
        "type": "OCTET STRING",
        "raw": b"CNB1R23456".hex(),
        "text": "CNB1R23456",
        "profile": "printer-mib",
        "rule": "prtGeneralSerialNumber",
        "confidence": "high",
        "source": None,
    }
    tried = [item for item in one["tried"] if item["path"] == "identity.asset"]
    assert [(item["profile"], item["came"]) for item in tried] == [
        ("hp", "no-such-object"),
        ("printer-mib", "not-known"),
    ]
    assert {item["came"] for item in one["tried"]} <= {came.value for came in Came}


def test_a_sheet_has_a_row_for_each_value_and_each_attempt(ptscan: Run, device: str, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(ptscan("read", device, "--explain", "--format", "csv").stdout)))
    total = next(row for row in rows if row["path"] == "meters.total")
    assert (total["address"], total["value"], total["raw"], total["came"]) == ("127.60.7.5", "182736", "182736", "")
    asset = next(row for row in rows if row["path"] == "identity.asset")
    assert (asset["value"], asset["came"]) == ("", "no-such-object")
    assert ptscan("read", device, "--explain", "-o", "proof.xlsx").returncode == 0
    sheet = openpyxl.load_workbook(tmp_path / "proof.xlsx").active
    assert sheet is not None
    assert sheet.max_row == len(rows) + 1


def test_who_does_not_answer_is_explained_as_that(ptscan: Run, silent: str) -> None:
    done = ptscan("read", silent, "--explain", "--timeout", "0.1", "--retries", "0")
    assert done.returncode == 1
    assert "no answer at" in done.stdout
    assert "no-answer" in done.stdout
