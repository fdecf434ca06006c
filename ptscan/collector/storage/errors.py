"""What can go wrong with a store: each one line that says what, where and how to mend it.

    PtscanError
    ├── InputError
    │   ├── StoreUrlError       no store by that name, or none that can be opened so
    │   ├── EntityError         a name that is no entity's, or can't be
    │   ├── JobError            a job that can't be asked of that agent
    │   └── SettingsError       settings that can't be set there
    └── StoreError              ``passing``: the same may be well later, and what was not stored is to be sent again
        ├── StoreBusyError      another writer, a deadlock, a server that is gone: passing
        ├── StoreFullError      the disk or the quota is full: passing, once somebody makes room
        ├── StoreDamagedError   the file is no store, or no whole one
        ├── StoreFailedError    reading or writing failed; the connection was given up: passing
        ├── SchemaError         the store is of a later version
        ├── BackupError         no backup, or none that can be restored there
        └── BatchError          a batch that can't be stored at all: ``code`` says why

What may well happen is no error but a value: a token that is refused, a record that is (see ``enrolment``, ``ingest``).
"""

from typing import ClassVar

from ptscan.errors import InputError, PtscanError


class StoreUrlError(InputError):
    """A store that can't be opened as it was named."""


class EntityError(InputError):
    """A name that is no entity's, or can't be."""


class JobError(InputError):
    """A job that can't be asked of that agent."""


class SettingsError(InputError):
    """Settings that can't be set there."""


class StoreError(PtscanError):
    """The base of what the store raises; nothing of the transaction was kept, unless it was the commit that failed."""

    passing: ClassVar[bool] = False


class StoreBusyError(StoreError):
    """Somebody else writes, or the server can't be reached."""

    passing = True


class StoreFullError(StoreError):
    """No room."""

    passing = True


class StoreFailedError(StoreError):
    """Reading, writing or syncing failed."""

    passing = True


class StoreDamagedError(StoreError):
    """No store, or no whole one."""


class SchemaError(StoreError):
    """A store of a later version of ptscan."""


class BackupError(StoreError):
    """A backup that could not be made, or not be restored."""


class BatchError(StoreError):
    """Nothing of the batch was stored. ``code``: ``unknown-agent``, ``revoked``, ``suspended``, ``bad-epoch``,
    ``too-many-spools``."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
