"""Who a printer is: which serial and MAC can be believed, and whether there is more than one printer at its address."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from codec import Oid, Varbind
from proto_schema import Identity
from ptscan.printer import standard
from ptscan.printer.evidence import Ledger
from ptscan.printer.facts import Facts, fact_text
from ptscan.printer.placeholders import is_label, mac_fault, serial_fault
from ptscan.printer.rows import Columns, Index, oid_text
from ptscan.printer.text import decode_text
from ptscan.profiles import Fact, ieee1284

MAC_COLUMNS: Final[tuple[Oid, ...]] = (standard.IF_TYPE, standard.IF_PHYS_ADDRESS)

_MAC_IN_TEXT: Final = re.compile(rb"[0-9A-Fa-f]{2}(?:([:-]?)[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}")
_MAC_OCTETS: Final = 6

# IANAifType: ethernetCsmacd and what older agents call the same (iso88023Csmacd, fastEther, gigabitEthernet).
_CABLES: Final = frozenset({6, 7, 62, 69, 117})
_WIRELESS: Final = 71  # ieee80211

_NAMES: Final = frozenset({"manufacturer", "model", "serial", "firmware", "asset"})
"""The fields in which a dash means that there is nothing."""


def mac_text(octets: object) -> str | None:
    """Return the six octets of a unicast MAC as ``00:1b:78:01:02:03``, or None for anything else.

    Some agents send the text of it instead, with or without colons.
    """
    if isinstance(octets, bytes) and _MAC_IN_TEXT.fullmatch(octets):
        octets = bytes.fromhex(octets.translate(None, b":-").decode())
    if not isinstance(octets, bytes) or len(octets) != _MAC_OCTETS or octets[0] & 1 or not any(octets):
        return None
    return octets.hex(":")


def choose_mac(columns: Columns) -> tuple[str, Varbind] | None:
    """Return the MAC of the printer, whatever the order of its interfaces, which must not be loopbacks.

    Before others come those that name a device, then those of a cable, then Wi-Fi, then the lower ifIndex.
    """
    found = [
        (mac_fault(mac) is not None, _rank(kind), index, mac, varbind)
        for index, kind, varbind in _interfaces(columns)
        if (mac := mac_text(varbind[2])) is not None
    ]
    if not found:
        return None
    *_, mac, varbind = min(found)
    return mac, varbind


def is_final(columns: Columns) -> bool:
    """Whether no other interface could give a better MAC than the one that choose_mac finds, but for its ifIndex."""
    chosen = choose_mac(columns)
    if chosen is None or mac_fault(chosen[0]) is not None:
        return False
    return any(varbind is chosen[1] and _rank(kind) == 0 for _, kind, varbind in _interfaces(columns))


def _interfaces(columns: Columns) -> Iterator[tuple[Index, int | None, Varbind]]:
    """ifIndex, ifType and ifPhysAddress of the interfaces that are no loopback."""
    kinds = columns.column(standard.IF_TYPE)
    for index, varbind in columns.column(standard.IF_PHYS_ADDRESS).items():
        kind = kinds[index][2] if index in kinds else None
        if kind != standard.IF_TYPE_LOOPBACK:
            yield index, kind if isinstance(kind, int) else None, varbind


def _rank(kind: int | None) -> int:
    return 0 if kind in _CABLES else 1 if kind == _WIRELESS else 2


def suspect_macs(columns: Columns) -> list[Varbind]:
    """Return the MACs that look damaged, not merely absent: a GETBULK of some printers garbles them, a GET does not."""
    return [
        varbind
        for varbind in columns.column(standard.IF_PHYS_ADDRESS).values()
        if isinstance(varbind[2], bytes) and varbind[2] and any(varbind[2]) and mac_text(varbind[2]) is None
    ]


def without_maker(model: str, makers: Iterable[str]) -> str:
    """Cut the maker's names off the front of the model's, where something is left: ``OKI DATA CORP C610`` is a C610."""
    names = {tuple(re.findall(r"[^\W_]+", maker)) for maker in makers} - {()}
    words = "|".join(r"[\W_]+".join(map(re.escape, name)) for name in sorted(names, key=len, reverse=True))
    cut = re.sub(rf"^(?:(?:{words})(?:\(R\)|®)?[\s_-]+)+", "", model, flags=re.IGNORECASE) if words else model
    return cut or model


def read_identity(
    values: Mapping[Oid, Varbind],
    columns: Columns,
    device: Index | None,
    facts: Facts,
    ledger: Ledger,
    *,
    makers: Sequence[str] = (),
) -> Identity:
    """Return who the printer is; a placeholder for a serial is refused, and the next source is asked.

    ``makers`` are the names under which the matched profiles' vendors write themselves.
    """
    fields: dict[str, str | None] = {}

    def keep(name: str, text: str | None, varbind: Varbind, rule: str, profile: str, confidence: str) -> None:
        if text is None or name in fields or (name in _NAMES and not any(map(str.isalnum, text))):
            return
        if name == "serial" and (fault := serial_fault(text, _called(fields))) is not None:
            ledger.problem("placeholder-serial", f"The serial {text!r} is a placeholder and was refused: it {fault}.")
            return
        if name == "serial" and is_label(text):
            said = f"The serial {text!r} is the name of the field: it is reported, but the device is not known by it."
            ledger.problem("placeholder-serial", said)
        if name == "model":
            # Some put the whole device ID there, some append their firmware ("AltaLink C8045; SS 100.002…").
            if (named := ieee1284(text.encode()).get("MDL")) is not None:
                text = named.decode()
            text = without_maker(text.partition(";")[0].rstrip() or text, (*makers, fields.get("manufacturer") or ""))
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
    serials = columns.column(standard.PRT_GENERAL_SERIAL_NUMBER)
    own_row = serials.get(device) if device else None
    take("serial", own_row or columns.first(standard.PRT_GENERAL_SERIAL_NUMBER), "prtGeneralSerialNumber")
    take("firmware")
    take("asset")
    take("name", values.get(standard.SYS_NAME), "sysName")
    take("name", columns.first(standard.PRT_GENERAL_PRINTER_NAME), "prtGeneralPrinterName")
    take("location", values.get(standard.SYS_LOCATION), "sysLocation")
    take("contact", values.get(standard.SYS_CONTACT), "sysContact")
    take("description", values.get(standard.SYS_DESCR), "sysDescr")
    chosen = choose_mac(columns)
    told = (fact for fact in facts.get("identity.mac", ()) if mac_text(fact.value) is not None)
    if (fact := _better_mac(chosen, told)) is not None:
        keep("mac", mac_text(fact.value), fact.raw, fact.rule, fact.profile, fact.confidence)
    elif chosen is not None:
        keep("mac", *chosen, "ifPhysAddress: a cable before Wi-Fi, no loopback", standard.PROFILE, "high")
    _say_placeholders(columns, fields.get("mac"), ledger)
    object_id = values.get(standard.SYS_OBJECT_ID)
    if object_id and (dotted := oid_text(object_id)) is not None:
        keep("sys_object_id", dotted, object_id, "sysObjectID", standard.PROFILE, "high")
    return Identity(**fields)


def _called(fields: Mapping[str, str | None]) -> list[str]:
    """What a device may have put in the place of its serial."""
    maker, model = fields.get("manufacturer") or "", fields.get("model") or ""
    return [maker, model, f"{maker} {model}"]


def _better_mac(chosen: tuple[str, Varbind] | None, told: Iterator[Fact]) -> Fact | None:
    """The MAC that a profile knows, where ifTable tells none that names the device."""
    if chosen is not None and mac_fault(chosen[0]) is None:
        return None
    facts = list(told)
    naming = [fact for fact in facts if mac_fault(mac_text(fact.value) or "") is None]
    return next(iter(naming or (facts if chosen is None else [])), None)


def _say_placeholders(columns: Columns, mac: str | None, ledger: Ledger) -> None:
    """Say which MACs name no device.

    Beside a good one only a group address is worth a word: interfaces that are off have zeros, and those of Wi-Fi
    Direct are locally administered.
    """
    if mac is not None and (fault := mac_fault(mac)) is not None:
        # It stays: the interface has it, and switches and DHCP servers know the device by it.
        ledger.problem("placeholder-mac", f"The MAC {mac} {fault}: it is reported, but the device is not known by it.")
    for _, kind, (_, _, octets) in _interfaces(columns):
        if not isinstance(octets, bytes) or mac_text(octets) is not None or not octets:
            continue
        if len(octets) != _MAC_OCTETS:
            if mac is None and _rank(kind) == 0:
                text = f"A MAC of {len(octets)} octets was refused: {octets[:20].hex(':')}."
                ledger.problem("placeholder-mac", text)
        elif mac is None or octets[0] & 1:
            text = f"The MAC {octets.hex(':')} was refused: it {mac_fault(octets.hex(':'))}."
            ledger.problem("placeholder-mac", text)
