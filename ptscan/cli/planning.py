"""From what was typed to the plan of a sweep."""

from dataclasses import replace

from ptscan.cli.options import Asking, Sweeping
from ptscan.cli.trying import credentials_of, version_of
from ptscan.cli.words import Words
from ptscan.snmp import Community
from ptscan.sweep import SweepPlan
from ptscan.targets import resolve_targets


async def planned(targets: tuple[str, ...], asking: Asking, sweeping: Sweeping, words: Words) -> SweepPlan[Community]:
    """Return the plan that was typed; raises InputErrors for what is wrong with it."""
    version = version_of(asking)
    credentials = credentials_of(asking)
    wanted = [*targets, *([f"@{sweeping.target_file}"] if sweeping.target_file else [])]
    unwanted = [*sweeping.exclude, *([f"@{sweeping.exclude_file}"] if sweeping.exclude_file else [])]
    shard, shards = sweeping.shard or (1, 1)
    plan = SweepPlan(
        targets=await resolve_targets(wanted, unwanted),
        credentials=tuple(credential for credential in credentials if isinstance(credential, Community)),
        port=asking.port,
        version=version,
        rate=sweeping.rate,
        seed=sweeping.seed,
        shard=(shard - 1, shards),
        max_in_flight=sweeping.max_in_flight,
    )
    if asking.timeout is not None:
        plan = replace(plan, timeout=asking.timeout)
    if asking.retries is not None:
        plan = replace(plan, retries=asking.retries)
    return plan
