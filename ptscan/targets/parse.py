"""Target and exclude texts -> one TargetSet; whatever the outside world must tell is passed in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ptscan.targets.address import IPV6, Address, format_address, parse_address
from ptscan.targets.errors import TargetError
from ptscan.targets.grammar import Asked, Lookup, Piece, read_target
from ptscan.targets.intervals import Interval, merged, subtracted
from ptscan.targets.limits import MAX_FILE_TARGETS
from ptscan.targets.target_set import TargetSet

NEVER_IN_BULK: Final[tuple[Interval, ...]] = (
    (0x00000000, 0x00FFFFFF),  # 0.0.0.0/8, this network (RFC 1122 section 3.2.1.3)
    (0xE0000000, 0xFFFFFFFF),  # 224.0.0.0/4 multicast, 240.0.0.0/4 reserved with 255.255.255.255 (RFC 1112, RFC 919)
    (IPV6, IPV6),  # ::, the unspecified address
    (IPV6 | 0xFF << 120, IPV6 | (1 << 128) - 1),  # ff00::/8 multicast
)
"""What no block or range ever contributes: such an address is probed only when it is named alone."""


@dataclass(frozen=True, slots=True)
class Lookups:
    """What the outside world answered: the text of each file, the addresses of each name, the attached networks."""

    files: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    local: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A target text and where it stood: a file and line, or nothing for the command line."""

    text: str
    where: str = ""


def parse_targets(texts: Iterable[str], exclude: Iterable[str] = (), *, lookups: Lookups | None = None) -> TargetSet:
    """Read target ``texts`` minus ``exclude`` texts into the set to probe; excludes win.

    ``lookups`` holds what ``@file``, host names and ``local`` stand for (:func:`resolve_targets` fetches it).
    Raises TargetError when a text is wrong, a lookup is missing, or nothing is left.
    """
    known = lookups or Lookups()
    wide: list[Interval] = []
    edges: list[Address] = []
    named: list[Address] = []
    given = expanded(texts, known.files)
    for placed in given:
        piece = _piece(placed, known, any_size=False)
        wide += piece.wide
        edges += piece.edges
        named += piece.named
    excluded: list[Interval] = []
    for placed in expanded(exclude, known.files):
        piece = _piece(placed, known, any_size=True)
        excluded += piece.wide
        excluded += _single(piece.named)
    hosts = subtracted(merged(wide), merged([*NEVER_IN_BULK, *_single(edges)]))
    asked = merged([*hosts, *_single(named)])
    kept = subtracted(asked, merged(excluded))
    if not kept:
        raise TargetError("", _why_empty(given, bool(asked)))
    return TargetSet(kept)


def expanded(texts: Iterable[str], files: Mapping[str, str]) -> list[PlacedText]:
    """Put the lines of ``@file`` targets in their place: blanks part targets, # begins a comment. Raises TargetError.

    A file that is not in ``files`` stays as it is.
    """
    placed: list[PlacedText] = []
    for text in texts:
        content = files.get(text[1:]) if text.startswith("@") else None
        if content is None:
            placed.append(PlacedText(text))
            continue
        path, before = text[1:], len(placed)
        for number, line in enumerate(content.splitlines(), 1):
            for word in line.partition("#")[0].split():
                where = f"{path} line {number}"
                if word.startswith("@"):
                    raise TargetError(word, "a file of targets cannot name another file; name both", where=where)
                placed.append(PlacedText(word, where))
            if len(placed) - before > MAX_FILE_TARGETS:
                raise TargetError(text, f"more than {MAX_FILE_TARGETS:,} targets in one file; use CIDRs or ranges")
    return placed


def _piece(placed: PlacedText, known: Lookups, *, any_size: bool) -> Piece:
    read = read_target(placed.text, where=placed.where, any_size=any_size)
    if isinstance(read, Piece):
        return read
    return _found(placed, read, known)


def _found(placed: PlacedText, asked: Asked, known: Lookups) -> Piece:
    if asked.kind is Lookup.NAME and (addresses := known.names.get(asked.subject)):
        return Piece(named=tuple(parse_address(address) for address in addresses))
    if asked.kind is Lookup.LOCAL and known.local:
        pieces = [read for network in known.local if isinstance(read := read_target(network), Piece)]
        return Piece(
            tuple(interval for piece in pieces for interval in piece.wide),
            tuple(edge for piece in pieces for edge in piece.edges),
            tuple(address for piece in pieces for address in piece.named),
        )
    faults = {
        Lookup.NAME: "the host name has no address",
        Lookup.FILE: "the file was not read",
        Lookup.LOCAL: "no attached network was found; write the network as a CIDR",
    }
    raise TargetError(placed.text, faults[asked.kind], where=placed.where)


def _single(addresses: Iterable[Address]) -> list[Interval]:
    return [(address, address) for address in addresses]


def _why_empty(given: Sequence[PlacedText], something_asked: bool) -> str:
    if something_asked:
        return "nothing is left to probe: the excludes cover every target; take one of them away"
    if not given:
        return "no target was given; name an address, a network or a range"
    sample = given[0].text if len(given) == 1 else f"{len(given)} targets"
    try:
        piece = read_target(given[0].text)
        first = format_address(piece.wide[0][0]) if isinstance(piece, Piece) and piece.wide else ""
    except TargetError:  # pragma: no cover - every text was read before
        first = ""
    example = f"; name an address alone ({first}) to probe it all the same" if first else ""
    return (
        f"nothing to probe in {sample}: network, broadcast, multicast, reserved and 0.0.0.0/8 addresses are left out"
        f"{example}"
    )
