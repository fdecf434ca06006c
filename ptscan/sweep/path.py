"""What the path carries: a limit and a random loss, both estimated from how many survive at which rate.

Theory of operation. Of the packets offered at rate r, a path that carries C packets a second and loses a share 1 - p
of them at random lets through p * min(1, C / r). Two kinds of packets tell: *canaries*, of which p is the survival, and
the *first probes* of the targets, of which p is the share of those that answer, times the survival. Each rate makes a
row of (sent, answered) for both; C is where the likelihood of all rows is highest, p of each kind being the best one
for that C. So congestion is told from random loss by what rates did to survival, however many and how little of each.

- ``ceiling`` is the highest C that the evidence still allows: what may be tried next.
- At one rate alone C and p cannot be told apart. Then a small loss counts as random, a large one as congestion:
  a p below the best that was ever shown costs likelihood (``_PRIOR``). A lower rate brings the second row.
- Some stray losses are always possible (``_STRAY``), so one lost canary is no verdict.
- Old evidence fades: with time, and faster by fresh evidence.
"""

import math
from typing import Final, NamedTuple

_STRAY: Final = 0.985
_PRIOR: Final = 10.0
_PRIOR_SHARE: Final = 0.25  # of the evidence: a few lost canaries are no proof of anything
_DOUBT: Final = 2.0  # likelihood, in nats, below the best: what little evidence leaves possible
_DOUBTED: Final = 40.0  # canaries or answers up to which evidence is little
_LEAST_DOUBT: Final = 0.25
_FAR_BELOW: Final = 0.81
_BIN: Final = 1.04  # rates as close as this share a row
_CHANGED: Final = 3.0  # standard deviations
_CHANGED_FADE: Final = 0.2
_ROWS: Final = 12
_MEMORY: Final = 500.0  # canaries, or answers, after which old evidence counts for little
_MOST_AT_ONCE: Final = 200.0
_HALF_LIFE: Final = 30.0  # seconds
_LEARNT: Final = 100.0  # canaries or answers that a share is learnt from
_SOME: Final = 3.0
_LEAST_SURVIVAL: Final = 0.05
_LEAST_SHARE: Final = 1e-4
_GRID: Final = 40


class Fit(NamedTuple):
    """The likely ``limit`` (infinite: none met), by how many nats the best one beats having none, and the ``ceiling``.

    ``carried`` says that what was lost cannot be a limit far below the highest rate tried, nor a limit alone: some of
    it was lost at random.
    """

    limit: float
    certainty: float
    ceiling: float
    carried: bool


_NO_EVIDENCE: Final = Fit(math.inf, 0.0, math.inf, False)


class _Row:
    """Packets offered at one rate: canaries sent and answered, first probes sent and answered."""

    __slots__ = ("answered", "canaries", "probes", "rate", "survived")

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.canaries = self.survived = self.probes = self.answered = 0.0

    @property
    def weight(self) -> float:
        return self.canaries + self.answered

    def fade(self, factor: float) -> None:
        self.canaries *= factor
        self.survived *= factor
        self.probes *= factor
        self.answered *= factor


def _change(got: float, of: float, fresh: float, fresh_of: float) -> float:
    """By how many standard deviations the ``fresh`` share is higher than the old one."""
    if got + fresh < 1 or of < 1 or fresh_of < 1:
        return 0.0
    share = (got + fresh) / (of + fresh_of)
    return (fresh / fresh_of - got / of) / math.sqrt(max(share * (1 - share), 1e-4) * (1 / of + 1 / fresh_of))


class Path:
    """The evidence about one path."""

    def __init__(self) -> None:
        self._rows: list[_Row] = []
        self._as_of = 0.0
        self.survival = _STRAY
        """The highest share of canaries that this path let through with nothing to hold it back."""

        self.density: float | None = None
        """The share of first probes that are answered when nothing is lost to the rate; None while unknown."""

    def add(self, rate: float, *, canaries: int, survived: int, probes: int, answered: int, now: float) -> None:
        """Of ``canaries`` offered at ``rate``, ``survived`` were answered; of first ``probes``, ``answered``."""
        if not canaries and not probes:
            return
        fresh = min(canaries, _MOST_AT_ONCE) + min(answered, _MOST_AT_ONCE)
        self._fade(max(0.5, 1 - fresh / _MEMORY) * 0.5 ** ((now - self._as_of) / _HALF_LIFE))
        self._as_of = now
        self._forget_what_changed(rate, canaries, survived, probes, answered)
        row = self._row(rate)
        scale = min(1.0, _MOST_AT_ONCE / canaries) if canaries else 0.0
        row.canaries += scale * canaries
        row.survived += scale * survived
        scale = min(1.0, _MOST_AT_ONCE / max(1, answered))
        row.probes += scale * probes
        row.answered += scale * answered

    def _forget_what_changed(self, rate: float, canaries: int, survived: int, probes: int, answered: int) -> None:
        """Survival does not rise with the rate: rows that say so against fresh evidence are of a path that was."""
        for row in self._rows:
            changes = (
                _change(row.survived, row.canaries, survived, canaries),
                _change(row.answered, row.probes, answered, probes),
            )
            worse, better = min(changes) < -_CHANGED, max(changes) > _CHANGED
            if (worse and row.rate > rate / _BIN) or (better and row.rate < rate * _BIN):
                row.fade(_CHANGED_FADE)

    def forget_above(self, rate: float) -> None:
        """Forget what higher rates than ``rate`` did: they are tried anew."""
        self._rows = [row for row in self._rows if row.rate <= rate * _BIN]

    def late(self, rate: float) -> None:
        """A canary that was offered at ``rate`` and counted as lost was answered after all."""
        row = self._row(rate)
        row.survived = min(row.canaries, row.survived + 1)

    def fit(self) -> Fit:
        """Judge all of the evidence."""
        rows = self._rows
        free = self._likelihood(math.inf)
        if not rows:
            return _NO_EVIDENCE
        top = max(row.rate for row in rows)
        bottom = 0.8 * min(row.rate * self._survived(row) for row in rows)
        step = (top / max(bottom, 1.0)) ** (1 / _GRID)
        limits = [top / step**place for place in range(1, _GRID + 1)]  # from the highest
        likelihoods = [self._likelihood(limit) for limit in limits]
        best = max(likelihoods)
        far_below = max(each for each, limit in zip(likelihoods, limits, strict=True) if limit < _FAR_BELOW * top)
        carried = free >= far_below + _DOUBT or free >= _DOUBT + max(
            self._likelihood(limit, nothing_else=True) for limit in limits
        )
        if free >= best - _DOUBT:
            return Fit(math.inf, max(0.0, best - free), math.inf, carried)
        doubt = min(_DOUBT, max(_LEAST_DOUBT, _DOUBTED / max(1.0, sum(row.weight for row in rows))))
        ceiling, limit = (
            next(limit for limit, each in zip(limits, likelihoods, strict=True) if each >= best - allowed)
            for allowed in (doubt, doubt / 4)
        )
        return Fit(limit, best - free, ceiling, carried)

    def learn(self, limit: float = math.inf) -> None:
        """Take what canaries and probes show at rates below ``limit`` for what this path does with no limit.

        Where a limit was met, a share that is lower than the known one is more likely another sign of it.
        """
        sent, got = self._totals(limit, canaries=True)
        if sent:
            share = min(_STRAY, max(_LEAST_SURVIVAL, got / sent))
            if limit == math.inf or share > self.survival:
                self.survival += (share - self.survival) * min(1.0, sent / _LEARNT)
        sent, got = self._totals(limit, canaries=False)
        if got >= _LEARNT / 4:
            share = min(_STRAY, got / sent)
            if self.density is None:
                self.density = share
            elif limit == math.inf or share > self.density:
                self.density += (share - self.density) * min(1.0, got / _LEARNT)

    def learn_silence(self) -> None:
        """Take it that canaries are silent whatever the rate is, as far as some of them did answer."""
        sent, got = self._totals(math.inf, canaries=True)
        if got >= _SOME:
            self.survival = max(_LEAST_SURVIVAL, min(self.survival, got / sent))

    def _totals(self, limit: float, *, canaries: bool) -> tuple[float, float]:
        """How many were sent at rates up to ``limit``, and how many were answered."""
        sent = got = 0.0
        for row in self._rows:
            if row.rate <= limit * _BIN:
                sent += row.canaries if canaries else row.probes
                got += row.survived if canaries else row.answered
        return sent, got

    def _survived(self, row: _Row) -> float:
        """The share of a row that survived, roughly."""
        shares = [row.survived / row.canaries / self.survival] if row.canaries else []
        if row.probes and self.density:
            shares.append(row.answered / row.probes / self.density)
        return min(1.0, max(0.02, min(shares, default=1.0)))

    def _likelihood(self, limit: float, *, nothing_else: bool = False) -> float:
        """How likely the rows are under ``limit``, in nats; with ``nothing_else`` lost but what always was."""
        rows = self._rows
        total = 0.0
        carried = [min(1.0, limit / row.rate) for row in rows]
        for known, sent, answered in (
            (self.survival, [row.canaries for row in rows], [row.survived for row in rows]),
            (self.density, [row.probes for row in rows], [row.answered for row in rows]),
        ):
            expected = sum(map(float.__mul__, carried, sent))
            if not expected:
                continue
            share = min(_STRAY, max(_LEAST_SHARE, sum(answered) / expected))
            if known is not None and nothing_else:
                share = known
            elif known is not None and share < known:
                total -= min(_PRIOR, expected * known * _PRIOR_SHARE) * math.log(known / share)
            for part, of, got in zip(carried, sent, answered, strict=True):
                if of:
                    chance = share * part
                    total += got * math.log(chance) + (of - got) * math.log(1 - chance)
        return total

    def _row(self, rate: float) -> _Row:
        for row in self._rows:
            if rate / _BIN < row.rate < rate * _BIN:
                return row
        if len(self._rows) >= _ROWS:
            self._rows.remove(min(self._rows, key=lambda row: row.weight))
        self._rows.append(_Row(rate))
        return self._rows[-1]

    def _fade(self, factor: float) -> None:
        for row in self._rows:
            row.fade(factor)
        self._rows = [row for row in self._rows if row.weight > 0.5 or row.probes > 10]
