"""What a shell script relies on: exit codes, one line for each error, and what was found kept whatever happens."""

import csv
import json
import re
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import pytest

from codec import COUNTER32, OBJECT_IDENTIFIER, OCTET_STRING, Varbind, parse_oid
from ptscan.cli.clean import one_line
from ptscan.cli.verbs import GROUPS, VERBS

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]
Sim = Callable[..., int]
Responder = Callable[..., AbstractContextManager[str]]


class Terminal(Protocol):
    process: "subprocess.Popen[bytes]"

    def wait_for(self, pattern: bytes) -> bytes: ...
    def rest(self) -> bytes: ...


Watch = Callable[..., AbstractContextManager[Terminal]]

WIDE = "127.60.0.0/16"  # a kind sweep of it takes minutes


@pytest.fixture(scope="module")
def port(sim: Sim) -> int:
    """Printers at the first 600 addresses of WIDE."""
    return sim("--fleet", "600", "--seed", "3", "--network", WIDE)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ((), "no target was given"),
        (("10.0.0.0/33",), "10.0.0.0/33"),
        (("10.0.0.9-10.0.0.1",), "10.0.0.9-10.0.0.1"),
        (("2001:db8::/64",), "2001:db8::/64"),
        (("no-such-host.invalid",), "no-such-host.invalid"),
        (("@absent",), "absent"),
        (("--target-file", "absent"), "absent"),
        (("--target-file", "."), "directory"),
        (("10.0.0.0/24", "--exclude", "10.0.0.0/16"), "nothing is left to probe"),
        (("10.0.0.0/24", "--exclude-file", "absent"), "absent"),
        (("224.0.0.0/4",), "224.0.0.0/4"),
        (("10.0.0.1", "--port", "65536"), "65536"),
        (("10.0.0.1", "--port", "snmp"), "snmp"),
        (("127.0.0.1", "--rate", "0"), '"0" is no rate'),
        (("127.0.0.1", "--rate", "fast"), '"fast" is no rate'),
        (("127.0.0.1", "--shard", "4/3"), '"4/3" is no shard'),
        (("127.0.0.1", "--shard", "0/3"), '"0/3" is no shard'),
        (("127.0.0.1", "--seed", "-1"), "--seed"),
        (("127.0.0.1", "--max-in-flight", "0"), "--max-in-flight"),
        (("127.0.0.1", "--retries", "99"), "--retries"),
        (("127.0.0.1", "--timeout", "0"), "--timeout"),
        (("127.0.0.1", "--timeout", "inf"), "--timeout"),
        (("127.0.0.1", "--snmp-version", "4"), "--snmp-version"),
        (("127.0.0.1", "--format", "xml"), "xml"),
        (("127.0.0.1", "--format", "xlsx"), "-o FILE.xlsx"),
        (("127.0.0.1", "--credentials", "absent"), "absent"),
        (("127.0.0.1", "--credentials", "open.toml"), "chmod 600"),
        (("127.0.0.1", "--credentials", "broken.toml"), "broken.toml"),
        (("127.0.0.1", "--credentials", "users.toml", "--snmp-version", "2c"), "users.toml"),
        (("127.0.0.1", "--profiles", "profiles"), "acme.toml"),
        (("127.0.0.1", "--profiles", "absent"), "absent"),
        (("127.0.0.1", "--resume", "broken.toml"), "broken.toml"),
        (("127.0.0.1", "--resume", "absent/state"), "make its folder first"),
        (("127.0.0.1", "--bogus"), "--bogus"),
        (("127.0.0.1", "--port"), "--port"),
    ],
)
@pytest.mark.parametrize("verb", ["scan", "sweep"])
def test_wrong_input_is_one_line_and_nothing_is_sent(
    verb: str, arguments: tuple[str, ...], fault: str, ptscan: Run, tmp_path: Path
) -> None:
    for name, text, mode in (
        ("open.toml", '[[community]]\nname = "x"\n', 0o644),
        ("broken.toml", "[[community\n", 0o600),
        ("users.toml", '[[user]]\nname = "monitor"\n', 0o600),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "acme.toml").write_text('name = "acme"\ncolour = "red"\n')
    done = ptscan(verb, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ptscan: ")
    assert fault in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ((), "nothing to play"),
        (("absent.snmprec",), "absent.snmprec"),
        (("broken.snmprec",), "broken.snmprec, line 2"),
        (("--fleet", "0"), "--fleet"),
        (("--fleet", "3", "--network", "10.0.0.0/24"), "not loopback"),
        (("--fleet", "3", "--network", "127.0.0.0/31"), "room for"),
        (("--fleet", "3", "--listen", "127.60.0.1:1"), "can't share"),
        (("--fleet", "1", "--listen", "127.60.0.1"), "ADDRESS:PORT"),
        (("--fleet", "1", "--fault", "lightning"), "lightning"),
        (("--fleet", "1", "--port", "-1"), "--port"),
    ],
)
def test_a_simulation_that_cannot_be_is_one_line(
    arguments: tuple[str, ...], fault: str, ptscan: Run, tmp_path: Path
) -> None:
    (tmp_path / "broken.snmprec").write_text("1.3.6.1.2.1.1.1.0|4|x\nnonsense\n")
    done = ptscan("sim", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert fault in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_in_use_is_a_failure(ptscan: Run, silent: str) -> None:
    done = ptscan("sim", "--fleet", "1", "--listen", silent)
    assert (done.returncode, done.stdout) == (1, "")
    assert "in use" in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_verb_is_wrong_usage_and_shows_the_verbs(ptscan: Run) -> None:
    done = ptscan()
    assert (done.returncode, done.stdout) == (2, "")
    assert "scan" in done.stderr


@pytest.mark.parametrize("verb", list(VERBS))
def test_every_verb_explains_itself_with_an_example(verb: str, ptscan: Run) -> None:
    done = ptscan(*verb.split(), "--help", COLUMNS="120")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Usage: ptscan {verb}" in done.stdout
    assert f"\n    ptscan {verb}" in done.stdout


@pytest.mark.parametrize("group", list(GROUPS))
def test_every_group_of_verbs_lists_them(group: str, ptscan: Run) -> None:
    done = ptscan(*group.split(), "--help", COLUMNS="120")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Usage: ptscan {group} " in done.stdout
    verbs = {name.removeprefix(f"{group} ").split()[0] for name in VERBS if name.startswith(f"{group} ")}
    assert verbs <= set(re.findall(r"^│ ([a-z]+) ", done.stdout, re.MULTILINE))


def test_a_verb_whose_packages_are_not_installed_says_which_to_install(command: list[str]) -> None:
    """As where the agent is installed without the collector's packages."""
    code = command[-1].replace("import sys;", "import sys; sys.modules['sqlalchemy'] = None;")
    for words, status in ((("collector", "devices"), 2), (("collector", "--help"), 0), (("scan", "--help"), 0)):
        done = subprocess.run([*command[:-1], code, *words], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == status, done.stderr
        if status:
            assert "pip install" in done.stderr
            assert done.stderr.count("\n") == 1


def test_the_version_is_told(ptscan: Run) -> None:
    done = ptscan("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", done.stdout)


def test_an_unknown_verb_is_one_line(ptscan: Run) -> None:
    done = ptscan("scam")
    assert (done.returncode, done.stdout) == (2, "")
    assert "scan" in done.stderr
    assert done.stderr.count("\n") == 1


# --- interrupted ---


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("verb", ["scan", "sweep"])
def test_an_interrupted_run_keeps_the_lines_it_printed(
    verb: str, number: signal.Signals, started: Start, port: int
) -> None:
    process = started(verb, WIDE, "--port", str(port), "--format", "jsonl", "--rate", "400")
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(number)
    rest, words = process.communicate(timeout=30)
    assert process.returncode == 130
    for line in (first + rest).splitlines():
        assert json.loads(line)["address"].startswith("127.60.")
    assert words.splitlines()[-1].startswith("ptscan: interrupted")
    assert "Traceback" not in words


FOUND = rb" [1-9]\d* printers"


@pytest.mark.parametrize("name", ["kept.csv", "kept.json", "kept.xlsx", "kept.jsonl", "kept.txt"])
def test_an_interrupted_scan_writes_the_file_with_what_there_is(
    name: str, watched: Watch, port: int, tmp_path: Path
) -> None:
    with watched("scan", WIDE, "--port", str(port), "--rate", "400", "-o", name) as terminal:
        terminal.wait_for(FOUND)
        terminal.process.send_signal(signal.SIGINT)
        terminal.wait_for(rb"interrupted: what was read until then is kept")
        assert terminal.process.wait(30) == 130
    octets = (tmp_path / name).read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {name}
    if name.endswith("xlsx"):
        assert zipfile.is_zipfile(tmp_path / name)
    else:
        assert b"127.60." in octets
    if name.endswith("json"):
        assert json.loads(octets)


def test_the_table_grows_on_a_terminal_and_stays_at_the_end(watched: Watch, port: int) -> None:
    with watched("scan", WIDE, "--port", str(port), "--rate", "400", stdout=None) as terminal:
        growing = terminal.wait_for(rb"trouble(?s:.*)127\.60\.(?s:.*)probing(?s:.*)answered(?s:.*)reading")
        assert b"\x1b[?25l" in growing
        terminal.process.send_signal(signal.SIGINT)
        end = terminal.wait_for(rb"interrupted: ")
        assert terminal.process.wait(30) == 130
    assert b"127.60." in end


def test_quiet_means_no_progress(watched: Watch, port: int) -> None:
    with watched("scan", "127.60.0.1-9", "--port", str(port), "--rate", "max", "--quiet") as terminal:
        assert terminal.process.wait(30) == 0
        assert terminal.rest() == b""


def test_an_interrupted_walk_prints_what_it_has(started: Start, sim: Sim) -> None:
    endless = sim("--fleet", "1", "--listen", "127.60.7.1:0", "--fault", "endless")
    process = started("walk", f"127.60.7.1:{endless}", "1.3.6.1.2.1.43.11.1.1.9")
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=30)
    assert first.startswith(".1.3.6.1.2.1.43.11.1.1.9.")
    assert process.returncode == 130
    assert words == "ptscan: interrupted\n"


def test_a_simulation_ends_well_when_it_is_told_to(started: Start) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        process = started("sim", "--fleet", "2", "--network", "127.60.6.0/29", "--port", "0")
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready: ")
        process.send_signal(number)
        assert process.wait(10) == 0


# --- where the data goes ---


@pytest.mark.parametrize("verb", ["scan", "sweep"])
def test_a_reader_that_has_seen_enough_ends_the_run_without_a_word(verb: str, started: Start, port: int) -> None:
    process = started(verb, WIDE, "--port", str(port), "--format", "jsonl", "--rate", "400")
    assert process.stdout is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) == 1
    assert process.stderr is not None
    assert process.stderr.read() == ""


FORMATS = ["table", "json", "jsonl", "csv", "xlsx"]


@pytest.mark.parametrize("form", FORMATS)
def test_a_full_disk_is_one_line(form: str, ptscan: Run, port: int) -> None:
    done = ptscan("scan", "127.60.0.1-3", "--port", str(port), "--quiet", "--format", form, "-o", "/dev/full")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ptscan: cannot write /dev/full: No space left on device")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("form", FORMATS[:-1])
@pytest.mark.parametrize(("redirection", "fault"), [(">/dev/full", "No space left on device"), (">&-", "it is closed")])
def test_a_broken_standard_output_is_one_line(
    redirection: str, fault: str, form: str, command: list[str], port: int, tmp_path: Path
) -> None:
    scan = [*command, "scan", "127.60.0.1-3", "--port", str(port), "--quiet", "--format", form]
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *scan],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"ptscan: cannot write standard output: {fault}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("place", "fault"), [("absent/kept.csv", "make its folder first"), (".", "name a file")])
def test_a_place_that_cannot_be_written_is_said_before_anything_is_sent(place: str, fault: str, ptscan: Run) -> None:
    done = ptscan("scan", WIDE, "--format", "csv", "-o", place)
    assert (done.returncode, done.stdout) == (1, "")
    assert fault in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_ending_of_the_file_says_the_format(ptscan: Run, port: int, tmp_path: Path) -> None:
    done = ptscan("sweep", "127.60.0.1", "--port", str(port), "-o", "one.jsonl")
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads((tmp_path / "one.jsonl").read_text())["address"] == "127.60.0.1"


def test_no_text_of_a_device_reaches_the_terminal_as_more_than_text(ptscan: Run, responder_at: Responder) -> None:
    evil = b"HP \x1b[31m\x9b2J\x07\r\n\xe2\x80\xae=cmd|' /C calc'!A0[/red]"
    rows: list[Varbind] = [
        (parse_oid("1.3.6.1.2.1.1.1.0"), OCTET_STRING, evil),
        (parse_oid("1.3.6.1.2.1.1.2.0"), OBJECT_IDENTIFIER, parse_oid("1.3.6.1.4.1.11.2.3.9.1")),
        (parse_oid("1.3.6.1.2.1.1.5.0"), OCTET_STRING, evil),
        (parse_oid("1.3.6.1.2.1.25.3.2.1.2.1"), OBJECT_IDENTIFIER, parse_oid("1.3.6.1.2.1.25.3.1.5")),
        (parse_oid("1.3.6.1.2.1.25.3.2.1.3.1"), OCTET_STRING, evil),
        (parse_oid("1.3.6.1.2.1.43.5.1.1.17.1"), OCTET_STRING, b"=1+1" + evil),
        (parse_oid("1.3.6.1.2.1.43.10.2.1.4.1.1"), COUNTER32, 7),
    ]
    with responder_at(rows) as endpoint:
        host, _, number = endpoint.partition(":")
        for form in ("table", "csv", "json", "jsonl"):
            for verb in ("scan", "sweep", "read"):
                where = (endpoint,) if verb == "read" else (host, "--port", number)
                done = ptscan(verb, *where, "--format", form, "--timeout", "0.3", "--retries", "0")
                assert done.stdout.count("HP") >= 1
                for char in done.stdout.replace("\n", "") + done.stderr.replace("\n", ""):
                    assert one_line(char) == char
                if form == "csv":
                    cells = next(csv.reader(done.stdout.splitlines()[1:]))
                    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in cells)


# --- going on ---


def test_an_interrupted_sweep_goes_on_where_it_was(started: Start, ptscan: Run, sim: Sim, tmp_path: Path) -> None:
    port = sim("--fleet", "900", "--seed", "3", "--network", "127.60.32.0/19")
    sweep = ("sweep", "127.60.32.0/19", "--port", str(port), "--resume", "state", "-o", "found.jsonl")
    quick = ("--rate", "max", "--retries", "0", "--timeout", "0.3")
    process = started(*sweep, "--rate", "2000", "--retries", "0", "--timeout", "0.3")
    assert process.stderr is not None
    while not (tmp_path / "found.jsonl").exists() or not (tmp_path / "found.jsonl").stat().st_size:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    before = (tmp_path / "found.jsonl").read_text().splitlines()
    other = ptscan("sweep", "127.60.33.0/24", "--resume", "state")
    assert other.returncode == 2
    assert "belongs to another sweep" in other.stderr
    done = ptscan(*sweep, *quick)
    assert done.returncode == 0
    lines = (tmp_path / "found.jsonl").read_text().splitlines()
    addresses = [json.loads(line)["address"] for line in lines]
    assert lines[: len(before)] == before
    assert len(addresses) == len(set(addresses)) == 900
    assert not (tmp_path / "state").exists()


# --- no way out ---


def test_no_route_is_said_once_with_how_to_mend_it(command: list[str]) -> None:
    """In a network namespace of its own nothing has a route, not even loopback."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-n", "true"], check=False).returncode:
        pytest.skip("a network namespace needs root and util-linux's unshare")
    done = subprocess.run(
        ["unshare", "-n", *command, "scan", "127.60.0.1-9", "--retries", "0", "--timeout", "0.1"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Network is unreachable" in done.stderr
    assert "no route" in done.stderr
    assert [line.startswith("ptscan: ") for line in done.stderr.splitlines()] == [True, False]
