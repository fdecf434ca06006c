"""Which of a device's objects a recording keeps, leaves out or empties: no jobs, people, other hosts. Pure."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

from codec import OCTET_STRING, Oid, Varbind, oid_arcs, oid_from_arcs, parse_oid
from ptscan.profiles import DENIED_SUBTREES, ProfileSet

ROOTS: Final[tuple[Oid, ...]] = (parse_oid("1.3.6.1.2.1"), parse_oid("1.3.6.1.4.1"))
"""What is walked: the standard MIBs and those of the vendors."""

ROUTES: Final[tuple[Oid, ...]] = (parse_oid("1.3.6.1.2.1.4.21"), parse_oid("1.3.6.1.2.1.4.24"))
"""Other hosts of the device's network, which a reading may pass but a recording never keeps."""

EMPTIED: Final[tuple[Oid, ...]] = (
    parse_oid("1.3.6.1.2.1.1.4"),  # sysContact
    parse_oid("1.3.6.1.2.1.1.5"),  # sysName
    parse_oid("1.3.6.1.2.1.1.6"),  # sysLocation
)
"""Who owns the device and where it stands: kept as objects, without their texts."""

_CLOSED: Final = (*map(parse_oid, DENIED_SUBTREES), *ROUTES)
PRODUCT_TEXTS: Final = (parse_oid("1.3.6.1.2.1.1.1.0"), parse_oid("1.3.6.1.2.1.25.3.2.1.3"))
_SHORTEST_COPY: Final = 3  # octets: what is shorter is in other texts by chance
_SHORTEST_WITHIN: Final = 8  # octets, as of a password
_MAX_ARC: Final = 2**32 - 1


def closed_around(oid: Oid) -> Oid | None:
    """Return the closed subtree that ``oid`` lies in, or None."""
    return next((root for root in _CLOSED if oid.startswith(root)), None)


def behind(subtree: Oid) -> Oid:
    """Return where a walk goes on behind ``subtree`` and the closed ones that follow it at once."""
    position = after(subtree)
    while (closed := closed_around(position)) is not None:
        position = after(closed)
    return position


def open_around(oid: Oid, root: Oid) -> Oid:
    """Return the largest subtree below ``root`` that holds ``oid``, an open object, and nothing closed.

    A walk of it never asks for a closed object.
    """
    arcs = oid_arcs(oid)
    for length in range(len(oid_arcs(root)) + 1, len(arcs)):
        subtree = oid_from_arcs(arcs[:length])
        if not any(closed.startswith(subtree) for closed in _CLOSED):
            return subtree
    return oid


def after(subtree: Oid) -> Oid:
    """Return the name that the next sibling of ``subtree`` would have: nothing follows the subtree before it."""
    *parents, last = oid_arcs(subtree)
    while last == _MAX_ARC:
        last = parents.pop()
    return oid_from_arcs((*parents, last + 1))


def objects_below(profiles: ProfileSet, subtree: Oid) -> set[Oid]:
    """Return the single objects and the rows below ``subtree`` that any of ``profiles`` asks for by name."""
    asked = (
        oid
        for profile in profiles.profiles
        for oid in chain(profile.ask.scalars, chain.from_iterable(chain.from_iterable(profile.ask.rows)))
    )
    return {oid for oid in asked if oid.startswith(subtree)}


def without_people(
    varbinds: Sequence[Varbind], secrets: Iterable[bytes], emptied: tuple[Oid, ...] = EMPTIED
) -> tuple[list[Varbind], int]:
    """Return ``varbinds`` with the texts of ``emptied``, their copies elsewhere and ``secrets`` emptied, and how many.

    So is a text that has a long secret within. What is part of what the device calls its product is no person, no
    place, and no long secret.
    """
    products = b"\n".join(_text(varbind) for varbind in varbinds if varbind[0].startswith(PRODUCT_TEXTS))
    personal = {_text(varbind) for varbind in varbinds if varbind[0].startswith(emptied)}
    personal = {text for text in personal if len(text) >= _SHORTEST_COPY and text not in products}
    hidden = {secret.lower() for secret in secrets}
    personal |= hidden
    within = tuple(secret for secret in hidden if len(secret) >= _SHORTEST_WITHIN and secret not in products)

    def tells(varbind: Varbind) -> bool:
        if varbind[0].startswith(emptied):
            return True
        text = _text(varbind)
        return varbind[1] == OCTET_STRING and (text in personal or any(secret in text for secret in within))

    kept = [(varbind[0], varbind[1], b"") if tells(varbind) else varbind for varbind in varbinds]
    return kept, sum(before is not now and before[2] != b"" for before, now in zip(varbinds, kept, strict=True))


def _text(varbind: Varbind) -> bytes:
    """Return a text as it is compared: without the padding and the case that devices add."""
    _, tag, value = varbind
    return value.strip(b"\0 \t\r\n").lower() if tag == OCTET_STRING and isinstance(value, bytes) else b""
