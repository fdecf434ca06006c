"""Serial numbers, addresses and names of made-up devices; pure. Nobody and no place of this list exists."""

from typing import Final

from ptscan.simulator.life import Individual, scramble

_LETTERS: Final = "ABCDEFGHJKLMNPRSTUVWXYZ"
_SITES: Final = ("Main building", "North wing", "Annexe", "Warehouse", "Werk Süd", "Büro Köln", "Usine", "Østfløj")
_ROOMS: Final = ("reception", "copy room", "open office", "accounts", "dispatch", "library", "lab", "meeting room")
_CONTACTS: Final = ("it@printers.example", "helpdesk@printers.example", "facility@printers.example", "")


def serial(individual: Individual) -> str:
    """The serial number after the model's pattern: the last ``#`` are digits that no other device of the fleet has."""
    pattern = individual.model.identity.serial
    digits = f"{individual.number:06d}".rjust(pattern.count("#"), "0")
    shown = iter(digits)
    letters = (_LETTERS[scramble(individual.key, 300 + place) % len(_LETTERS)] for place in range(len(pattern)))
    return "".join(next(shown) if c == "#" else next(letters) if c == "@" else c for c in pattern)


def mac(individual: Individual) -> bytes:
    """Six octets: the maker's three and three that no other device of the fleet has."""
    return bytes.fromhex(individual.model.identity.oui) + individual.number.to_bytes(3, "big")


def host(individual: Individual) -> str:
    """The name on the network, after the model's pattern with ``{mac}``, ``{tail}`` (six digits) or ``{number}``."""
    octets = mac(individual).hex().upper()
    pattern = individual.model.identity.host.replace("{mac}", octets).replace("{tail}", octets[6:])
    return pattern.replace("{number}", str(individual.number))


def location(individual: Individual) -> str:
    """Where the device stands."""
    where = scramble(individual.key, 10)
    return f"{_SITES[where % len(_SITES)]}, {where // 64 % 6}. floor, {_ROOMS[where // 1024 % len(_ROOMS)]}"


def contact(individual: Individual) -> str:
    """Whom to ask; empty where nobody entered anything."""
    return _CONTACTS[scramble(individual.key, 11) % len(_CONTACTS)]


def firmware(individual: Individual) -> str:
    """One of the model's versions."""
    versions = individual.model.identity.firmware
    return versions[scramble(individual.key, 12) % len(versions)]


def asset(individual: Individual) -> str:
    """The tag that the owner gave it; empty where the model keeps none."""
    return f"A-{individual.number:06d}" if individual.model.identity.asset else ""
