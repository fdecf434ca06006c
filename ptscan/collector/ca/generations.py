"""Is it the agent, or a copy of its key? Judged by the generation in its certificate and by who is heard when. Pure.

Every renewal makes a new key and counts the generation up. A stolen copy and its owner can't both stay in step: the
second of them to connect or to renew is behind, or holds another key of the same generation. That is told from honest
misfortune by three rules:

- The answer to a renewal may be lost. So the generation before is good until the newest was seen in use, and it may
  renew again for the key that was asked for already: it gets the same generation.
- The collector may be restored from an old backup. So a generation from its own issuing certificate that it does not
  remember is believed, and learnt.
- A connection that was cut looks alive for a while. So two sessions are two machines only when the older one is still
  heard well after the newer one began.

Whoever judged a copy suspends the agent: both ends of the line, until a person decides.
"""

import enum
from collections.abc import Sequence

import msgspec

from ptscan.collector.ca import limits


class Verdict(enum.Enum):
    """What to do with an agent that connects or renews."""

    WELCOME = "welcome"
    LEARNT = "learnt"
    """As welcome; the collector knew less than the certificate says: was it restored from a backup?"""
    COPY = "copy"
    """Two machines hold keys of one agent: suspend it, and tell."""
    SUSPENDED = "suspended"
    SAME_KEY = "same-key"
    """A renewal for the key that is in use already: refuse it, a new key is made each time."""


class Standing(msgspec.Struct, frozen=True):
    """What the collector remembers of an agent's certificates."""

    generation: int
    """Of the newest certificate that was issued."""
    key: bytes
    """The fingerprint of its key."""
    seen: bool = False
    """Whether the newest was shown in a handshake."""
    previous_key: bytes | None = None
    suspended: bool = False


def enrolled(key: bytes) -> Standing:
    """The standing of an agent that was just enrolled with ``key``."""
    return Standing(generation=1, key=key)


def connected(standing: Standing, *, generation: int, key: bytes) -> tuple[Verdict, Standing]:
    """Judge an agent whose certificate says ``generation`` and is for ``key``, and say what to remember."""
    if standing.suspended:
        return Verdict.SUSPENDED, standing
    if generation > standing.generation:
        return Verdict.LEARNT, Standing(generation=generation, key=key, seen=True)
    if generation == standing.generation and key == standing.key:
        return Verdict.WELCOME, msgspec.structs.replace(standing, seen=True)
    if _is_previous(standing, generation, key):
        return Verdict.WELCOME, standing
    return _copy(standing)


def renewed(standing: Standing, *, generation: int, key: bytes, new_key: bytes) -> tuple[Verdict, Standing]:
    """Judge a renewal for ``new_key`` by the holder of ``key``; what to issue is what the standing then says."""
    verdict, standing = connected(standing, generation=generation, key=key)
    if verdict in {Verdict.COPY, Verdict.SUSPENDED}:
        return verdict, standing
    if generation == standing.generation:
        if new_key == key:
            return Verdict.SAME_KEY, standing
        return verdict, Standing(generation=generation + 1, key=new_key, previous_key=key)
    if new_key == standing.key:
        return verdict, standing
    return _copy(standing)


class Heard(msgspec.Struct, frozen=True):
    """One session of an agent: when it began and when octets last came from it; instants."""

    began: float
    last: float


def are_twins(sessions: Sequence[Heard]) -> bool:
    """Whether the sessions of one agent are more than one machine's."""
    newest = max((session.began for session in sessions), default=0.0)
    return any(session.began < newest and session.last - newest > limits.TWIN_GRACE_SECONDS for session in sessions)


def _is_previous(standing: Standing, generation: int, key: bytes) -> bool:
    return not standing.seen and generation == standing.generation - 1 and key == standing.previous_key


def _copy(standing: Standing) -> tuple[Verdict, Standing]:
    return Verdict.COPY, msgspec.structs.replace(standing, suspended=True)
