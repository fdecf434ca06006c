"""``agent.toml``: what a person lets this agent do, and how; read once at the start. I/O."""

import re
import tomllib
from collections.abc import Callable, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

from proto_schema import JOB_VERBS
from ptscan.agent import limits
from ptscan.agent.schedule import Timing, parse_cron, parse_every
from ptscan.agent.spool import Bounds
from ptscan.agent.zone import local_zone
from ptscan.errors import InputError
from ptscan.snmp import Community, Credential, Secret, Version, load_credentials

FILE: Final = "agent.toml"
TEMPLATE: Final = """\
# What this agent may do. It is read when the agent starts.

# What may be asked at all, by a schedule or by the collector: addresses, 10.0.0.0/16, 10.0.0.1-50, host names,
# "local" for the attached networks. Nothing is asked until something stands here.
targets = []
# What is never asked; excludes win.
exclude = []
# Packets a second at most.
rate = 500

# Who devices are asked as: communities in their order, or a file as of `ptscan scan --credentials`.
community = ["public"]
# credentials = "credentials.toml"

[snmp]
# port = 161
# version = "auto"       # 1, 2c, 3
# timeout = 1.0          # seconds
# retries = 2

# What is done without being asked. The collector may add schedules of its own.
[[schedule]]
name = "readings"
every = "1h"             # or: cron = "0 6 * * *", in local time
# verb = "scan"          # or: sweep, read
# targets = ["local"]    # all that may be asked, where nothing is said

[spool]
# megabytes = 1024       # of what waits for the collector
# days = 30              # a full spool keeps of what is older one reading a day of each device

[page]
# listen = "127.0.0.1:1301"   # a page about this agent, for this machine alone; or "off"

[collector]
# proxy = "http://proxy.example:3128"
"""
_LINE: Final = re.compile(r"line (\d+)")
_MENDS: Final = {
    "proxy": "write http://HOST:PORT",
    "targets": 'write a list, as ["10.0.0.0/16", "local"]',
    "exclude": 'write a list, as ["10.0.9.0/24"]',
    "community": 'write a list, as ["public"]',
    "schedule": "write each as [[schedule]], with two brackets",
}


class ConfigError(InputError):
    """A settings file that cannot be used: ``path`` names it, the text what is wrong and how to mend it."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path}: {fault}")
        self.path = path


class Snmp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How devices are asked."""

    port: Annotated[int, Meta(ge=1, le=65_535)] = 161
    version: Version = "auto"
    timeout: Annotated[float, Meta(gt=0, le=300)] = 1.0
    retries: Annotated[int, Meta(ge=0, le=10)] = 2


class LocalSchedule(NamedTuple):
    """Something that is done again and again because the file says so."""

    name: str
    timing: Timing
    verb: str = "scan"
    targets: tuple[str, ...] = ()
    """Empty for all that may be asked."""
    exclude: tuple[str, ...] = ()


class AgentConfig(NamedTuple):
    """What a person lets this agent do, and how."""

    folder: Path
    targets: tuple[str, ...] = ()
    """What may be asked at all; nothing where it is empty."""
    exclude: tuple[str, ...] = ()
    credentials: tuple[Credential, ...] = ()
    snmp: Snmp = Snmp()
    rate: float = 500.0
    """Packets a second at most."""
    schedules: tuple[LocalSchedule, ...] = ()
    bounds: Bounds = Bounds()
    page: tuple[str, int] | None = ("127.0.0.1", 1301)
    """Where the page listens, on loopback; None for nowhere."""
    proxy: str | None = None
    zone: Callable[[], tzinfo] = local_zone
    """Where cron's times are."""

    @property
    def spool_folder(self) -> Path:
        """Where readings wait."""
        return self.folder / "spool"


_Texts = Annotated[list[str], Meta(max_length=4_096)]


class _Schedule(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=64)]
    every: str | None = None
    cron: str | None = None
    verb: str = "scan"
    targets: _Texts = []
    exclude: _Texts = []


class _Spool(msgspec.Struct, forbid_unknown_fields=True):
    megabytes: Annotated[int, Meta(ge=1, le=1 << 20)] = 1_024
    days: Annotated[float, Meta(ge=0, le=36_500)] = 30.0


class _Page(msgspec.Struct, forbid_unknown_fields=True):
    listen: str = "127.0.0.1:1301"


class _Collector(msgspec.Struct, forbid_unknown_fields=True):
    proxy: str | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    targets: _Texts = []
    exclude: _Texts = []
    rate: Annotated[float, Meta(ge=1, le=100_000_000)] = 500.0
    community: Annotated[list[str], Meta(max_length=64)] = []
    credentials: str | None = None
    snmp: Snmp = Snmp()
    schedule: Annotated[list[_Schedule], Meta(max_length=limits.SCHEDULES)] = []
    spool: _Spool = msgspec.field(default_factory=_Spool)
    page: _Page = msgspec.field(default_factory=_Page)
    collector: _Collector = msgspec.field(default_factory=_Collector)


def load_agent_config(folder: Path) -> AgentConfig:
    """Read ``agent.toml`` in ``folder``, and the credentials that it names; blocks.

    Without the file everything is as by default, and nothing may be asked. Raises ConfigError and CredentialsError.
    """
    path = folder / FILE
    file = _read(path)
    credentials: tuple[Credential, ...] = tuple(Community(Secret(text)) for text in file.community)
    if file.credentials is not None:
        credentials += load_credentials(folder / file.credentials)
    return AgentConfig(
        folder=folder,
        targets=_targets(path, "targets", file.targets),
        exclude=_targets(path, "exclude", file.exclude),
        credentials=credentials or (Community(Secret("public")),),
        snmp=file.snmp,
        rate=file.rate,
        schedules=_schedules(path, file.schedule),
        bounds=Bounds(octets=file.spool.megabytes << 20, detail_seconds=file.spool.days * 86_400.0),
        page=_listen(path, file.page.listen),
        proxy=file.collector.proxy,
    )


def write_template(folder: Path) -> bool:
    """Write a commented ``agent.toml`` where there is none, and say whether that was so; blocks. Raises ConfigError."""
    path = folder / FILE
    try:
        with path.open("x", encoding="utf-8") as file:
            path.chmod(0o600)
            file.write(TEMPLATE)
    except FileExistsError:
        return False
    except OSError as error:
        raise ConfigError(path, f"cannot be written: {error.strerror}") from error
    return True


def _read(path: Path) -> _File:
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise ConfigError(path, "is no file: put a file in its place")
    try:
        with path.open("rb") as file:
            octets = file.read(limits.CONFIG_OCTETS + 1)
    except FileNotFoundError:
        return _File()
    except OSError as error:
        raise ConfigError(path, f"cannot be read: {error.strerror}") from error
    if len(octets) > limits.CONFIG_OCTETS:
        raise ConfigError(path, f"is larger than {limits.CONFIG_OCTETS} octets: put lists of targets into @FILE")
    try:
        text = octets.decode("utf-8-sig")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigError(path, f"octet {error.start} is not UTF-8: save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, f"not valid TOML: {error}") from error
    except (ValueError, RecursionError):  # which tomllib lets pass: a number of 5,000 digits, a thousand brackets
        raise ConfigError(path, "not to be read as TOML: a number is too long, or brackets are too deep") from None
    try:
        return msgspec.convert(table, _File)
    except msgspec.ValidationError as error:
        raise ConfigError(path, _explain(error, text)) from error


def _explain(error: msgspec.ValidationError, text: str) -> str:
    fault, _, at = str(error).partition(" - at ")
    where = at.strip("`").removeprefix("$").removeprefix(".")
    unknown = re.search(r"unknown field `(.*)`", fault, re.DOTALL)
    if unknown is not None:
        kind = {"snmp": Snmp, "spool": _Spool, "page": _Page, "collector": _Collector}.get(where, _File)
        known = (_Schedule if where.startswith("schedule[") else kind).__struct_fields__
        line = _line_of(unknown[1], text)
        section = f"[{where}] " if where else ""
        return f"{line}{section}{unknown[1][:64]!r} is nothing known here: use one of {', '.join(known)}"
    last = re.split(r"[.\[]", where)[0]
    mend = _MENDS.get(last)
    key = where.rpartition(".")[2].partition("[")[0]
    return f"{_line_of(key, text)}{where}: {fault[:1].lower()}{fault[1:]}" + (f": {mend}" if mend else "")


def _line_of(key: str, text: str) -> str:
    """Say where ``key`` stands, if that is certain."""
    pattern = re.compile(rf"^\s*(?:\[+\s*)?[\"']?{re.escape(key)}[\"']?\s*[\]=]", re.MULTILINE)
    found = list(pattern.finditer(text))
    return f"line {text.count(chr(10), 0, found[0].end()) + 1}: " if key and len(found) == 1 else ""


def _targets(path: Path, key: str, texts: Sequence[str]) -> tuple[str, ...]:
    """Target files are named beside the settings file, wherever the agent was started."""
    for text in texts:
        if not text.strip() or len(text) > 512:
            raise ConfigError(path, f"{key}: {text[:40]!r} is no target: write an address, 10.0.0.0/16 or local")
    return tuple(f"@{path.parent / text[1:]}" if text.startswith("@") else text for text in texts)


def _schedules(path: Path, entries: Sequence[_Schedule]) -> tuple[LocalSchedule, ...]:
    names = [entry.name for entry in entries]
    made = []
    for place, entry in enumerate(entries):
        where = f"schedule {entry.name!r}"
        if entry.name in names[:place]:
            raise ConfigError(path, f"{where} is there twice: give the second one another name")
        if entry.verb not in JOB_VERBS:
            raise ConfigError(path, f"{where}: verb {entry.verb!r} is none of {', '.join(JOB_VERBS)}")
        if (entry.every is None) == (entry.cron is None):
            raise ConfigError(path, f'{where}: say when, by either every = "1h" or cron = "0 6 * * *"')
        try:
            timing = parse_cron(entry.cron) if entry.cron is not None else parse_every(entry.every or "")
        except InputError as error:
            raise ConfigError(path, f"{where}: {error}") from error
        targets, exclude = _targets(path, where, entry.targets), _targets(path, where, entry.exclude)
        made.append(LocalSchedule(entry.name, timing, entry.verb, targets, exclude))
    return tuple(made)


def _listen(path: Path, text: str) -> tuple[str, int] | None:
    if text == "off":
        return None
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    if host not in ("127.0.0.1", "::1", "localhost") or not (port.isascii() and port.isdigit() and len(port) <= 5):
        raise ConfigError(path, f'page.listen: "{text[:40]}" is no place: write "127.0.0.1:1301", or "off"')
    if int(port) > 65_535:
        raise ConfigError(path, f"page.listen: {port} is no port: use one up to 65535")
    return ("127.0.0.1" if host == "localhost" else host), int(port)
