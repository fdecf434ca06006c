"""What stands where a serial number or a MAC should: unset memory, words for nothing, addresses that nobody was given.

A placeholder is borne by many devices, so that none of them may be known by it. Each test returns why something is
one, as the end of a sentence that begins with its name, or None.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

MAX_SERIAL: Final = 64
"""Characters of a serial; it becomes part of the device_id."""
MIN_SERIAL: Final = 4
"""Letters and digits of a serial: what is shorter is borne by many."""

_APART: Final = re.compile(r"[\W_]+")
_SERIAL_LABEL: Final = re.compile(r"\A(?:S/?N|SER(?:IAL)?(?: ?(?:NO|NUMBER|NR))?)\.? ?[:=#]", re.IGNORECASE)
_OF_A_LINE: Final = re.compile(r"(?:[ _-](?:series|printer|mfp))+\Z", re.IGNORECASE)
"""What stands behind a model where a line of products is named: ``ET-5850 Series``."""
_HEX_MAC: Final = re.compile(r"[0-9a-f]{12}")

# In the form of plain(), in the languages that panels are sold in.
_WORDS: Final = """
    unknown none null nil na notavailable notapplicable notset notspecified notassigned noserial noserialnumber nosn
    undefined unspecified uninitialized uninitialised unassigned default defaultstring empty blank invalid error dummy
    private tbd tobefilled tobefilledbyoem systemserialnumber chassisserialnumber boardserialnumber
    asset1234567890 assettag noasset noassettag
    unbekannt keine keiner nichtverfügbar nichtgesetzt leer inconnu inconnue aucun aucune nondisponible nondéfini
    desconocido ninguno nodisponible sconosciuto nessuno nondisponibile desconhecido nenhum indisponível onbekend geen
    okänd okänt ingen ukendt ukjent tuntematon nieznany brak neznámý ismeretlen necunoscut bilinmiyor yok
    неизвестно неизвестный нет невідомо άγνωστο 不明 なし 未設定 未知 无 未设置 알수없음 없음
"""
_NOTHING: Final = frozenset(_WORDS.split())
_MAC_OCTETS: Final = 6
_LABELS: Final = frozenset({"serial", "serialno", "serialnumber"})
_SPELLED: Final = ("deadbeef", "deadc0de", "cafebabe", "feedface", "badc0ffe")
_RUNS: Final = tuple(
    run * (MAX_SERIAL // len(run) + 2)
    for digits in ("0123456789", "0123456789abcdef", "abcdefghijklmnopqrstuvwxyz")
    for run in (digits, digits[::-1])
)


def plain(text: str) -> str:
    """Letters and digits alone, without case and width: the form in which names and numbers are compared."""
    return _APART.sub("", unicodedata.normalize("NFKC", text).casefold())


def without_label(serial: str) -> str:
    """The serial without the label that some devices write before it: ``S/N: CNB1234567``."""
    return _SERIAL_LABEL.sub("", serial, count=1).strip()


def serial_fault(serial: str, names: Iterable[str | None] = ()) -> str | None:
    """Say why a serial is none; ``names`` are the maker's, the model's and what else the device is called."""
    if len(serial) > MAX_SERIAL:
        return f"is longer than {MAX_SERIAL} characters"
    bare = plain(without_label(serial))
    if len(set(bare)) < 2:
        return "is one character repeated" if bare else "holds no letter and no digit"
    if bare in _NOTHING:
        return "is a word for none"
    if bare in {plain(form) for name in names if name for form in (name, _OF_A_LINE.sub("", name))}:
        return "is the name of the maker or the model"
    if len(bare) < MIN_SERIAL:
        return f"has fewer than {MIN_SERIAL} letters and digits"
    if _counts(bare):
        return "only counts up or down"
    if _HEX_MAC.fullmatch(bare) and _is_well_known(bytes.fromhex(bare)):
        return "is a MAC that people made up"
    return None


def is_label(serial: str) -> bool:
    """Whether this is the name of the field in the place of its value: devices that were made anonymous have it."""
    return plain(serial) in _LABELS


def mac_fault(mac: str) -> str | None:
    """Say why a MAC such as ``00:1b:78:01:02:03`` names no device, though an interface may well have it."""
    try:
        octets = bytes.fromhex(mac.replace(":", ""))
    except ValueError:
        octets = b""
    if len(octets) != _MAC_OCTETS:
        return "is no MAC"  # as a file may have it that was not written by a reading
    if not any(octets):
        return "is all zero"
    if octets[0] & 1:
        return "is a group address"
    if octets[0] & 2:
        return "is locally administered"
    if octets[3:] in (b"\0\0\0", b"\xff\xff\xff"):
        return "has only the maker's part"
    return "is a well-known placeholder" if _is_well_known(octets) else None


def _is_well_known(octets: bytes) -> bool:
    """Whether people made it up: ``00:00:00:00:00:01``, ``00:11:22:33:44:55``, ``00:01:23:45:67:89``."""
    digits = octets.hex()
    steps = {(two - one) % 256 for one, two in pairwise(octets[1:])}
    return (
        not any(octets[:5])
        or len(steps) == 1
        or _counts(digits.lstrip("0"))
        or any(word in digits for word in _SPELLED)
    )


def _counts(bare: str) -> bool:
    """Whether digits or letters follow each other, up or down, over the end as well: ``4567890``."""
    return len(bare) >= MIN_SERIAL and any(bare in run for run in _RUNS)
