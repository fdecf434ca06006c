"""What the spool raises: each says in one line what, where and how to mend it.

An error of any kind took nothing: what was acknowledged before is kept.

    SpoolError                  the spool cannot be used
    ├── SpoolInUseError         another process has it
    ├── SpoolFullError          no room, by its own limit or on the disk: nothing was taken
    ├── SpoolUnwritableError    the disk failed: nothing was taken, and the file is reopened before the next attempt
    └── RecordTooLargeError     one record, or one put, is more than the spool takes
"""

from pathlib import Path

from ptscan.errors import PtscanError


class SpoolError(PtscanError):
    """The spool cannot be used."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"spool {path}: {fault}")
        self.path = path


class SpoolInUseError(SpoolError):
    """Another process has the spool open."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "is in use by another agent: end that one, or name another directory")


class SpoolFullError(SpoolError):
    """Nothing was taken; what was taken before is kept."""


class SpoolUnwritableError(SpoolError):
    """Nothing was taken: the disk failed."""


class RecordTooLargeError(SpoolError):
    """Nothing was taken: one record, or one put, is more than the spool takes."""


class Damage(Exception):  # noqa: N818  not for a person: the spool mends it
    """The file does not say what was written into it; it never leaves the spool."""
