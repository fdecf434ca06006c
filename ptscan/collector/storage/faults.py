"""What a database says went wrong, as the store's own errors; what is none of those is a bug, and stays what it is."""

from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ptscan.collector.storage.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreFailedError,
    StoreFullError,
)

# The primary result codes of SQLite (sqlite.org/rescode.html) that are misfortune.
_BY_SQLITE: Final[dict[int, tuple[type[StoreError], str]]] = {
    3: (StoreFailedError, "no permission to open a file: give it to the user of the collector"),
    5: (StoreBusyError, "another program holds the file: end it"),
    6: (StoreBusyError, "another program holds the file: end it"),
    7: (StoreBusyError, "no memory left: make room"),
    8: (StoreFailedError, "the file or its disk is read-only: mend that"),
    10: (StoreFailedError, "reading, writing or syncing failed: look at the disk"),
    11: (StoreDamagedError, "the file is damaged: restore a backup"),
    13: (StoreFullError, "no room on the disk: make some"),
    14: (StoreFailedError, "the file can't be opened: look at its folder"),
    26: (StoreDamagedError, "the file is no SQLite database: restore a backup"),
}
# SQLSTATE, whole or its class (PostgreSQL 15, appendix A).
_BY_SQLSTATE: Final[dict[str, tuple[type[StoreError], str]]] = {
    "53100": (StoreFullError, "no room on the server's disk: make some"),
    "53": (StoreBusyError, "the server has no room for this connection or query: raise its limits"),
    "40": (StoreBusyError, "another transaction was first: send it again"),
    "55P03": (StoreBusyError, "another transaction holds the row: send it again"),
    "57014": (StoreBusyError, "a statement took too long: look at the server's load"),
    "57P": (StoreBusyError, "the server is stopping or starting: wait"),
    "08": (StoreBusyError, "the connection to the server is gone: look whether it runs"),
    "25006": (StoreFailedError, "the server is read-only: is it a standby?"),
    "28": (StoreFailedError, "the server knows no such user, or not with this password: mend the URL"),
    "3D": (StoreFailedError, "the server has no such database: create it"),
    "58": (StoreFailedError, "reading or writing failed on the server: look at its disk and its log"),
    "XX001": (StoreDamagedError, "the server found its data damaged: restore a backup"),
    "XX002": (StoreDamagedError, "the server found an index damaged: REINDEX, or restore a backup"),
}


def translated(error: SQLAlchemyError, name: str) -> StoreError | None:
    """The store's error for ``error``, or None where it is a bug. ``name`` says which store, without its password."""
    if isinstance(error, PoolTimeoutError):
        return StoreBusyError(f"{name}: too many read it at once: wait")
    if not isinstance(error, DBAPIError):
        return None
    cause = error.orig
    code = getattr(cause, "sqlite_errorcode", None)
    state = getattr(cause, "sqlstate", None)
    found: tuple[type[StoreError], str] | None = None
    if isinstance(code, int):
        found = _BY_SQLITE.get(code & 0xFF)
    elif isinstance(state, str):
        found = next((_BY_SQLSTATE[key] for key in (state, state[:3], state[:2]) if key in _BY_SQLSTATE), None)
    elif error.connection_invalidated or type(cause).__name__ == "OperationalError":
        found = StoreBusyError, "the database can't be reached: look whether it runs"
    if found is None:
        return None
    kind, text = found
    said = str(cause).strip().splitlines()
    return kind(f"{name}: {text} ({said[0] if said else type(cause).__name__})")
