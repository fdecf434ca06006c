"""`--previous FILE`: a run held against an earlier one; and what a run says of one device at two addresses."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from proto_schema import Reading

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Sim = Callable[..., int]

QUICK = ("--rate", "max", "--retries", "0", "--timeout", "0.5")

PRINTER = """\
1.3.6.1.2.1.1.1.0|4|Example Laser 100
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1
1.3.6.1.2.1.1.5.0|4|prn-1
1.3.6.1.2.1.2.2.1.3.1|2|6
1.3.6.1.2.1.2.2.1.6.1|4x|001b78010203
1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5
1.3.6.1.2.1.25.3.2.1.3.1|4|Example Laser 100
1.3.6.1.2.1.43.5.1.1.17.1|4|EX100-00042
1.3.6.1.2.1.43.10.2.1.4.1.1|65|12345
"""
OTHER = PRINTER.replace("EX100-00042", "EX100-00043").replace("010203", "010204").replace("prn-1", "prn-2")
CLONE = PRINTER.replace("010203", "0a0b0c").replace("prn-1", "prn-9").replace("|12345", "|990000")
DEVICE = "enterprise-99999:EX100-00042"


@pytest.fixture(scope="module")
def twins(sim: Sim, tmp_path_factory: pytest.TempPathFactory) -> int:
    """127.60.31.1 and .2 are one printer, .3 is another, .4 a third that claims the serial of the first."""
    folder = tmp_path_factory.mktemp("twins")
    for name, rows in (("a", PRINTER), ("b", PRINTER), ("c", OTHER), ("d", CLONE)):
        (folder / f"{name}.snmprec").write_text(rows)
    return sim(str(folder), "--network", "127.60.31.0/29")


def readings(text: str) -> dict[str, Reading]:
    return {one.address: one for one in (msgspec.json.decode(line, type=Reading) for line in text.splitlines())}


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


def earlier(tmp_path: Path, reading: Reading, **changes: object) -> str:
    """Write ``earlier.jsonl``: the reading as it was before ``changes``, an hour ago."""
    before = msgspec.structs.replace(reading, time="2020-01-01T00:00:00Z", problems=[], **changes)
    (tmp_path / "earlier.jsonl").write_bytes(msgspec.json.encode(before) + b"\n")
    return "earlier.jsonl"


def read(ptscan: Run, port: int, *more: str) -> Reading:
    done = ptscan("read", f"127.60.31.3:{port}", "--format", "jsonl", *more)
    assert done.returncode == 0, done.stderr
    (reading,) = readings(done.stdout).values()
    return reading


def test_problem_21_a_counter_that_fell_is_said_and_kept_as_it_is(ptscan: Run, twins: int, tmp_path: Path) -> None:
    now = read(ptscan, twins)
    file = earlier(tmp_path, now, meters={"total": 99_999}, address="127.60.99.9")
    beside = read(ptscan, twins, "--previous", file)
    assert codes(beside) == [*codes(now), "meter-fell"]
    assert beside.meters == now.meters
    assert "99999" in beside.problems[-1].text


def test_scan_holds_every_printer_against_its_own_earlier_reading(ptscan: Run, twins: int, tmp_path: Path) -> None:
    scan = ("scan", "127.60.31.1", "127.60.31.3", "--port", str(twins), *QUICK)
    assert ptscan(*scan, "-o", "fleet.json").returncode == 0
    before = json.loads((tmp_path / "fleet.json").read_text())
    for reading in before:
        reading["time"] = "2020-01-01T00:00:00Z"
        if reading["address"] == "127.60.31.3":
            reading["identity"]["mac"] = "00:1b:78:0f:0f:0f"
    (tmp_path / "fleet.json").write_text(json.dumps(before, indent=2))
    done = ptscan(*scan, "--previous", "fleet.json", "-o", "fleet.json")
    assert done.returncode == 0, done.stderr
    after = {one["address"]: [problem["code"] for problem in one["problems"]] for one in before}
    for one in json.loads((tmp_path / "fleet.json").read_text()):
        after[one["address"]] = [problem["code"] for problem in one["problems"]]
    assert after == {"127.60.31.1": [], "127.60.31.3": ["mac-changed"]}


def test_of_a_device_that_is_not_in_the_file_nothing_is_said(ptscan: Run, twins: int, tmp_path: Path) -> None:
    now = read(ptscan, twins)
    other = msgspec.structs.replace(now.identity, serial="ZZ-1", mac="00:1b:78:77:77:01")
    file = earlier(tmp_path, now, device_id="acme:ZZ-1", identity=other, meters={"total": 99_999})
    assert codes(read(ptscan, twins, "--previous", file)) == codes(now)


def test_of_several_earlier_readings_the_last_counts(ptscan: Run, twins: int, tmp_path: Path) -> None:
    now = read(ptscan, twins)
    lines = [
        msgspec.json.encode(msgspec.structs.replace(now, time=time, meters={"total": total}))
        for time, total in (("2020-03-01T00:00:00Z", 100), ("2020-01-01T00:00:00Z", 99_999))
    ]
    (tmp_path / "earlier.jsonl").write_bytes(b"\n".join(lines) + b"\n\n" + lines[1][:40])  # the last line is torn
    assert codes(read(ptscan, twins, "--previous", "earlier.jsonl")) == codes(now)


@pytest.mark.parametrize("mark", ["\x1b[31m", "\u202e", "x" * 5000])
def test_a_file_gives_no_device_an_id_that_is_none_of_ours(ptscan: Run, twins: int, tmp_path: Path, mark: str) -> None:
    now = read(ptscan, twins)
    apart = earlier(tmp_path, now, device_id=f"{now.device_id}~{mark}")
    assert read(ptscan, twins, "--previous", apart).device_id == now.device_id
    honest = earlier(tmp_path, now, device_id=f"{now.device_id}~prn2")
    assert read(ptscan, twins, "--previous", honest).device_id == f"{now.device_id}~prn2"


def test_a_file_whose_macs_are_none_costs_nothing(ptscan: Run, twins: int, tmp_path: Path) -> None:
    now = read(ptscan, twins)
    odd = earlier(tmp_path, now, identity=msgspec.structs.replace(now.identity, mac="zz"))
    assert codes(read(ptscan, twins, "--previous", odd)) == codes(now)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "No such file"),
        (b"address,port\n10.0.0.1,161\n", "line 1 is no reading"),
        (b'{"address":"10.0.0.1","port":161,"kind":"printer"}\n', "line 1 is no reading"),
        (b'{"schema":"ptscan.reading/9","device_id":"a","address":"a","port":1,"time":"t"}\n', "another schema"),
        (b'{"schema":"ptscan.reading/1","device_id":"a","address":"a","port":1,"time":"t","meters":5}\n', "line 1"),
        (b"[1, 2]", "reading 1 is no reading"),
        (b"[{", "is no JSON"),
        (b"a page about something else", "line 1 is no reading"),
        (b"PK\x03\x04\n\xff\xff\n", "line 1"),
        (b"[" * 100_000 + b"\n", "is no JSON"),
        (b'{"a":' * 100_000 + b"\n", "line 1"),
        (b"x" * (1 << 20) + b"x\n", "longer than"),
    ],
)
@pytest.mark.parametrize("verb", ["read", "scan"])
def test_a_file_that_is_no_earlier_run_is_one_line_and_nothing_is_sent(
    verb: str, content: bytes | None, fault: str, ptscan: Run, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "odd").write_bytes(content)
    done = ptscan(verb, "127.60.31.3", "--previous", "odd")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ptscan: --previous odd: ")
    assert fault in done.stderr
    assert done.stderr.count("\n") == 1


def test_problem_26_one_printer_at_two_addresses_is_counted_once_and_said(ptscan: Run, twins: int) -> None:
    scan = ("scan", "127.60.31.1-3", "--port", str(twins), *QUICK)
    done = ptscan(*scan, "--format", "json")
    assert done.returncode == 0, done.stderr
    found = {one.address: one for one in msgspec.json.decode(done.stdout, type=list[Reading])}
    assert [codes(one) for one in found.values()] == [["several-addresses"], ["several-addresses"], []]
    assert found["127.60.31.1"].device_id == found["127.60.31.2"].device_id == DEVICE
    assert "1 address of printers read elsewhere, too: each counts once\n2 printers, " in done.stderr
    streamed = readings(ptscan(*scan, "--format", "jsonl").stdout)
    assert sorted(map(codes, streamed.values())) == [[], [], ["several-addresses"]]


def test_two_printers_with_one_serial_are_two(ptscan: Run, twins: int, tmp_path: Path) -> None:
    scan = ("scan", "127.60.31.1", "127.60.31.4", "--port", str(twins), *QUICK)
    done = ptscan(*scan, "--format", "json")
    found = msgspec.json.decode(done.stdout, type=list[Reading])
    assert [one.device_id for one in found] == [f"{DEVICE}~001b78010203", f"{DEVICE}~001b780a0b0c"]
    assert [codes(one) for one in found] == [["duplicate-identity"]] * 2
    assert "1 printer with the device_id of another one: set apart (duplicate-identity)\n2 printers, " in done.stderr
    streamed = readings(ptscan(*scan, "--format", "jsonl").stdout)
    assert len({one.device_id for one in streamed.values()}) == 2
    (tmp_path / "before.json").write_text(done.stdout)
    again = readings(ptscan(*scan, "--format", "jsonl", "--previous", "before.json").stdout)
    assert {one.address: one.device_id for one in again.values()} == {one.address: one.device_id for one in found}
    assert [codes(one).count("duplicate-identity") for one in again.values()] == [1, 1]


def test_read_tells_two_printers_apart_as_scan_does(ptscan: Run, twins: int) -> None:
    done = ptscan("read", f"127.60.31.4:{twins}", f"127.60.31.1:{twins}", f"127.60.31.1:{twins}", "--format", "json")
    found = msgspec.json.decode(done.stdout, type=list[Reading])
    assert [one.device_id[-12:] for one in found] == ["001b780a0b0c", "001b78010203", "001b78010203"]
    explained = ptscan("read", f"127.60.31.4:{twins}", f"127.60.31.1:{twins}", "--explain").stdout
    assert f"device_id {DEVICE}~001b78010203" in explained
