"""Which MAC a printer is known by: a cable before Wi-Fi, a good one before a placeholder, never a loopback's."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from codec import Oid, Varbind
from ptscan.printer import standard
from ptscan.printer.evidence import Ledger
from ptscan.printer.placeholders import mac_fault
from ptscan.printer.rows import Columns, Index
from ptscan.profiles import Fact

COLUMNS: Final[tuple[Oid, ...]] = (standard.IF_TYPE, standard.IF_PHYS_ADDRESS)

_IN_TEXT: Final = re.compile(rb"[0-9A-Fa-f]{2}(?:([:-]?)[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}")
_OCTETS: Final = 6

# IANAifType: ethernetCsmacd and what older agents call the same (iso88023Csmacd, fastEther, gigabitEthernet).
_CABLES: Final = frozenset({6, 7, 62, 69, 117})
_WIRELESS: Final = 71  # ieee80211


def mac_text(octets: object) -> str | None:
    """Return the six octets of a unicast MAC as ``00:1b:78:01:02:03``, or None for anything else.

    Some agents send the text of it instead, with or without colons.
    """
    if isinstance(octets, bytes) and _IN_TEXT.fullmatch(octets):
        octets = bytes.fromhex(octets.translate(None, b":-").decode())
    if not isinstance(octets, bytes) or len(octets) != _OCTETS or octets[0] & 1 or not any(octets):
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


def better_mac(chosen: tuple[str, Varbind] | None, told: Iterable[Fact]) -> Fact | None:
    """The MAC that a profile knows, where ifTable tells none that names the device."""
    if chosen is not None and mac_fault(chosen[0]) is None:
        return None
    facts = [(mac, fact) for fact in told if (mac := mac_text(fact.value)) is not None]
    naming = [fact for mac, fact in facts if mac_fault(mac) is None]
    return next(iter(naming or ([fact for _, fact in facts] if chosen is None else [])), None)


def is_final(columns: Columns) -> bool:
    """Whether no other interface could give a better MAC than the one that choose_mac finds, but for its ifIndex."""
    chosen = choose_mac(columns)
    if chosen is None or mac_fault(chosen[0]) is not None:
        return False
    return any(varbind is chosen[1] and _rank(kind) == 0 for _, kind, varbind in _interfaces(columns))


def suspect_macs(columns: Columns) -> list[Varbind]:
    """Return the MACs that look damaged, not merely absent: a GETBULK of some printers garbles them, a GET does not."""
    return [
        varbind
        for varbind in columns.column(standard.IF_PHYS_ADDRESS).values()
        if isinstance(varbind[2], bytes) and varbind[2] and any(varbind[2]) and mac_text(varbind[2]) is None
    ]


def say_placeholders(columns: Columns, mac: str | None, ledger: Ledger) -> None:
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
        if len(octets) != _OCTETS:
            if mac is None and _rank(kind) == 0:
                text = f"A MAC of {len(octets)} octets was refused: {octets[:20].hex(':')}."
                ledger.problem("placeholder-mac", text)
        elif mac is None or octets[0] & 1:
            text = f"The MAC {octets.hex(':')} was refused: it {mac_fault(octets.hex(':'))}."
            ledger.problem("placeholder-mac", text)


def _interfaces(columns: Columns) -> Iterator[tuple[Index, int | None, Varbind]]:
    """ifIndex, ifType and ifPhysAddress of the interfaces that are no loopback."""
    kinds = columns.column(standard.IF_TYPE)
    for index, varbind in columns.column(standard.IF_PHYS_ADDRESS).items():
        kind = kinds[index][2] if index in kinds else None
        if kind != standard.IF_TYPE_LOOPBACK:
            yield index, kind if isinstance(kind, int) else None, varbind


def _rank(kind: int | None) -> int:
    return 0 if kind in _CABLES else 1 if kind == _WIRELESS else 2
