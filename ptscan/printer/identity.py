"""Who a printer is: which MAC and serial can be believed, and the device_id that survives a change of address."""

import re
from typing import Final

from codec import Oid, Varbind
from proto_schema import Identity
from ptscan.printer import standard
from ptscan.printer.rows import Columns, Index

MAC_COLUMNS: Final[tuple[Oid, ...]] = (standard.IF_TYPE, standard.IF_PHYS_ADDRESS)

_MAC_IN_TEXT: Final = re.compile(rb"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}")
MAX_SERIAL: Final = 64
"""Characters of a serial; it becomes part of the device_id."""

_NOT_A_SERIAL: Final = frozenset(
    {"unknown", "none", "null", "na", "notavailable", "notset", "noserial", "noserialnumber", "undefined", "default",
     "tobefilledbyoem", "private", "0123456789", "1234567890", "123456789", "12345678"}
)  # fmt: skip


def mac_text(octets: object) -> str | None:
    """Return the six octets of a unicast MAC as ``00:1b:78:01:02:03``, or None for anything else.

    Some agents send the text of it instead.
    """
    if isinstance(octets, bytes) and _MAC_IN_TEXT.fullmatch(octets):
        octets = bytes.fromhex(octets.translate(None, b":-").decode())
    if not isinstance(octets, bytes) or len(octets) != 6 or octets[0] & 1 or not any(octets):
        return None
    return octets.hex(":")


def is_universal(mac: str) -> bool:
    """Whether a MAC was given by its maker and is not locally administered (IEEE 802, second lowest bit)."""
    return not int(mac[:2], 16) & 2


def choose_mac(columns: Columns) -> tuple[str, Varbind] | None:
    """Return the MAC that names the printer: of the interfaces that are no loopback, the first with a universal MAC."""
    candidates: list[tuple[bool, Index, str, Varbind]] = []
    kinds = columns.column(standard.IF_TYPE)
    for index, varbind in columns.column(standard.IF_PHYS_ADDRESS).items():
        mac = mac_text(varbind[2])
        kind = kinds.get(index)
        if mac and not (kind and kind[2] == standard.IF_TYPE_LOOPBACK):
            candidates.append((not is_universal(mac), index, mac, varbind))
    if not candidates:
        return None
    _, _, mac, varbind = min(candidates)
    return mac, varbind


def suspect_macs(columns: Columns) -> list[Varbind]:
    """Return the MACs that look damaged, not merely absent: a GETBULK of some printers garbles them, a GET does not."""
    return [
        varbind
        for varbind in columns.column(standard.IF_PHYS_ADDRESS).values()
        if isinstance(varbind[2], bytes) and varbind[2] and any(varbind[2]) and mac_text(varbind[2]) is None
    ]


def is_placeholder(serial: str, model: str | None) -> bool:
    """Whether a serial is none: what makers leave in unset memory (one character repeated, a word, the model's name),
    or a text too long for one.
    """
    plain = re.sub(r"[\W_]+", "", serial).lower()
    if len(serial) > MAX_SERIAL:
        return True
    return len(set(plain)) < 2 or plain in _NOT_A_SERIAL or plain == re.sub(r"[\W_]+", "", model or "").lower()


def without_maker(model: str, maker: str | None) -> str:
    """Cut the maker's name off the front of the model's, where something is left."""
    if maker:
        words = r"[\s_-]+".join(map(re.escape, maker.split()))
        cut = re.sub(rf"^{words}(?:\(R\)|®)?[\s_-]+", "", model, flags=re.IGNORECASE)
        return cut or model
    return model


def device_id(identity: Identity, *, engine_id: str | None, address: str, port: int) -> tuple[str, bool]:
    """Return the id and whether it is stable: maker and serial, else a universal MAC, else the engine ID.

    The address stands in only where a device tells nothing of its own; such an id does not survive a change of it.
    """
    if identity.serial:
        maker = re.sub(r"[\W_]+", "-", (identity.manufacturer or _enterprise(identity)).lower()).strip("-")
        serial = "".join(identity.serial.split()).upper()
        return f"{maker}:{serial}", True
    mac = identity.mac and "mac:" + identity.mac.replace(":", "")
    if identity.mac and mac and is_universal(identity.mac):
        return mac, True
    if engine_id:
        return f"engine:{engine_id}", True
    if mac:
        return mac, True
    return f"address:{address}:{port}", False


def _enterprise(identity: Identity) -> str:
    """What stands for the maker where nobody names it: its enterprise number (RFC 1155), which no two makers share."""
    found = re.match(r"1\.3\.6\.1\.4\.1\.(\d+)", identity.sys_object_id or "")
    return f"enterprise-{found[1]}" if found else "unknown"
