"""What is never asked of any device: job, document and user names, accounts, keys, and objects whose reading acts.

Nothing overrides this list: the loader refuses a profile that asks for one of these objects, and whoever builds a
request holds it against :func:`denied`. A subtree here is closed as a whole.
"""

from typing import Final

from codec import Oid, oid_precedes, parse_oid

_OF_HOSTS: Final[dict[str, str]] = {
    # Standard MIBs: what runs on a host, whom it talks to, who looks after it, and the agent's own secrets.
    "1.3.6.1.2.1.3": "address translation table (RFC 1213)",
    "1.3.6.1.2.1.4.22": "ARP table (RFC 4293)",
    "1.3.6.1.2.1.4.35": "neighbour table (RFC 4293)",
    "1.3.6.1.2.1.6.13": "TCP connections (RFC 4022)",
    "1.3.6.1.2.1.6.19": "TCP connections (RFC 4022)",
    "1.3.6.1.2.1.6.20": "TCP listeners (RFC 4022)",
    "1.3.6.1.2.1.7.5": "UDP listeners (RFC 4113)",
    "1.3.6.1.2.1.7.7": "UDP endpoints (RFC 4113)",
    "1.3.6.1.2.1.25.4": "running software (RFC 2790)",
    "1.3.6.1.2.1.25.5": "running software (RFC 2790)",
    "1.3.6.1.2.1.25.6": "installed software (RFC 2790)",
    "1.3.6.1.2.1.43.5.1.1.4": "the printer's operator, a person (prtGeneralCurrentOperator, RFC 3805)",
    "1.3.6.1.2.1.43.5.1.1.5": "who services the printer, a person (prtGeneralServicePerson, RFC 3805)",
    "1.3.6.1.6.3.12": "notification targets (RFC 3413)",
    "1.3.6.1.6.3.13": "notification targets (RFC 3413)",
    "1.3.6.1.6.3.15": "SNMPv3 users (RFC 3414)",
    "1.3.6.1.6.3.16": "access control (RFC 3415)",
    "1.3.6.1.6.3.18": "communities (RFC 3584)",
}

_NEVER_SHOWN: Final[dict[str, str]] = {
    # Jobs, documents, users.
    "1.3.6.1.4.1.2699.1.1": "Job Monitoring MIB (RFC 2707): job owners and names",
    "1.3.6.1.4.1.11.2.3.9.4.2.1.1.6": "HP: jobs and their attributes",
    "1.3.6.1.4.1.367.3.2.1.3": "Ricoh: queues with job and document names",
    "1.3.6.1.4.1.253.8.59": "Xerox: job monitoring (XCMI)",
    "1.3.6.1.4.1.1347.47": "Kyocera: jobs",
    # Reading acts on the device.
    "1.3.6.1.4.1.1248.1.2.2.44": "Epson: the control channel, where reading an object runs a command",
}

DENIED_SUBTREES: Final[dict[str, str]] = {**_OF_HOSTS, **_NEVER_SHOWN}
"""Subtree -> why it is closed."""

ACTING: Final = parse_oid("1.3.6.1.4.1.1248.1.2.2.44")
"""The subtree of which reading acts."""
MAKER_OF_ACTING: Final = parse_oid("1.3.6.1.4.1.1248")
"""The subtree of its maker: what stands in it before ACTING may be asked for by name, and not be stepped on from."""

_DENIED: Final[tuple[tuple[Oid, str], ...]] = tuple((parse_oid(text), why) for text, why in DENIED_SUBTREES.items())
_TO_NOBODY: Final[tuple[tuple[Oid, str], ...]] = tuple((parse_oid(text), why) for text, why in _NEVER_SHOWN.items())
_DENIED_ROOTS: Final = tuple(root for root, _ in _DENIED)
_SHOWN_TO_NOBODY: Final = tuple(root for root, _ in _TO_NOBODY)


def denied(oid: Oid) -> str | None:
    """Say why an object must not be asked for, or None where it may."""
    if not oid.startswith(_DENIED_ROOTS):  # as nearly always, and one call says it of all
        return None
    return next(why for root, why in _DENIED if oid.startswith(root))


def never_shown(oid: Oid) -> str | None:
    """Say why no verb shows an object, or None: jobs with their documents and users, and what acts.

    What the standard MIBs tell of a host is closed to readings, and open to a person who asks for it by number.
    """
    if not oid.startswith(_SHOWN_TO_NOBODY):
        return None
    return next(why for root, why in _TO_NOBODY if oid.startswith(root))


def denied_walk(root: Oid) -> str | None:
    """Say why a walk from ``root`` must not happen (it begins in a closed subtree, or would pass one), or None."""
    return next((why for closed, why in _DENIED if root.startswith(closed) or closed.startswith(root)), None)


def leads_to_action(oid: Oid) -> bool:
    """Whether a GETNEXT or a walk from ``oid`` may end on an object whose reading acts, where what lies between is not
    there: an object of the same maker that stands before it."""
    return oid.startswith(MAKER_OF_ACTING) and oid_precedes(oid, ACTING)
