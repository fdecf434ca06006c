"""What may be asked: targets of schedules and jobs, held against those that agent.toml allows. I/O: name look-ups."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import trio

from proto_schema import JOB_VERBS
from ptscan.agent import limits
from ptscan.agent.config import AgentConfig
from ptscan.errors import InputError
from ptscan.targets import TargetError, TargetSet, format_address, resolve_targets


class OrderError(InputError):
    """This agent does not do that."""


class Wish(NamedTuple):
    """What a schedule or a job asks for."""

    verb: str
    targets: Sequence[str] = ()
    """Empty for all that may be asked."""
    exclude: Sequence[str] = ()
    rate: float = 0.0
    """Packets a second; 0 for the agent's own."""


class Order(NamedTuple):
    """What is done: addresses that may be asked, at a rate that may be."""

    verb: str
    targets: TargetSet
    rate: float


async def order_of(wish: Wish, config: AgentConfig, *, is_remote: bool) -> Order:
    """Return the order that fulfils ``wish``; what agent.toml excludes is left out, what it does not allow refused.

    One that ``is_remote`` may name no file of this machine. Raises OrderError and TargetError.
    """
    if wish.verb not in JOB_VERBS:
        raise OrderError(f'"{wish.verb[:40]}" is nothing that this agent does: it knows {", ".join(JOB_VERBS)}')
    if is_remote and any(text.startswith("@") for text in (*wish.targets, *wish.exclude)):
        raise OrderError("a file of targets is read for the agent's own settings alone: send the targets themselves")
    if not config.targets:
        raise OrderError('agent.toml allows no targets: write what may be asked into it, as targets = ["local"]')
    with trio.move_on_after(limits.LOOKUP_SECONDS) as scope:
        targets = allowed = await resolve_targets(config.targets, config.exclude)
        if wish.targets or wish.exclude:
            targets = await resolve_targets(wish.targets or config.targets, [*wish.exclude, *config.exclude])
    if scope.cancelled_caught:
        raise OrderError("its host names are not found in time: write addresses, or see to this machine's name service")
    _hold(targets, allowed)
    if wish.verb == "read" and targets.count > limits.READ_ADDRESSES:
        raise OrderError(f"{targets.count:,} addresses are too many to read without a sweep: use scan")
    return Order(wish.verb, targets, min(wish.rate or config.rate, config.rate))


def _hold(targets: TargetSet, allowed: TargetSet) -> None:
    """Raise for the first of ``targets`` that is not ``allowed``."""
    ends = dict(allowed.intervals)
    begins = sorted(ends)
    for first, last in targets.intervals:
        number = allowed.number_of(first)
        if number is not None:
            begin = begins[bisect_right(begins, first) - 1]
            if ends[begin] >= last:
                continue
            first = ends[begin] + 1
        where = format_address(first)
        raise TargetError(where, "agent.toml of this agent does not allow it: its targets say what may be asked")
