"""From what was typed to the plan of a sweep, and to how its devices are asked."""

from dataclasses import replace
from typing import NamedTuple

from ptscan.cli.options import Asking, Sweeping
from ptscan.cli.trying import credentials_of
from ptscan.snmp import Community, Ways, ways_of
from ptscan.sweep import SweepPlan
from ptscan.targets import resolve_targets


class Planned(NamedTuple):
    """A sweep, and how what it finds is asked."""

    plan: SweepPlan[Community]
    ways: Ways


async def planned(targets: tuple[str, ...], asking: Asking, sweeping: Sweeping) -> Planned:
    """Return what was typed; raises InputErrors for what is wrong with it."""
    ways = ways_of(credentials_of(asking, needs_user=False), asking.snmp_version)
    wanted = [*targets, *([f"@{sweeping.target_file}"] if sweeping.target_file else [])]
    unwanted = [*sweeping.exclude, *([f"@{sweeping.exclude_file}"] if sweeping.exclude_file else [])]
    shard, shards = sweeping.shard or (1, 1)
    plan = SweepPlan(
        targets=await resolve_targets(wanted, unwanted),
        credentials=ways.communities,
        port=asking.port,
        version=ways.version,
        discovery=ways.discovery,
        rate=sweeping.rate,
        seed=sweeping.seed,
        shard=(shard - 1, shards),
        max_in_flight=sweeping.max_in_flight,
    )
    if asking.timeout is not None:
        plan = replace(plan, timeout=asking.timeout)
    if asking.retries is not None:
        plan = replace(plan, retries=asking.retries)
    return Planned(plan, ways)
