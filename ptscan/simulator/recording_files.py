"""Recordings in files. This module does I/O: it reads and writes ``.snmprec`` files."""

from collections.abc import Iterable
from pathlib import Path

from codec import Varbind
from ptscan.simulator.errors import RecordingError
from ptscan.simulator.limits import MAX_RECORDING_OCTETS
from ptscan.simulator.recording import Recording, format_recording, parse_recording


def load_recording(path: Path | str) -> Recording:
    """Read one ``.snmprec`` file; raises RecordingError, which names the file, the line, the fault and the mend."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_RECORDING_OCTETS + 1)
    except OSError as error:
        raise RecordingError(path, None, _reason(error), "name a readable .snmprec file") from error
    return parse_recording(data, path)


def load_recordings(paths: Iterable[Path | str]) -> list[Recording]:
    """Read files and, in the order of their names, the ``.snmprec`` files of folders and their subfolders.

    Raises RecordingError as ``load_recording`` does, also for a folder without a recording.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            found = sorted(path.rglob("*.snmprec"))
            if not found:
                raise RecordingError(path, None, "no .snmprec file in this folder", "name a file or another folder")
            files += found
        else:
            files.append(path)
    return [load_recording(file) for file in files]


def write_recording(path: Path | str, varbinds: Iterable[Varbind]) -> None:
    """Write varbinds as a ``.snmprec`` file that ``load_recording`` reads back exactly.

    Raises RecordingError where the file can't be written, ValueError as ``format_recording`` does.
    """
    data = format_recording(varbinds)
    try:
        Path(path).write_bytes(data)
    except OSError as error:
        raise RecordingError(path, None, _reason(error), "name a file that can be written") from error


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
