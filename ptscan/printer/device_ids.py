"""The device_id: what a device is known by for good, whatever its address, its interfaces or who names its maker.

``maker:SERIAL``, else ``mac:001b78010203``, else ``engine:8000000b05…``. Where a device tells none of these its address
stands in, and is said to be no identity.
"""

import re
import unicodedata
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from proto_schema import Identity
from ptscan.printer.placeholders import is_label, mac_fault, without_label
from ptscan.profiles import Profile

_APART: Final = re.compile(r"[\W_]+")
_PADDING: Final = "\xff* "
MAX_SLUG: Final = 64
"""Characters of a maker in a device_id."""
_OTHER_KINDS: Final = frozenset({"mac", "engine", "address"})
_COMPANIES: Final = """
    inc incorporated corp corporation co company ltd limited llc gmbh ag kk international electronics technologies
"""
_COMPANY: Final = frozenset(_COMPANIES.split())
"""Words of a maker's name that one source adds and another leaves out."""

# RFC 3411 section 5, SnmpEngineID: four octets of the enterprise, the highest bit says that a format follows.
_ENGINE_HEAD: Final = 4
_ENGINE_OCTETS: Final = range(5, 33)
_FORMAT_IPV4, _FORMAT_IPV6, _FORMAT_MAC = 1, 2, 3
_MAC_OCTETS: Final = 6


def device_id(
    identity: Identity, *, profiles: Sequence[Profile] = (), engine_id: str | None, address: str, port: int
) -> tuple[str, bool]:
    """Return the id and whether it is stable: maker and serial, else a MAC that names the device, else the engine ID.

    ``profiles`` know the names of makers; ``engine_id`` is hexadecimal. The address stands in only where a device
    tells nothing of its own; such an id does not survive a change of it.
    """
    if identity.serial and not is_label(identity.serial):
        maker = maker_slug(identity.manufacturer, profiles) if identity.manufacturer else None
        return f"{maker or _enterprise(identity)}:{serial_key(identity.serial)}", True
    mac = identity.mac
    engine = _engine_octets(engine_id)
    if (mac is None or mac_fault(mac)) and engine is not None:
        mac = _engine_mac(engine)
    if mac is not None and not mac_fault(mac):
        return _mac_id(mac), True
    if engine is not None and _names_a_device(engine, address):
        return f"engine:{engine.hex()}", True
    return f"address:{address}:{port}", False


def known_by(identifier: str, mac: str | None) -> tuple[str, ...]:
    """Return by what a device is found again among other readings: its device_id, then its MAC; never its address."""
    keys = () if identifier.startswith("address:") else (identifier,)
    return keys if mac is None or mac_fault(mac) else tuple(dict.fromkeys((*keys, _mac_id(mac))))


def serial_key(serial: str) -> str:
    """The serial as it is compared: without case, width, blanks, padding and the label that some write before it."""
    text = unicodedata.normalize("NFKC", serial).strip(_PADDING)
    return "".join(without_label(text).split()).upper()


def maker_slug(name: str, profiles: Sequence[Profile]) -> str:
    """One word for a maker, whichever of its names a source uses: ``Hewlett-Packard`` and ``HP Inc.`` are ``hp``.

    A rebrand that a profile knows keeps its own name.
    """
    brand = next((brand for profile in profiles for pattern, brand in profile.brands if pattern.search(name)), None)
    if brand is None:
        brand = next((profile.vendor for profile in profiles if profile.vendor and profile.makes(name)), name)
    words = [word for word in _APART.split(unicodedata.normalize("NFKC", brand).casefold()) if word]
    while len(words) > 1 and words[-1] in _COMPANY:
        words.pop()
    slug = "-".join(words)[:MAX_SLUG]
    return f"maker-{slug}" if slug in _OTHER_KINDS else slug


def _mac_id(mac: str) -> str:
    return "mac:" + mac.replace(":", "")


def _enterprise(identity: Identity) -> str:
    """What stands for the maker where nobody names it: its enterprise number (RFC 1155), which no two makers share."""
    found = re.match(r"1\.3\.6\.1\.4\.1\.(\d+)", identity.sys_object_id or "")
    return f"enterprise-{found[1]}" if found else "unknown"


def _engine_octets(engine_id: str | None) -> bytes | None:
    """The octets of an engine ID of the length that RFC 3411 allows."""
    try:
        octets = bytes.fromhex(engine_id or "")
    except ValueError:
        return None
    return octets if len(octets) in _ENGINE_OCTETS else None


def _engine_mac(engine: bytes) -> str | None:
    """The MAC that an engine ID of format 3 is made of: the device is then the one that tells it in its ifTable."""
    kind, rest = engine[_ENGINE_HEAD], engine[_ENGINE_HEAD + 1 :]
    return rest.hex(":") if engine[0] & 0x80 and kind == _FORMAT_MAC and len(rest) == _MAC_OCTETS else None


def _names_a_device(engine: bytes, address: str) -> bool:
    """Whether an engine ID is the device's own: not made of an IP address, of a placeholder MAC or of nothing."""
    kind, rest = engine[_ENGINE_HEAD], engine[_ENGINE_HEAD + 1 :]
    if not engine[0] & 0x80:
        rest = engine[_ENGINE_HEAD:]
    elif kind in (_FORMAT_IPV4, _FORMAT_IPV6) or _engine_mac(engine) is not None:
        return False
    asked = _as_address(address.partition("%")[0])
    if asked is not None and asked.packed in rest:
        return False
    return len(set(rest)) > 1 and _as_address(rest.strip(b"\0 ").decode("latin-1")) is None


def _as_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
