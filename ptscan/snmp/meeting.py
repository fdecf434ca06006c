"""How the tasks of one client get to know SNMPv3 devices without doing anything twice. I/O: waits, worker threads."""

import os
import random
from collections.abc import Sequence
from typing import Final

import trio

from codec import Decoder, Security
from ptscan.snmp import limits
from ptscan.snmp.credentials import User
from ptscan.snmp.engine import Engine
from ptscan.snmp.introduction import Acquaintance, Introduction
from ptscan.snmp.keyring import Keyring
from ptscan.snmp.speaker import Salts, UserSpeaker


class Keymaker:
    """Derives keys in worker threads, and each password once, however many tasks wait for it."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._limiter = trio.CapacityLimiter(os.cpu_count() or 1)
        self._stretching: dict[User, trio.Lock] = {}

    async def derive(self, user: User, engine_id: bytes) -> None:
        """Make what ``Keyring.find`` lacks; raises UsmError."""
        keyring = self._keyring
        if not keyring.is_stretched(user):
            async with self._stretching.setdefault(user, trio.Lock()):
                if not keyring.is_stretched(user):
                    await trio.to_thread.run_sync(keyring.stretch, user, limiter=self._limiter)
            self._stretching.pop(user, None)
        if keyring.find(user, engine_id) is None:
            await trio.to_thread.run_sync(keyring.extend, user, engine_id, limiter=self._limiter)


class Meeting:
    """The sessions of one address meet here: while one of them gets to know the device, the others wait."""

    def __init__(self, address: str, keymaker: Keymaker) -> None:
        self.acquaintance: Final = Acquaintance(address)
        self.lock: Final = trio.Lock()
        self.derive: Final = keymaker.derive


class Meetings:
    """Of one client, by address and port; the oldest makes room."""

    def __init__(self, randomness: random.Random, decoder: Decoder) -> None:
        self.keyring: Final = Keyring()
        self._keymaker = Keymaker(self.keyring)
        self._salts = Salts(randomness)
        self._decoder = decoder
        self._meetings: dict[tuple[str, int], Meeting] = {}

    def introduce(self, source: tuple[str, int], users: Sequence[tuple[int, User]]) -> tuple[Meeting, Introduction]:
        """Where all who ask this address meet, and an introduction of these users to it."""
        meeting = self._at(source)
        return meeting, Introduction(users, meeting.acquaintance, self.keyring, self._make_speaker)

    def _make_speaker(self, engine: Engine, security: Security, context: str) -> UserSpeaker:
        return UserSpeaker(engine, security, context, salts=self._salts, decoder=self._decoder)

    def _at(self, source: tuple[str, int]) -> Meeting:
        meeting = self._meetings.get(source)
        if meeting is None:
            if len(self._meetings) >= limits.ENGINES_KEPT:
                del self._meetings[next(iter(self._meetings))]
            meeting = self._meetings[source] = Meeting(source[0], self._keymaker)
        return meeting
