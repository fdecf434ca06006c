"""What a sweep's parent and its worker processes say to each other: MessagePack frames over pipes. Pure.

The parent sends one :class:`Order`; the end of its stream means stop. The worker sends :class:`Findings` and
:class:`Progress` as they come, and at the end :class:`End` or :class:`Failure`.
"""

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from ptscan.cli.options import Knowing
from ptscan.snmp import Community, Secret
from ptscan.sweep import Sighting, SweepPlan, SweepState, SweepSummary, Version
from ptscan.targets import Address, TargetSet

MAX_FRAME: Final = 64 << 20
"""Octets: the bitmap of the largest sweep takes 8 MiB, a list of findings some."""
_LENGTH: Final = 4
_ADDRESS_OCTETS: Final = 17  # a bit for the family, and 128


class Order(msgspec.Struct, frozen=True):
    """What a worker is to do: its part of a sweep."""

    intervals: list[tuple[bytes, bytes]]  # addresses, which are larger than MessagePack's integers
    credentials: list[tuple[bytes, list[str]]]  # names as octets, and networks
    port: int
    version: Version
    discovery: list[str] | None  # networks
    rate: float | Literal["max"] | None
    timeout: float
    retries: int | None
    seed: int | None
    shard: tuple[int, int]
    max_in_flight: int | None
    sharers: int
    profiles: str | None
    profile: list[str]
    round_: int
    cursor: int
    given: bytes | None


class Findings(msgspec.Struct, frozen=True, tag="found", array_like=True):
    """Sightings, with the number of each one's credential, if it has one, and its position in the part."""

    sightings: list[Sighting]
    credentials: list[int | None]
    positions: list[int]


class Progress(msgspec.Struct, frozen=True, tag="progress", array_like=True):
    """How far the part has come: as a sweep reports it, and for certain, as a SweepState."""

    done: int
    total: int
    found: int
    round_: int
    cursor: int
    found_for_certain: int


class End(msgspec.Struct, frozen=True, tag="end", array_like=True):
    """The part has come to its end, or was told to stop. The instants are of the machine's one monotonic clock."""

    summary: SweepSummary
    began: float
    ended: float
    peak_octets: int


class Failure(msgspec.Struct, frozen=True, tag="failure", array_like=True):
    """The part could not be swept: the line for a person."""

    line: str


Report: TypeAlias = Findings | Progress | End | Failure

_ENCODER: Final = msgspec.msgpack.Encoder()
_REPORTS: Final = msgspec.msgpack.Decoder(Findings | Progress | End | Failure)
_ORDERS: Final = msgspec.msgpack.Decoder(Order)


def encoded(message: Order | Report) -> bytes:
    """Return the frame of a message."""
    octets = _ENCODER.encode(message)
    return len(octets).to_bytes(_LENGTH, "big") + octets


class FrameError(Exception):
    """What came is no frame of ours."""


class Frames:
    """Cuts the frames out of a stream."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes | bytearray) -> Iterator[bytes]:
        """Take what came and give the messages that are whole; raises FrameError."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH:
            size = int.from_bytes(self._buffer[:_LENGTH], "big")
            if size > MAX_FRAME:
                raise FrameError(f"a frame of {size} octets")
            if len(self._buffer) < _LENGTH + size:
                return
            message = bytes(self._buffer[_LENGTH : _LENGTH + size])
            del self._buffer[: _LENGTH + size]
            yield message


def report_of(message: bytes) -> Report:
    """Return what a worker says; raises FrameError."""
    try:
        report: Report = _REPORTS.decode(message)
    except msgspec.MsgspecError as error:
        raise FrameError(str(error)) from error
    return report


def order_of(plan: SweepPlan[Community], state: SweepState, knowing: Knowing) -> Order:
    """Return the order to sweep by ``plan`` from ``state`` on, ``knowing`` the printers."""
    return Order(
        intervals=[(_octets(first), _octets(last)) for first, last in plan.targets.intervals],
        credentials=[(one.octets, [str(network) for network in one.networks]) for one in plan.credentials],
        port=plan.port,
        version=plan.version,
        discovery=None if plan.discovery is None else [str(network) for network in plan.discovery],
        rate=plan.rate,
        timeout=plan.timeout,
        retries=plan.retries,
        seed=plan.seed,
        shard=plan.shard,
        max_in_flight=plan.max_in_flight,
        sharers=plan.sharers,
        profiles=None if knowing.profiles is None else str(knowing.profiles.absolute()),
        profile=[str(Path(file).absolute()) for file in knowing.profile],
        round_=state.round_,
        cursor=state.cursor,
        given=state.given,
    )


def order_from(message: bytes) -> Order:
    """Return what a parent says; raises FrameError."""
    try:
        return _ORDERS.decode(message)
    except msgspec.MsgspecError as error:
        raise FrameError(str(error)) from error


def plan_of(order: Order) -> SweepPlan[Community]:
    """Return the plan that is ordered."""
    return SweepPlan(
        targets=TargetSet(
            (int.from_bytes(first, "big"), int.from_bytes(last, "big")) for first, last in order.intervals
        ),
        credentials=tuple(
            Community(Secret(name.decode("utf-8", "surrogateescape")), tuple(map(ip_network, networks)))
            for name, networks in order.credentials
        ),
        port=order.port,
        version=order.version,
        discovery=None if order.discovery is None else tuple(map(ip_network, order.discovery)),
        rate=order.rate,
        timeout=order.timeout,
        retries=order.retries,
        seed=order.seed,
        shard=order.shard,
        max_in_flight=order.max_in_flight,
        sharers=order.sharers,
    )


def knowing_of(order: Order) -> Knowing:
    """Return what is known of printers there."""
    return Knowing(None if order.profiles is None else Path(order.profiles), tuple(order.profile))


def _octets(address: Address) -> bytes:
    return address.to_bytes(_ADDRESS_OCTETS, "big")
