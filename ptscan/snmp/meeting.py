"""How the tasks of one client get to know SNMPv3 devices without doing anything twice. I/O: waits, worker threads."""

import os
import random
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

import trio

from codec import Decoder, Security, UsmError
from ptscan.snmp import limits
from ptscan.snmp.credentials import User
from ptscan.snmp.engine import Engine
from ptscan.snmp.introduction import Acquaintance, Introduction
from ptscan.snmp.keyring import Keyring
from ptscan.snmp.speaker import Salts, UserSpeaker


class Keymaker:
    """Derives keys in worker threads, and each password once, however many tasks wait for it."""

    def __init__(self) -> None:
        self._limiter = trio.CapacityLimiter(os.cpu_count() or 1)
        self._stretching: dict[Keyring, trio.Event] = {}

    async def stretch(self, keyring: Keyring) -> None:
        """Stretch the user's passwords, unless that is done; raises UsmError."""
        while not keyring.is_stretched:
            under_way = self._stretching.get(keyring)
            if under_way is not None:  # a thousand tasks wait here, and are woken all at once, not one by the other
                await under_way.wait()
                continue
            done = self._stretching[keyring] = trio.Event()
            try:
                await trio.to_thread.run_sync(keyring.stretch, limiter=self._limiter)
            finally:
                del self._stretching[keyring]
                done.set()

    async def prepare(self, keyrings: Iterable[Keyring]) -> None:
        """Stretch the passwords of users who will be tried: those of a thousand devices then wait for nothing more.

        A password that is of no use is told when its user is tried.
        """
        for keyring in keyrings:
            with suppress(UsmError):
                await self.stretch(keyring)

    async def derive(self, keyring: Keyring, engine_id: bytes) -> None:
        """Make what ``Keyring.find`` lacks; raises UsmError."""
        await self.stretch(keyring)
        if keyring.find(engine_id) is None:
            await trio.to_thread.run_sync(keyring.extend, engine_id, limiter=self._limiter)


class Meeting:
    """The sessions of one address meet here: while one of them gets to know the device, the others wait."""

    __slots__ = ("acquaintance", "keymaker", "lock")

    def __init__(self, address: str, keymaker: Keymaker) -> None:
        self.acquaintance: Final = Acquaintance(address)
        self.keymaker: Final = keymaker
        self.lock: Final = trio.Lock()


class Meetings:
    """Of one client, by address and port; the oldest makes room. So do the keyrings of its users."""

    def __init__(self, randomness: random.Random, decoder: Decoder) -> None:
        self.keyrings: Final[dict[User, Keyring]] = {}
        self._keymaker = Keymaker()
        self._salts = Salts(randomness)
        self._decoder = decoder
        self._meetings: dict[tuple[str, int], Meeting] = {}
        self._usual: tuple[Sequence[tuple[int, User]], list[tuple[int, Keyring]]] = ((), [])

    def introduce(self, source: tuple[str, int], users: Sequence[tuple[int, User]]) -> tuple[Meeting, Introduction]:
        """Where all who ask this address meet, and an introduction of these users to it."""
        meeting = self._meetings.get(source)
        if meeting is None:
            if len(self._meetings) >= limits.ENGINES_KEPT:
                del self._meetings[next(iter(self._meetings))]
            meeting = self._meetings[source] = Meeting(source[0], self._keymaker)
        if users is not self._usual[0]:  # to look a user up takes a hash of all that it is
            self._usual = users, [(place, self._keyring_of(user)) for place, user in users]
        return meeting, Introduction(self._usual[1], meeting.acquaintance, self._make_speaker)

    def _keyring_of(self, user: User) -> Keyring:
        keyring = self.keyrings.get(user)
        if keyring is None:
            if len(self.keyrings) >= limits.USERS_KEPT:
                del self.keyrings[next(iter(self.keyrings))]
            keyring = self.keyrings[user] = Keyring(user)
        return keyring

    def _make_speaker(self, engine: Engine, security: Security, context: str) -> UserSpeaker:
        return UserSpeaker(engine, security, context, salts=self._salts, decoder=self._decoder)
