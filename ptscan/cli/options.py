"""The options that verbs share, and what each text has to look like. Pure.

An :class:`Option` beside a type says how it is typed: ``quick`` reads it at once, ``grammar`` for cyclopts. Every
converter raises ValueError with what is wrong and what would be right; the edge makes one line of it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

from ptscan.cli.endpoints import parse_port


class Group(NamedTuple):
    """Options that stand together in a verb's help."""

    name: str
    sort_key: int


class Option:
    """How a parameter is typed: ``convert`` makes a value of one word; the rest is for its help.

    ``name`` is what it is called where that is not the parameter's own.
    """

    __slots__ = ("convert", "names", "words")

    def __init__(
        self,
        convert: Callable[[str], object] | None = None,
        *,
        name: str | Sequence[str] = (),
        **words: str | bool | Group,
    ) -> None:
        self.convert = convert
        self.names: Final = (name,) if isinstance(name, str) else tuple(name)
        self.words: Final = words


ASKING: Final = Group("How to ask", 10)
SWEEPING: Final = Group("How to sweep", 20)
SHOWING: Final = Group("How to show it", 30)

MAX_TIMEOUT: Final = 300.0  # seconds
MAX_RETRIES: Final = 10
MAX_IN_FLIGHT: Final = 1_000_000
MAX_PROCESSES: Final = 64
MAX_ROUNDS: Final = 1_000  # of a bench
FIRST_PLAYED: Final = 0x7F010000  # 127.1.0.0, the first address of a bench's own responder
MAX_PLAYED: Final = 0x7FFFFFFE - FIRST_PLAYED + 1  # all of loopback behind it, but the broadcast address
MAX_SPEED: Final = 1_000_000.0  # simulated seconds in one
MAX_RATE: Final = 100_000_000  # packets per second: more than any wire carries


Format: TypeAlias = Literal["table", "json", "jsonl", "csv", "xlsx"]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _seconds(text: str) -> float:
    value = _number(text)
    if not 0 < value <= MAX_TIMEOUT:
        raise ValueError(f'"{text}" is no time-out: use seconds above 0 and up to {MAX_TIMEOUT:.0f}, as 0.5')
    return value


def whole(what: str, low: int, high: int) -> Callable[[str], int]:
    """Return what makes a whole number of a word, ``low`` and ``high`` allowed; an error calls it ``what``."""

    def convert(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 20 and low <= int(text) <= high):
            raise ValueError(f'"{text}" is no {what}: use a whole number from {low} to {high}')
        return int(text)

    return convert


def _speed(text: str) -> float:
    value = _number(text)
    if not 0 <= value <= MAX_SPEED:
        raise ValueError(f'"{text}" is no speed: use a number from 0 (time stands still) to {MAX_SPEED:.0f}')
    return value


def _rate(text: str) -> float | Literal["max"]:
    if text == "max":
        return "max"
    value = _number(text)
    if not 1 <= value <= MAX_RATE:
        raise ValueError(f'"{text}" is no rate: use packets per second from 1 to {MAX_RATE}, or max')
    return value


def _shard(text: str) -> tuple[int, int]:
    first, slash, second = text.partition("/")
    if slash and first.isdigit() and second.isdigit() and text.isascii() and len(text) <= 20:
        number, count = int(first), int(second)
        if 1 <= number <= count:
            return number, count
    raise ValueError(f'"{text}" is no shard: write 1/3, 2/3 and 3/3 for the parts of three machines')


Targets: TypeAlias = Annotated[
    str,
    Option(
        name="TARGET",
        help="Address, 10.0.0.0/16, 10.0.0.1-10.0.3.254, 10.0.0.1-50, 10.0.0-3.*, host name, IPv6 prefix up to /112, "
        "@FILE, or local for the attached networks.",
    ),
]
Address: TypeAlias = Annotated[
    str, Option(name="ADDRESS", help="A device: ADDRESS, ADDRESS:PORT, [IPv6]:PORT or a host name.")
]
Port: TypeAlias = Annotated[int, Option(parse_port, metavar="PORT")]
Rate: TypeAlias = Annotated[
    float | Literal["max"] | None,
    Option(_rate, metavar="PACKETS_PER_SECOND|max", show_choices=False),
]
Seconds: TypeAlias = Annotated[float, Option(_seconds, metavar="SECONDS")]
Retries: TypeAlias = Annotated[int, Option(whole("number of retries", 0, MAX_RETRIES), metavar="N")]
Seed: TypeAlias = Annotated[int, Option(whole("seed", 0, 2**64 - 1), metavar="N")]
Processes: TypeAlias = Annotated[int, Option(whole("number of processes", 1, MAX_PROCESSES), metavar="N")]
Rounds: TypeAlias = Annotated[int, Option(whole("number of rounds", 1, MAX_ROUNDS), metavar="N")]
PlayedHosts: TypeAlias = Annotated[int, Option(whole("number of loopback hosts", 1, MAX_PLAYED), metavar="N")]
Count: TypeAlias = Annotated[int, Option(whole("number", 1, 2**32), metavar="N")]
AnyPort: TypeAlias = Annotated[int, Option(whole("port", 0, 65535), metavar="PORT")]
Speed: TypeAlias = Annotated[float, Option(_speed, metavar="FACTOR")]
Previous: TypeAlias = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        group=SHOWING,
        help="Readings of an earlier run (JSON or JSON Lines): say which counters fell, wrapped or jumped since.",
    ),
]
Shard: TypeAlias = Annotated[tuple[int, int] | None, Option(_shard, metavar="I/N")]


@dataclass(frozen=True)
class Asking:
    """How to ask a device."""

    port: Port = 161
    """UDP port of the devices."""
    community: Annotated[tuple[str, ...], Option(metavar="C", show_default=False)] = ()
    """Community to try; give it again for more, tried in order. [default: PTSCAN_COMMUNITY, else public]"""
    snmp_version: Literal["1", "2c", "3", "auto"] = "auto"
    """SNMP version to speak; 3 asks as the users of the credentials file alone."""
    credentials: Annotated[Path | None, Option(metavar="FILE")] = None
    """TOML file of communities and SNMPv3 users, readable by you alone."""
    timeout: Seconds | None = None
    """How long to wait for an answer before asking again, 1 if not said."""
    retries: Retries | None = None
    """How often to ask again, at most; 2 times if not said, and up to 4 where much is lost on the way."""


@dataclass(frozen=True)
class Knowing:
    """What is known of the vendors' printers, beside ptscan's own profiles."""

    profiles: Annotated[Path | None, Option(metavar="FOLDER")] = None
    """Folder of your own vendor profiles, in place of ptscan's of the same name. [default: PTSCAN_PROFILES]"""
    profile: Annotated[tuple[str, ...], Option(metavar="FILE", show_default=False)] = ()
    """A profile of your own that is used before all others of its name; give it again for more."""


@dataclass(frozen=True)
class Sweeping:
    """How to sweep a range."""

    rate: Rate = None
    """Packets per second in all; max lifts every cap. [default: starts gently, at most 25000, and 100 into one /24]"""
    exclude: Annotated[tuple[str, ...], Option(metavar="TARGET", show_default=False)] = ()
    """Never probe this; give it again for more."""
    exclude_file: Annotated[Path | None, Option(metavar="FILE")] = None
    """Never probe what this file lists, a target a line."""
    target_file: Annotated[Path | None, Option(metavar="FILE")] = None
    """Also probe what this file lists, a target a line."""
    seed: Seed | None = None
    """Fix the order of the probes. [default: another one each time]"""
    shard: Shard = None
    """Take the I-th of N parts of the targets: N machines with the same seed share the work."""
    resume: Annotated[Path | None, Option(metavar="FILE")] = None
    """Keep the state of an interrupted sweep in this file, and go on from it where it exists."""
    max_in_flight: Annotated[int | None, Option(whole("number of probes", 1, MAX_IN_FLIGHT), metavar="N")] = None
    """How many probes may wait for an answer at once."""
    processes: Processes = 1
    """How many processes share the sweep: for machines with more than one core, and ranges that take seconds."""


@dataclass(frozen=True)
class Showing:
    """How to show what was found."""

    format: Format | None = None
    """How to write it. [default: as the ending of the file of -o says, else table]"""
    output: Annotated[Path | None, Option(name=["--output", "-o"], metavar="FILE")] = None
    """Write to this file instead of standard output."""
    quiet: Annotated[bool, Option(show_default=False)] = False
    """No words and no progress on standard error; errors are still said."""


DEFAULT_ASKING: Final = Asking()
DEFAULT_KNOWING: Final = Knowing()
DEFAULT_SWEEPING: Final = Sweeping()
DEFAULT_SHOWING: Final = Showing()
