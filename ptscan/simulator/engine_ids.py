"""Who each station is to SNMPv3: its engine ID, after what its device tells of itself (RFC 3411 section 5); pure."""

from collections.abc import Iterable
from typing import Final

from codec import (
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    TIMETICKS,
    Oid,
    OidError,
    UsmError,
    check_engine_id,
    oid_arcs,
    parse_oid,
)
from ptscan.simulator.encoding import content_of
from ptscan.simulator.engine import MOST, Engine
from ptscan.simulator.plan import Station
from ptscan.simulator.table import View

_SYS_OBJECT_ID: Final = parse_oid("1.3.6.1.2.1.1.2.0")
_SYS_UP_TIME: Final = parse_oid("1.3.6.1.2.1.1.3.0")
_IF_PHYS_ADDRESS: Final = parse_oid("1.3.6.1.2.1.2.2.1.6")
_ENGINE_ID: Final = parse_oid("1.3.6.1.6.3.10.2.1.1.0")
_ENTERPRISES: Final = (1, 3, 6, 1, 4, 1)
_NO_ENTERPRISE: Final = 32473  # kept for examples (RFC 5612)
_FORMAT_MAC: Final = b"\3"
_FORMAT_TEXT: Final = b"\4"
_MAC_OCTETS: Final = 6


def make_engines(stations: Iterable[Station]) -> dict[str, Engine]:
    """An engine for each station, by its address, the same each time and no two with the same engine ID.

    The engine ID is the one that the device tells (snmpEngineID, in recordings), else made of its maker's enterprise
    number and its MAC address; where it has none, or another station has the same, of the station's address as text.
    """
    engines: dict[str, Engine] = {}
    given: set[bytes] = set()
    for station in stations:
        view = station.device.at(0)
        engine_id = _told(view)
        if engine_id is None or engine_id in given:
            engine_id = _made(view)
        if engine_id is None or engine_id in given:
            engine_id = _head(view) + _FORMAT_TEXT + station.address.encode()
        given.add(engine_id)
        ticks = _value(view, _SYS_UP_TIME, TIMETICKS)
        engines[station.address] = Engine(engine_id, uptime=int.from_bytes(ticks or b"", "big") // 100)
    return engines


def _value(view: View, oid: Oid, due: int) -> bytes | None:
    """The content octets of a row of type ``due``; None where there is none."""
    cell = view.get(oid)
    if cell is None:
        return None
    tag, content = content_of(cell, oid)
    return content if tag == due else None


def _told(view: View) -> bytes | None:
    told = _value(view, _ENGINE_ID, OCTET_STRING)
    try:
        check_engine_id(told or b"")
    except UsmError:
        return None
    return told


def _head(view: View) -> bytes:
    """The four octets of the maker, of whom sysObjectID tells; the first bit says that a format follows."""
    try:
        arcs = oid_arcs(_value(view, _SYS_OBJECT_ID, OBJECT_IDENTIFIER) or b"")
    except OidError:  # a recording may hold anything
        arcs = ()
    number = arcs[6] if len(arcs) > 6 and arcs[:6] == _ENTERPRISES else _NO_ENTERPRISE
    return (1 << 31 | number & MOST).to_bytes(4, "big")


def _made(view: View) -> bytes | None:
    """An engine ID of the first MAC address that ifTable tells; None where it tells none."""
    row = view.step(_IF_PHYS_ADDRESS)
    while row is not None and row[0].startswith(_IF_PHYS_ADDRESS):
        tag, octets = content_of(row[1], row[0])
        if tag == OCTET_STRING and len(octets) == _MAC_OCTETS and any(octets):
            return _head(view) + _FORMAT_MAC + octets
        row = view.step(row[0])
    return None
