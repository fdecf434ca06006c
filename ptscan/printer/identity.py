"""Who a printer is: which MAC and serial can be believed, and the device_id that survives a change of address."""

import re
from collections.abc import Mapping
from typing import Final

from codec import Oid, Varbind
from proto_schema import Identity
from ptscan.printer import standard
from ptscan.printer.evidence import Ledger
from ptscan.printer.facts import Facts, fact_text
from ptscan.printer.rows import Columns, Index, oid_text
from ptscan.printer.text import decode_text
from ptscan.profiles import ieee1284

MAC_COLUMNS: Final[tuple[Oid, ...]] = (standard.IF_TYPE, standard.IF_PHYS_ADDRESS)

_MAC_IN_TEXT: Final = re.compile(rb"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}")
MAX_SERIAL: Final = 64
"""Characters of a serial; it becomes part of the device_id."""

_NAMES: Final = frozenset({"manufacturer", "model", "serial", "firmware", "asset"})
"""The fields in which a dash means that there is nothing."""

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


def read_identity(
    values: Mapping[Oid, Varbind], columns: Columns, device: Index | None, facts: Facts, ledger: Ledger
) -> Identity:
    """Return who the printer is; a placeholder for a serial is refused, and the next source is asked."""
    fields: dict[str, str | None] = {}

    def keep(name: str, text: str | None, varbind: Varbind, rule: str, profile: str, confidence: str) -> None:
        if text is None or name in fields or (name in _NAMES and not any(map(str.isalnum, text))):
            return
        if name == "serial" and is_placeholder(text, fields.get("model")):
            ledger.problem("placeholder-serial", f"The serial {text!r} is a placeholder and was refused.")
            return
        if name == "model":
            # Some put the whole device ID there, some append their firmware ("AltaLink C8045; SS 100.002…").
            if (named := ieee1284(text.encode()).get("MDL")) is not None:
                text = named.decode()
            text = without_maker(text.partition(";")[0].rstrip() or text, fields.get("manufacturer"))
        fields[name] = text
        ledger.book(f"identity.{name}", text, varbind, rule=rule, profile=profile, confidence=confidence)

    def take(name: str, varbind: Varbind | None = None, rule: str = "") -> None:
        """Ask the facts that know better than the standard, then the standard, then the other facts."""
        for prefer in ("own", "standard"):
            for fact in facts.get(f"identity.{name}", ()):
                if fact.prefer == prefer:
                    keep(name, fact_text(fact), fact.raw, fact.rule, fact.profile, fact.confidence)
            if prefer == "own" and varbind and isinstance(varbind[2], bytes):
                keep(name, decode_text(varbind[2]), varbind, rule, standard.PROFILE, "high")

    descriptions = columns.column(standard.HR_DEVICE_DESCR)
    take("manufacturer")
    take("model", descriptions.get(device) if device else None, "hrDeviceDescr of the printer's row")
    take("serial", columns.first(standard.PRT_GENERAL_SERIAL_NUMBER), "prtGeneralSerialNumber")
    take("firmware")
    take("asset")
    take("name", values.get(standard.SYS_NAME), "sysName")
    take("name", columns.first(standard.PRT_GENERAL_PRINTER_NAME), "prtGeneralPrinterName")
    take("location", values.get(standard.SYS_LOCATION), "sysLocation")
    take("contact", values.get(standard.SYS_CONTACT), "sysContact")
    take("description", values.get(standard.SYS_DESCR), "sysDescr")
    if (chosen := choose_mac(columns)) is not None:
        keep("mac", *chosen, "ifPhysAddress of the first interface that is no loopback", standard.PROFILE, "high")
    object_id = values.get(standard.SYS_OBJECT_ID)
    if object_id and (dotted := oid_text(object_id)) is not None:
        keep("sys_object_id", dotted, object_id, "sysObjectID", standard.PROFILE, "high")
    return Identity(**fields)
