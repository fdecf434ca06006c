"""What a restart must not forget: what the collector set, the jobs, and when each schedule was done last. I/O.

Two files in the agent's folder, each written whole and durably. One that cannot be read is told of and begun anew: the
collector says again what it wants, and at worst a job is done twice.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from proto_schema import Job, JobUpdate, Settings
from ptscan.agent import limits
from ptscan.tls import PrivateFileError, read_private, write_private

SETTINGS: Final = "settings.msgpack"
JOBS: Final = "jobs.msgpack"

StructT = TypeVar("StructT", bound=msgspec.Struct)


class KeptJob(msgspec.Struct):
    """A job that waits or runs."""

    job: Job
    beginnings: int = 0
    """How often it was begun."""


class Remembered(msgspec.Struct):
    """What the agent knew when it wrote it down."""

    jobs: list[KeptJob] = []
    """Those that have not ended, in the order in which they came."""
    ended: list[JobUpdate] = []
    """How the latest ones ended."""
    seen: dict[str, float] = {}
    """When each schedule was begun last, and ended."""
    unfinished: dict[str, int] = {}
    """Schedules that were under way, and how often in a row they were begun and not ended."""
    swept_at: str | None = None
    devices: int = 0
    doubles: list[str] = []
    """Device ids that several devices bear."""
    collector: str = ""
    """Whose the settings are: the id of the collector."""


class Memory:
    """The two files in ``folder``; every method blocks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, told: Callable[[str], None]) -> tuple[Settings, Remembered]:
        """Return what is remembered; ``told`` hears what cannot be read."""
        settings = self._read(SETTINGS, Settings, told) or Settings(revision=0)
        return settings, self._read(JOBS, Remembered, told) or Remembered()

    def keep_settings(self, settings: Settings) -> None:
        """Remember the settings. Raises PrivateFileError."""
        self._write(SETTINGS, settings)

    def keep_jobs(self, remembered: Remembered) -> None:
        """Remember all else. Raises PrivateFileError."""
        self._write(JOBS, remembered)

    def _read(self, name: str, kind: type[StructT], told: Callable[[str], None]) -> StructT | None:
        path = self._folder / name
        try:
            octets = read_private(path, most=limits.REMEMBERED_OCTETS)
            return None if octets is None else msgspec.msgpack.decode(octets, type=kind)
        except PrivateFileError as error:
            told(f"{error}; it is begun anew")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            told(f"{path}: cannot be understood ({error}); it is begun anew")
        return None

    def _write(self, name: str, content: msgspec.Struct) -> None:
        path, octets = self._folder / name, msgspec.msgpack.encode(content)
        if len(octets) > limits.REMEMBERED_OCTETS:
            raise PrivateFileError(path, f"it would have more than {limits.REMEMBERED_OCTETS} octets")
        write_private(path, octets, most=limits.REMEMBERED_OCTETS)
