"""Asks discovered SNMPv3 devices as the users that are given: what they are, and which of them let nobody in."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import trio

from ptscan.snmp import Client, Outcome, User
from ptscan.sweep import PROBE_OIDS, Pace, Sighting, SightingReader

OPENED_AT_ONCE: Final = 256  # devices; each has one request in flight
MOST_SECONDS: Final = 15.0  # for a device: some give their engine ID to anybody and then nothing to user after user


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
