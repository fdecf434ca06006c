"""From what was typed to the plan of a sweep, and to the users that its SNMPv3 devices are asked as."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from ptscan.cli.options import Asking, Sweeping
from ptscan.cli.trying import credentials_of
from ptscan.snmp import Community, User
from ptscan.sweep import SweepPlan
from ptscan.targets import resolve_targets


class Planned(NamedTuple):
    """A sweep, and who the devices that it discovers may be asked as: none in versions 1 and 2c."""

    plan: SweepPlan[Community]
    users: tuple[User, ...]


async def planned(targets: tuple[str, ...], asking: Asking, sweeping: Sweeping) -> Planned:
    """Return what was typed; raises InputErrors for what is wrong with it."""
    credentials = credentials_of(asking, needs_user=False)
    communities = tuple(credential for credential in credentials if isinstance(credential, Community))
    users = tuple(credential for credential in credentials if isinstance(credential, User))
    version = asking.snmp_version
    if version == "auto" and not communities:
        version = "3"
    wanted = [*targets, *([f"@{sweeping.target_file}"] if sweeping.target_file else [])]
    unwanted = [*sweeping.exclude, *([f"@{sweeping.exclude_file}"] if sweeping.exclude_file else [])]
    shard, shards = sweeping.shard or (1, 1)
    plan = SweepPlan(
        targets=await resolve_targets(wanted, unwanted),
        credentials=() if version == "3" else communities,
        port=asking.port,
        version=version,
        discovery=_networks_of(users) if version == "auto" else None,
        rate=sweeping.rate,
        seed=sweeping.seed,
        shard=(shard - 1, shards),
        max_in_flight=sweeping.max_in_flight,
    )
    if asking.timeout is not None:
        plan = replace(plan, timeout=asking.timeout)
    if asking.retries is not None:
        plan = replace(plan, retries=asking.retries)
    return Planned(plan, users if version in ("auto", "3") else ())


def _networks_of(users: Sequence[User]) -> tuple[IPv4Network | IPv6Network, ...] | None:
    """Return where any of ``users`` may go: none named means everywhere, None that there are no users."""
    if not users:
        return None
    if not all(user.networks for user in users):
        return ()
    return tuple(dict.fromkeys(network for user in users for network in user.networks))
