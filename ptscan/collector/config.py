"""The collector's settings: a file that a person keeps, read once at the start. I/O: the file."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from proto_schema import PORT
from ptscan.collector import limits
from ptscan.collector.endpoints import EVERYWHERE, Endpoint, is_host, read_endpoint
from ptscan.errors import InputError
from ptscan.tls import open_private_folder, read_private, write_private

FILE: Final = "collector.toml"
OFF: Final = "off"
_PAGES_PORT: Final = 8080
_SQLITE: Final = "sqlite:///"
_TEMPLATE: Final = """\
# The settings of this collector. It reads them when it starts; `ptscan collector check` says what is wrong with them.

# Where agents connect: HOST:PORT; * is every address of this machine.
listen = {listen}

# Host names and addresses by which agents reach it. They stand in the certificate of its port.
names = {names}

# Where readings are kept; empty for {database_file} beside this file, else sqlite:///FILE or postgresql://USER@HOST/NAME.
database = {database}

# Where /healthz, /readyz and /metrics are shown, by plain HTTP and to whoever can connect; "off" for nowhere.
pages = {pages}

# For how many days readings are kept; 0 for ever. The last reading of a device always is.
retention_days = {retention_days}
"""
DATABASE_FILE: Final = "collector.db"


class ConfigFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in the file: unknown keys are refused, and absent ones are as here."""

    listen: str = f"{EVERYWHERE}:{PORT}"
    names: list[str] = []
    database: str = ""
    pages: str = f"127.0.0.1:{_PAGES_PORT}"
    retention_days: int = 730


class CollectorConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a collector runs with; it prints without the database's password."""

    folder: Path
    """Its own, mode 0700."""
    names: tuple[str, ...]
    """By which agents reach it."""
    listen: Endpoint
    """Where agents connect."""
    database: str
    """The store's URL, as ``open_store`` takes it."""
    pages: Endpoint | None
    """Where health and metrics are shown; None for nowhere."""
    retention_days: int
    """How long readings are kept; 0 for ever."""

    @property
    def authority(self) -> Path:
        """The folder of the authority's files."""
        return self.folder / "authority"

    def __repr__(self) -> str:
        return f"CollectorConfig({str(self.folder)!r}, listen={str(self.listen)!r}, names={self.names!r})"


class _RefusedError(InputError):
    """One setting is wrong: ``key`` says which."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(f"{key}: {text}")
        self.key = key


def load_config(folder: Path) -> CollectorConfig:
    """The settings in ``folder``. Raises InputError that says which line is wrong, and how to mend it."""
    open_private_folder(folder)
    path = folder / FILE
    content = read_private(path)
    if content is None:
        raise InputError(f"{path} is not there: run `ptscan collector init`, or name another folder")
    if len(content) > limits.CONFIG_OCTETS:
        raise InputError(f"{path}: it has more than {limits.CONFIG_OCTETS} octets: it is none of ours")
    try:
        text = content.decode()
        return read_config(folder, msgspec.toml.decode(text, type=ConfigFile))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: it is no UTF-8: save it as that") from error
    except _RefusedError as error:
        raise InputError(f"{path}{_line_of(text, error.key)}: {error}") from error
    except msgspec.ValidationError as error:
        raise InputError(_mistyped(path, text, str(error))) from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: it is no TOML: {error}: mend that line") from error
    except (ValueError, RecursionError):  # which tomllib lets pass: a number of 5,000 digits, a thousand brackets
        raise InputError(f"{path}: not to be read as TOML: a number is too long, or brackets are too deep") from None


def write_config(folder: Path, settings: ConfigFile) -> CollectorConfig:
    """Write the file with its comments, and say what it means. Raises InputError for a setting that can't be."""
    config = read_config(folder, settings)
    open_private_folder(folder)
    # What JSON writes of texts, numbers and lists of texts, TOML reads.
    values = {name: msgspec.json.encode(value).decode() for name, value in msgspec.structs.asdict(settings).items()}
    write_private(folder / FILE, _TEMPLATE.format(**values, database_file=DATABASE_FILE).encode())
    return config


def read_config(folder: Path, settings: ConfigFile) -> CollectorConfig:
    """What ``settings`` mean in ``folder``. Raises InputError."""
    if not settings.names:
        raise _RefusedError("names", 'none is given: write how agents reach this machine, as ["collector.example"]')
    for name in settings.names:
        if not is_host(name):
            raise _RefusedError("names", f"{name[:80]!r} is neither a host name nor an address: correct it")
    if not settings.database.isprintable():
        raise _RefusedError("database", "signs that can't be printed: correct it")
    if not 0 <= settings.retention_days <= limits.RETENTION_DAYS:
        text = f"{settings.retention_days} is out of range: write 0 (for ever) to {limits.RETENTION_DAYS}"
        raise _RefusedError("retention_days", text)
    return CollectorConfig(
        folder=folder,
        names=tuple(settings.names),
        listen=_told("listen", lambda: read_endpoint(settings.listen, PORT)),
        database=_store_url(folder, settings.database),
        pages=None if settings.pages == OFF else _told("pages", lambda: read_endpoint(settings.pages, _PAGES_PORT)),
        retention_days=settings.retention_days,
    )


def _store_url(folder: Path, database: str) -> str:
    """The store's URL; a file's path is relative to the folder, whatever directory the collector is started in."""
    path = database.removeprefix(_SQLITE)
    return database if "://" in path else f"{_SQLITE}{folder.absolute() / (path or DATABASE_FILE)}"


def _told(key: str, read: Callable[[], Endpoint]) -> Endpoint:
    try:
        return read()
    except InputError as error:
        raise _RefusedError(key, str(error)) from error


def _mistyped(path: Path, text: str, said: str) -> str:
    """What msgspec says of a file, for a person: which line, which key, and the mend."""
    if unknown := re.search(r"unknown field `([^`]*)`", said):
        known = ", ".join(ConfigFile.__struct_fields__)
        return f"{path}{_line_of(text, unknown[1])}: there is no setting {unknown[1][:80]!r}: write one of {known}"
    where = re.search(r" - at `\$\.(\w+)", said)
    key = where[1] if where else ""
    return f"{path}{_line_of(text, key)}: {key}: {said.partition(' - at')[0].lower()}: correct it"


def _line_of(text: str, key: str) -> str:
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*[\[\"']*{re.escape(key)}[\]\"']*\s*(=|$|#|\.)", line) and key:
            return f", line {number}"
    return ""
