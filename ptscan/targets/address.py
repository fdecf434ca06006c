"""An address as one integer: IPv4 is itself, IPv6 has bit 128 set, so that both families sort into one line."""

import ipaddress
import socket
from typing import Final, TypeAlias

Address: TypeAlias = int
"""An IPv4 address as its 32-bit number, or an IPv6 address as its 128-bit number plus ``IPV6``."""

IPV6: Final[Address] = 1 << 128
"""The bit that tells an IPv6 address."""

_MAPPED: Final = 0xFFFF << 32  # ::ffff:0:0/96, RFC 4291 section 2.5.5.2: an IPv4 address in IPv6 clothes


def parse_address(text: str) -> Address:
    """Read one literal address, ``text``; an IPv4-mapped IPv6 address becomes the IPv4 address it is.

    Raises ValueError (with ipaddress's own words) when it is none.
    """
    if ":" not in text:
        return int(ipaddress.IPv4Address(text))
    if "%" in text:
        raise ValueError("an address with a zone (%interface) cannot be swept")
    number = int(ipaddress.IPv6Address(text))
    return number & 0xFFFF_FFFF if number >> 32 == _MAPPED >> 32 else IPV6 | number


def format_address(address: Address) -> str:
    """Write ``address`` as text, IPv6 in its shortest form (RFC 5952)."""
    if address < IPV6:
        return socket.inet_ntoa(address.to_bytes(4, "big"))
    return str(ipaddress.IPv6Address(address ^ IPV6))
