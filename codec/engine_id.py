"""What an snmpEngineID says of its engine (RFC 3411 section 5, SnmpEngineID)."""

from typing import Final

_NEW_STYLE: Final = 0x80  # the first bit: the fifth octet names the format of the rest
_FORMAT_MAC: Final = 3
_MAC_OCTETS: Final = 6


def engine_enterprise(engine_id: bytes) -> int | None:
    """The maker's enterprise number, which the first four octets hold; None where they hold none."""
    number = int.from_bytes(engine_id[:4], "big") & 0x7FFF_FFFF
    return number if number and len(engine_id) > 4 else None


def engine_mac(engine_id: bytes) -> bytes | None:
    """The six octets of the MAC address that the engine ID was made of, None where it was made of something else."""
    if len(engine_id) < 5 + _MAC_OCTETS or not engine_id[0] & _NEW_STYLE or engine_id[4] != _FORMAT_MAC:
        return None
    return engine_id[5 : 5 + _MAC_OCTETS]
