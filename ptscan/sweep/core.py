"""The sweep without its sockets: which probes leave next, what an answer means, when all is done.

Theory of operation. The targets stand in a computed order; a *round* passes over it once and probes those positions
that are still silent, which a bitmap of one bit a target remembers. Nothing else is kept per host: the request-id of an
answer names the position and the round (``request_ids``), a log of batches says when that was sent (``send_log``). A
position is probed again only when its last probe has timed out; a late answer to any earlier round counts as well.

The driver calls, with the time as ``now``: :meth:`receive_batch` for what came, :meth:`expire` now and then,
:meth:`next_shot` and then :meth:`shot_sent` in turn, until :meth:`is_done`.
"""

from typing import Generic

from ptscan.sweep.incoming import Incoming
from ptscan.sweep.limits import CHUNK, REVIEW_SECONDS
from ptscan.sweep.outgoing import Outgoing
from ptscan.sweep.plan import CredentialT, SweepPlan
from ptscan.sweep.register import Register
from ptscan.sweep.sighting import Classifier
from ptscan.sweep.state import SweepState
from ptscan.sweep.summary import SweepSummary


class Sweep(Generic[CredentialT]):
    """One sweep by ``plan``, begun ``now``; ``seed`` and the secret ``key`` are the caller's randomness.

    With ``state`` it goes on from there; raises ValueError where that is none of this plan.
    """

    def __init__(
        self,
        plan: SweepPlan[CredentialT],
        *,
        seed: int,
        key: bytes,
        classify: Classifier,
        now: float,
        state: SweepState | None = None,
    ) -> None:
        state = state or SweepState()
        self._register = register = Register(plan, seed=seed, key=key, given=state.given)
        round_ = min(max(0, state.round_), len(register.rounds) - 1)
        cursor = state.cursor // CHUNK * CHUNK
        self._outgoing = outgoing = Outgoing(plan, register, round_=round_, cursor=cursor, now=now)
        self._incoming = Incoming(plan, register, outgoing, classify)
        self._now = self._review_at = now
        self._drops = self._junk_before = self._answered_before = 0
        self._late_drops = 0  # of them, those since the present round began
        self._drops_round = round_
        # The driver's verbs, without a call in between.
        self.next_shot = outgoing.next_shot
        self.shot_sent = outgoing.shot_sent
        self.receive_batch = self._incoming.receive_batch
        self.receive = self._incoming.receive
        self.be_told_unreachable = self._incoming.be_told_unreachable
        self.take_refusals = self._incoming.take_refusals
        self.families = outgoing.families

    def expire(self, now: float) -> None:
        """Close the batches that have timed out by ``now``; the pacer learns from what became of the packets."""
        register = self._register
        self._now = now
        register.log.expire(now)
        if now >= self._review_at:
            self._review_at = now + REVIEW_SECONDS
            felt = register.canaries.expire(now, register.times.patience)
            self._outgoing.pacer.review(felt, register.log, register.times, now=now)

    def kernel_drops(self, count: int, *, now: float) -> None:
        """The system has dropped ``count`` datagrams so far: too many answers at once, unless it is a flood of others.

        A flood does not end because the probes slow down: whoever sends one shall not stop the sweep.
        """
        junk, answered = self._incoming.junk, self.answered
        flooded = junk - self._junk_before > answered - self._answered_before
        self._junk_before, self._answered_before = junk, answered
        if self._outgoing.round != self._drops_round:
            self._drops_round, self._late_drops = self._outgoing.round, 0
        if count > self._drops:
            self._late_drops += count - self._drops
            self._drops = count
            if not flooded:
                self._outgoing.pacer.lost(now)

    def is_done(self) -> bool:
        """Whether nothing is left to send and nobody left to wait for."""
        outgoing = self._outgoing
        return self._register.is_settled or (outgoing.is_over and self._now >= outgoing.quiet_at)

    @property
    def answered(self) -> int:
        """Targets that answered, without those given before."""
        return self._register.answered.count - self._register.given

    def state(self) -> SweepState:
        """Say how far the sweep has come for certain."""
        outgoing, register = self._outgoing, self._register
        unsent = outgoing.round_start + outgoing.unsent
        oldest = register.log.oldest()
        round_, position = divmod(unsent if oldest is None else min(unsent, oldest), max(1, register.size))
        return SweepState(round_, position // CHUNK * CHUNK, found=self.answered)

    def progress(self) -> tuple[int, int]:
        """Give how far the rounds have come, as (done, total) positions; done is total at the end only."""
        outgoing, size = self._outgoing, self._register.size
        total = size * (outgoing.round + 1 + outgoing.rounds_ahead)
        return total if self.is_done() else min(total - 1, outgoing.round_start + outgoing.unsent), total

    def summary(self, *, seconds: float, interrupted: bool) -> SweepSummary:
        """Give the counts so far."""
        outgoing, incoming = self._outgoing, self._incoming
        return SweepSummary(
            hosts=self._register.size,
            answered=self.answered,
            probes=outgoing.probes,
            canaries=self._register.canaries.sent,
            path_limit=outgoing.pacer.limit,
            fell_silent=outgoing.pacer.is_deaf,
            refused=incoming.refused,
            malformed=incoming.malformed,
            duplicates=incoming.duplicates,
            other_source=incoming.other_source,
            unreachable=self._register.written_off.count,
            send_errors=dict(outgoing.send_errors),
            kernel_drops=self._drops,
            late_drops=self._late_drops,
            without_credential=outgoing.without_credential,
            seconds=seconds,
            interrupted=interrupted,
        )
