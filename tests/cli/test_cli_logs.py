"""A daemon's log: one line for each thing that happens, and nobody who reads it holds the daemon up."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ptscan.cli.logs import ALARMS, BUGS, MOST_WAITING, NEWS, open_log
from ptscan.link import Trouble

PTSCAN = Path(__file__).parents[2] / "ptscan"
STAMP = r"time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ "


def test_each_thing_is_one_line_with_its_level_kind_and_text(capsys: pytest.CaptureFixture[str]) -> None:
    with open_log() as report:
        report(Trouble("enrolled", "", "agent 7 of ACME / Berlin"))
        report(Trouble("dial-tcp", "collector:7443", "connection refused", ConnectionRefusedError(111, "refused")))
        report(Trouble("copied-key", "", "agent 7 is suspended"))
    out, err = capsys.readouterr()
    assert out == ""
    lines = [re.sub("^" + STAMP, "", line) for line in err.splitlines()]
    assert lines == [
        'level=info kind=enrolled text="agent 7 of ACME / Berlin"',
        'level=warning kind=dial-tcp address=collector:7443 text="connection refused" '
        'error="ConnectionRefusedError: [Errno 111] refused"',
        'level=error kind=copied-key text="agent 7 is suspended"',
    ]


def test_what_a_peer_wrote_into_a_text_makes_no_line_and_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    with open_log() as report:
        report(Trouble("handshake-failed", "10.0.0.1\n", 'no\r\ntime=0 level=info kind=enrolled text="x"\x1b[2J\u202e'))
    [line] = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert line.endswith(r'text="no  time=0 level=info kind=enrolled text=\"x\"[2J"')


def test_what_repeats_is_one_line_and_its_count(capsys: pytest.CaptureFixture[str]) -> None:
    with open_log() as report:
        for _ in range(1_000):
            report(Trouble("store", "", "the disk is full"))
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("text=")[2] for line in lines] == ['"the disk is full"', '"the disk is full" times=999']


def test_of_a_bug_the_traceback_is_kept_and_the_line_says_where(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ZeroDivisionError("by a bug of ours")
    except ZeroDivisionError as error:
        trouble = Trouble("call-failed", "/ptscan.v1.Agent/Upload", "an error ended the call", error)
    with open_log() as report:
        report(trouble)
    [line] = capsys.readouterr().err.splitlines()
    found = re.search(r"the detail is in (\S+),", line)
    assert found is not None
    path = Path(found[1])
    assert "by a bug of ours" in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    path.unlink()


SLOW = """
import time
from ptscan.cli.logs import open_log
from ptscan.link import Trouble
longest = 0.0
with open_log() as report:
    for number in range(20_000):
        began = time.monotonic()
        report(Trouble(f"kind-{number}", "", "x" * 400))
        longest = max(longest, time.monotonic() - began)
    print(f"{longest:.3f}", flush=True)
"""


def test_a_reader_who_is_stuck_holds_nothing_up() -> None:
    """Nobody reads the pipe: its 64 KiB are full after the first hundred lines."""
    reading, writing = os.pipe()
    try:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", SLOW], stdout=subprocess.PIPE, stderr=writing, timeout=60, check=True
        )
        assert float(done.stdout) < 5.0  # the longest that one report took
        assert time.monotonic() - began < 60.0
        kept = os.read(reading, 1 << 16)
        assert kept.count(b"\n") < MOST_WAITING
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_a_broken_standard_error_is_no_news(redirection: str) -> None:
    code = SLOW.replace("20_000", "20")
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0


def test_every_kind_that_has_a_level_is_one_that_somebody_tells() -> None:
    """A kind that was renamed would become a warning without a word."""
    sources = (
        "".join(path.read_text() for room in ("agent", "collector", "link") for path in (PTSCAN / room).rglob("*.py"))
        + (PTSCAN / "cli" / "agent.py").read_text()
    )
    composed = {"job", "spool"} & set(re.findall(r'Trouble\(f"([a-z]+)-\{', sources))
    assert composed == {"job", "spool"}
    untold = {
        kind
        for kind in NEWS | ALARMS | BUGS
        if f'"{kind}"' not in sources
        and not (kind.partition("-")[0] in composed and f'"{kind.partition("-")[2]}"' in sources)
    }
    assert untold == set()
