"""Asks discovered SNMPv3 devices as the users that are given: what they are, and which of them let nobody in."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

import trio

from ptscan.snmp import Client, Outcome, User
from ptscan.sweep import PROBE_OIDS, Sighting, SightingReader
from ptscan.targets import parse_address

OPENED_AT_ONCE: Final = 256  # devices; each has one request in flight
MOST_SECONDS: Final = 15.0  # for a device: some give their engine ID to anybody and then nothing to user after user
SUBNET_RATE: Final = 98.0  # requests a second into one /24 (IPv6: /120) where no rate is asked for: as a kind sweep's

_USUAL_REQUESTS: Final = 2.0  # of a device: who its engine is, and what it is itself
_SUBNETS_KEPT: Final = 4_096

_STRANGE: Final = frozenset({Outcome.UNKNOWN_USER, Outcome.NO_CREDENTIAL})
_UNFIT: Final = frozenset(
    {
        Outcome.REFUSED,
        Outcome.WRONG_DIGEST,
        Outcome.UNSUPPORTED_LEVEL,
        Outcome.DECRYPTION_ERROR,
        Outcome.NOT_IN_TIME_WINDOW,
        Outcome.UNKNOWN_ENGINE,
        Outcome.UNKNOWN_CONTEXT,
    }
)


def is_strange(outcome: Outcome) -> bool:
    """Return whether a device knows none of the users, or none may go there: it may well be somebody else's."""
    return outcome in _STRANGE


def is_unfit(outcome: Outcome) -> bool:
    """Return whether a device knows a user and lets nobody in all the same: a password, protocol or level is wrong."""
    return outcome in _UNFIT


class Pace:
    """When the next device may be asked: at most ``rate`` requests a second; pure.

    None: SUBNET_RATE into one subnet. It is kept on the average, by what devices were found to cost.
    """

    def __init__(self, rate: float | Literal["max"] | None) -> None:
        self._rate = SUBNET_RATE if rate is None else rate
        self._by_subnet = rate is None
        self._free_at: dict[int, float] = {}

    def begin(self, address: str, now: float) -> float:
        """Return the instant from which the device at ``address`` may be asked."""
        if self._rate == "max":
            return now
        key = self._key(address)
        if len(self._free_at) >= _SUBNETS_KEPT:
            self._free_at = {each: free_at for each, free_at in self._free_at.items() if free_at > now}
        begin = max(now, self._free_at.get(key, now))
        self._free_at[key] = begin + _USUAL_REQUESTS / self._rate
        return begin

    def spent(self, address: str, requests: int) -> None:
        """The device at ``address`` was sent so many ``requests``."""
        key = self._key(address)
        if self._rate != "max" and key in self._free_at:
            self._free_at[key] += (requests - _USUAL_REQUESTS) / self._rate

    def _key(self, address: str) -> int:
        return parse_address(address) >> 8 if self._by_subnet else 0


class Opener:
    """Asks devices through ``client`` as one of ``users``, at most as fast as ``pace`` allows."""

    def __init__(self, client: Client, users: Sequence[User], reader: SightingReader, pace: Pace) -> None:
        self._client = client
        self._users = tuple(users)
        self._reader = reader
        self._pace = pace
        self.places: Final = trio.Semaphore(OPENED_AT_ONCE)
        """One for each device that may be asked at the same time."""
        self.closed: Counter[str] = Counter()
        """How those ended that opened to no user."""

    async def ask(self, sighting: Sighting) -> Sighting:
        """Return the ``sighting`` with what its device tells a user; as it was where it tells none."""
        session = self._client.session(
            sighting.address,
            sighting.port,
            credentials=self._users,
            version="3",
            accept_other_source=True,  # as the sweep did
        )
        await trio.sleep_until(self._pace.begin(sighting.address, trio.current_time()))
        answer = await session.get(PROBE_OIDS, deadline=trio.current_time() + MOST_SECONDS)
        self._pace.spent(sighting.address, session.traffic.requests)
        if answer.outcome is Outcome.OK:
            return self._reader.complete(sighting, answer.varbinds)
        outcome = Outcome.SILENT if answer.outcome is Outcome.ENDED_EARLY else answer.outcome
        self.closed[outcome.value] += 1
        return sighting
