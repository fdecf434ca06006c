"""Canaries: hosts that answered, asked again to feel the path. What becomes of them says what the path loses.

Theory of operation. A probe into the unknown that stays silent says little: most addresses are silent. A host that
answered a moment ago and does not now says that the path lost something. So a few of the packets go to such hosts, each
with a request-id of its own from a range that no probe uses, cut from a keyed stream so that nobody can guess it.

- A host is asked ``uses`` times in a sweep at most, its first probes included, by one packet at a time, and then rests
  for a moment.
- A host that never answered as a canary may be a liar (it answers once and falls silent): its first miss counts. The
  next time it is on trial, which counts neither way (else survivors alone would count): it is believed from then on, or
  out if others answered meanwhile.
- What counts is told as :class:`Felt`, at once when an answer comes, else when patience is over; an answer that comes
  later still takes its loss back.
"""

from collections import deque
from hashlib import shake_128
from typing import Final, NamedTuple

_FIRST_ID: Final = 0x2000_0000
_ID_BITS: Final = 29
_WORDS: Final = 256  # ids that are cut from the stream at a time
_KEPT_HOSTS: Final = 4_096
_KEPT_LOST: Final = 8_192  # canaries that were given up and may be answered late
_REST_SECONDS: Final = 0.02
_MISSED_REST_SECONDS: Final = 0.2  # else a path that loses nearly all eats up the few hosts that it let through


class Felt(NamedTuple):
    """What became of a canary that left at ``sent_at``: ``answered`` 1 or 0, ``lost`` 1 or 0, or -1: taken back."""

    sent_at: float
    answered: int
    lost: int


class _Host:
    __slots__ = ("answers_of_others", "free_at", "misses", "position", "proved", "uses", "way")

    def __init__(self, position: int, way: int, uses: int) -> None:
        self.position = position
        self.way = way
        self.uses = uses
        self.free_at = 0.0
        self.misses = 0
        self.answers_of_others = 0
        self.proved = False

    @property
    def counts(self) -> bool:
        """Whether its next answer, or the lack of one, says something."""
        return self.proved or not self.misses


class Canaries:
    """Hosts known to answer, each asked again up to ``uses`` times; ``key`` is secret.

    A host that did not answer is left alone for ``spacing`` seconds from when it was asked: it may just be slow.
    """

    def __init__(self, *, uses: int, key: bytes, spacing: float = 0.0) -> None:
        self._uses = uses
        self._key = key
        self._spacing = spacing
        self._drawn = 0
        self._ids: list[int] = []
        self._hosts: deque[_Host] = deque()  # by the instants from which they may be asked
        self._missed: deque[_Host] = deque()  # the same, of those that did not answer the last time: they wait longer
        self._flying: dict[int, tuple[_Host, float]] = {}  # in the order of leaving
        self._given_up: dict[int, tuple[float, bool]] = {}
        self._over: dict[int, None] = {}  # ids that were answered, the latest ones: networks double what they carry
        self._felt: list[Felt] = []
        self._answers = 0
        self.left = 0
        """Canaries that may still be sent with the hosts known now."""

        self.sent = 0
        """Canaries that left."""

    @property
    def wants(self) -> bool:
        """Whether another known host is of use."""
        return self._uses > 0 and len(self._hosts) + len(self._missed) < _KEPT_HOSTS

    @property
    def in_flight(self) -> int:
        """Canaries that left and are neither answered nor given up."""
        return len(self._flying)

    def position_of(self, request_id: int) -> int | None:
        """The target that was asked with this id, while it is in flight; None for any other id."""
        flying = self._flying.get(request_id)
        return None if flying is None else flying[0].position

    def known(self, position: int, way: int, *, asked: int = 1) -> None:
        """The target at ``position`` answered when asked in ``way``, after ``asked`` probes."""
        uses = self._uses + 1 - asked
        if uses > 0 and len(self._hosts) + len(self._missed) < _KEPT_HOSTS:
            self._hosts.append(_Host(position, way, uses))
            self.left += uses

    def take(self, count: int, now: float) -> list[tuple[int, int, int]]:
        """Give up to ``count`` canaries that leave ``now``, each as (position, way, request-id)."""
        taken: list[tuple[int, int, int]] = []
        for hosts in (self._hosts, self._missed):
            while len(taken) < count and hosts and hosts[0].free_at <= now:
                host = hosts.popleft()
                host.uses -= 1
                request_id = self._draw()
                self._flying[request_id] = (host, now)
                taken.append((host.position, host.way, request_id))
        self.left -= len(taken)
        self.sent += len(taken)
        return taken

    def ready(self, now: float, *, most: int) -> int:
        """How many of ``most`` canaries :meth:`take` would give ``now``."""
        ready = 0
        for hosts in (self._hosts, self._missed):
            for host in hosts:
                if ready >= most or host.free_at > now:
                    break
                ready += 1
        return ready

    def unsent(self, request_id: int) -> None:
        """The canary with this id did not leave after all."""
        flying = self._flying.pop(request_id, None)
        if flying is not None:
            host, _ = flying
            host.uses += 1
            self.left += 1
            self.sent -= 1
            self._hosts.appendleft(host)

    def answered(self, request_id: int, *, now: float) -> float | None:
        """An answer came with this id, from where it should: give its round-trip time, None when it is not ours."""
        flying = self._flying.pop(request_id, None)
        if flying is not None:
            host, sent_at = flying
            if host.counts:
                self._felt.append(Felt(sent_at, 1, 0))
            host.proved = True
            host.misses = 0
            self._answers += 1
            self._rest(host, now, sent_at)
            if len(self._over) >= _KEPT_LOST:
                del self._over[next(iter(self._over))]
            self._over[request_id] = None
            return now - sent_at
        late = self._given_up.pop(request_id, None)
        if late is not None:
            sent_at, counted = late
            if counted:
                self._felt.append(Felt(sent_at, 1, -1))
            return now - sent_at
        return None

    def was_answered(self, request_id: int) -> bool:
        """Whether an answer with this id came already."""
        return request_id in self._over

    def __contains__(self, request_id: int) -> bool:
        """Whether an answer with this id is awaited."""
        return request_id in self._flying or request_id in self._given_up

    def expire(self, now: float, patience: float) -> list[Felt]:
        """Give up those that left ``patience`` seconds ago; give what was felt since the last time."""
        while self._flying:
            request_id, (host, sent_at) = next(iter(self._flying.items()))
            if sent_at + patience > now:
                break
            del self._flying[request_id]
            counted = host.counts
            host.misses += 1
            if host.misses == 1:
                host.answers_of_others = self._answers
            if counted:
                self._felt.append(Felt(sent_at, 0, 1))
            if len(self._given_up) >= _KEPT_LOST:
                del self._given_up[next(iter(self._given_up))]
            self._given_up[request_id] = (sent_at, counted)
            self._rest(host, now, sent_at)
        felt, self._felt = self._felt, []
        return felt

    def _rest(self, host: _Host, now: float, sent_at: float) -> None:
        if not host.uses:
            return
        if host.misses > 1 and not host.proved and self._answers > host.answers_of_others:
            self.left -= host.uses
        elif host.misses:
            host.free_at = max(now + _MISSED_REST_SECONDS, sent_at + self._spacing)
            self._missed.append(host)
        else:
            host.free_at = now + _REST_SECONDS
            self._hosts.append(host)

    def _draw(self) -> int:
        while True:
            if not self._ids:
                stream = shake_128(b"canaries" + self._key + self._drawn.to_bytes(8, "big"))
                self._drawn += 1
                words = memoryview(stream.digest(4 * _WORDS)).cast("I")
                self._ids = [_FIRST_ID | word >> 32 - _ID_BITS for word in words]
            request_id = self._ids.pop()
            if request_id not in self:
                return request_id
