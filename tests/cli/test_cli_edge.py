"""Whatever happens inside is one line on stderr and the contract's exit code."""

import errno
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from ptscan.cli.edge import guarded
from ptscan.errors import InputError, PtscanError


def raising(error: BaseException) -> Callable[[], int]:
    def action() -> int:
        raise error

    return action


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (PtscanError("no route to 10.0.0.0/8"), 1, "ptscan: no route to 10.0.0.0/8\n"),
        (InputError('"x" is no target'), 2, 'ptscan: "x" is no target\n'),
        (KeyboardInterrupt(), 130, "ptscan: interrupted\n"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 1, ""),
        (OSError(errno.ENOSPC, "No space left on device", "report"), 1, "ptscan: report: No space left on device\n"),
        (
            OSError(errno.EMFILE, "Too many open files", "x.toml"),
            1,
            "ptscan: too many open files: close some programs, or raise the limit of open files: ulimit -n 256\n",
        ),
        (PtscanError("two\nlines \x1b[31mred\x1b[0m \u202egnp"), 1, "ptscan: two lines [31mred[0m gnp\n"),
    ],
)
def test_an_error_is_one_clean_line_and_its_exit_code(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(raising(error)) == code
    assert capsys.readouterr() == ("", line)


def test_a_group_tells_its_weightiest_error(capsys: pytest.CaptureFixture[str]) -> None:
    group = BaseExceptionGroup("", [KeyboardInterrupt(), ExceptionGroup("", [OSError(1, "x"), InputError("wrong")])])
    assert guarded(raising(group)) == 2
    assert capsys.readouterr().err == "ptscan: wrong\n"


def test_a_signal_that_strikes_trio_itself_is_an_interruption_and_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    """As a second one does that comes while the first is being obeyed."""

    async def main() -> None:
        trio.lowlevel.current_trio_token().run_sync_soon(signal.raise_signal, signal.SIGTERM)
        await trio.sleep(10)

    def action() -> int:
        trio.run(main)
        return 0

    assert guarded(action) == 130
    assert capsys.readouterr().err == "ptscan: interrupted\n"


def test_a_bug_is_one_line_that_says_where_the_detail_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("PTSCAN_DEBUG", raising=False)
    assert guarded(raising(ZeroDivisionError("division by zero"))) == 1
    (detail,) = tmp_path.iterdir()
    assert "Traceback" in detail.read_text()
    line = capsys.readouterr().err
    assert line.startswith("ptscan: this is a bug in ptscan, ZeroDivisionError: division by zero;")
    assert str(detail) in line
    assert line.count("\n") == 1


def test_the_traceback_is_shown_to_who_asks_for_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTSCAN_DEBUG", "1")
    assert guarded(raising(InputError("wrong"))) == 2
    assert "Traceback" in capsys.readouterr().err


def test_an_exit_code_passes() -> None:
    assert guarded(lambda: 3) == 3
    assert guarded(raising(SystemExit(2))) == 2
    assert guarded(raising(SystemExit())) == 0
