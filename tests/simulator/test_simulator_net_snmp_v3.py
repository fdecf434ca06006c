"""net-snmp's own clients speak SNMPv3 with the stations: every pair of protocols, every level, and every Report."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from codec import Varbind, format_oid
from ptscan.simulator import (
    Playing,
    SimulatedUser,
    SimulatorPlan,
    load_recordings,
    make_engines,
    make_fleet,
    make_plan,
    make_user,
    parse_fault,
    parse_recording,
    run_simulator,
)
from ptscan.simulator.table import View

NetSnmp = Callable[..., Awaitable[list[tuple[str, str, bytes | int | str]]]]
Rows = Callable[[View], list[Varbind]]

AUTH = {
    "md5": "MD5",
    "sha1": "SHA",
    "sha224": "SHA-224",
    "sha256": "SHA-256",
    "sha384": "SHA-384",
    "sha512": "SHA-512",
}
PRIV = {"des": "DES", "aes128": "AES", "aes192": "AES-192", "aes256": "AES-256"}  # Blumenthal's extension
PASSWORD = "maplesyrup"
PRIVATE = "pancakes"
NAME = ".1.3.6.1.2.1.1.5.0"
DEVICE = parse_recording(b"1.3.6.1.2.1.1.5.0|4|name", "device")
ROBIN = make_user("robin", auth="sha256", auth_secret=PASSWORD, priv="aes128", priv_secret=PRIVATE)
AT_ONCE = 4


def as_user(
    name: str,
    level: str,
    auth: str = "SHA-256",
    password: str = PASSWORD,
    *,
    priv: str = "AES",
    private: str = PRIVATE,
    context: str = "",
) -> list[str]:
    """The options that say who asks."""
    options = ["-u", name, "-l", level, "-n", context]
    if level != "noAuthNoPriv":
        options += ["-a", auth, "-A", password]
    if level == "authPriv":
        options += ["-x", priv, "-X", private]
    return options


@asynccontextmanager
async def playing(plan: SimulatorPlan) -> AsyncIterator[Playing]:
    async with trio.open_nursery() as nursery:
        yield await nursery.start(run_simulator, plan)
        nursery.cancel_scope.cancel()


def plan_of(*users: SimulatedUser, last: int, faults: str = "") -> SimulatorPlan:
    given = [parse_fault(text) for text in faults.split()]
    return make_plan([DEVICE], listen=f"127.50.8.{last}:0", users=users, community=None, faults=given)


async def complaint(net_snmp: NetSnmp, sim: Playing, last: int, user: list[str]) -> str:
    ((_, kind, said),) = await net_snmp("snmpget", "3", f"127.50.8.{last}:{sim.port}", NAME, user=user)
    assert kind == "error"
    return str(said)


@pytest.mark.parametrize("auth", AUTH)
async def test_every_pair_of_protocols_reads_at_each_of_its_levels(net_snmp: NetSnmp, auth: str) -> None:
    users = [make_user("none", auth=auth, auth_secret=PASSWORD)]
    asked = [("none", "authNoPriv", "AES")]
    for priv, name in PRIV.items():
        users.append(make_user(priv, auth=auth, auth_secret=PASSWORD, priv=priv, priv_secret=PRIVATE))
        asked += [(priv, "authNoPriv", name), (priv, "authPriv", name)]
    limit = trio.CapacityLimiter(AT_ONCE)
    async with playing(plan_of(*users, last=1)) as sim, trio.open_nursery() as nursery:

        async def get(name: str, level: str, priv: str) -> None:
            who = as_user(name, level, AUTH[auth], priv=priv)
            async with limit:
                told = await net_snmp("snmpget", "3", f"127.50.8.1:{sim.port}", NAME, user=who)
            assert told == [(NAME[1:], "STRING", b"name")], (auth, name, level)

        for one in asked:
            nursery.start_soon(get, *one)


async def test_a_user_without_a_password_reads_without(net_snmp: NetSnmp) -> None:
    who = as_user("open", "noAuthNoPriv")
    async with playing(plan_of(make_user("open"), last=2)) as sim:
        told = await net_snmp("snmpget", "3", f"127.50.8.2:{sim.port}", NAME, user=who)
        assert told == [(NAME[1:], "STRING", b"name")]


@pytest.mark.parametrize(
    ("user", "said"),
    [
        (as_user("stranger", "authPriv"), "Unknown user name"),
        (as_user("robin", "authPriv", password="maplesirup"), "Authentication failure"),
        (as_user("robin", "authPriv", "SHA-384"), "Authentication failure"),
        (as_user("robin", "authPriv", private="waffles!"), "Decryption error"),
        (as_user("robin", "noAuthNoPriv"), "Unsupported security level"),
        (as_user("robin", "authPriv", context="Jetdirect"), "Bad context specified"),
    ],
    ids=["user", "password", "protocol", "privacy", "level", "context"],
)
async def test_who_may_not_ask_is_told_why(net_snmp: NetSnmp, user: list[str], said: str) -> None:
    async with playing(plan_of(ROBIN, last=3)) as sim:
        assert said.lower() in (await complaint(net_snmp, sim, 3, user)).lower()


async def test_a_level_above_the_users_is_told_so(net_snmp: NetSnmp) -> None:
    shy = make_user("shy", auth="sha256", auth_secret=PASSWORD)
    async with playing(plan_of(shy, last=4)) as sim:
        assert "security level" in await complaint(net_snmp, sim, 4, as_user("shy", "authPriv"))


async def test_jetdirect_is_asked_in_its_context(net_snmp: NetSnmp) -> None:
    jet = make_user("jet", auth="md5", auth_secret=PASSWORD, context="Jetdirect")
    async with playing(plan_of(jet, last=5)) as sim:
        who = as_user("jet", "authNoPriv", "MD5", context="Jetdirect")
        told = await net_snmp("snmpget", "3", f"127.50.8.5:{sim.port}", NAME, user=who)
        assert told == [(NAME[1:], "STRING", b"name")]


async def test_without_a_community_v2c_is_met_with_silence(net_snmp: NetSnmp) -> None:
    async with playing(plan_of(ROBIN, last=6)) as sim:
        destination = f"127.50.8.6:{sim.port}"
        ((_, kind, said),) = await net_snmp("snmpget", "2c", destination, "-r", "0", "-t", "0.2", NAME)
        assert (kind, str(said).startswith("Timeout")) == ("error", True)


async def test_recordings_and_models_are_walked_line_for_line_as_in_v2c(net_snmp: NetSnmp, shared: Path) -> None:
    recordings = load_recordings([shared / "printers"])[:4]
    models = list({device.model: device for device in make_fleet(84).devices}.values())[:4]
    plan = make_plan([*recordings, *models], network="127.50.9.0/24", port=0, speed=0, users=[ROBIN])
    engines = make_engines(plan.stations)
    limit = trio.CapacityLimiter(AT_ONCE)
    async with playing(plan) as sim, trio.open_nursery() as nursery:

        async def walk(address: str) -> None:
            engine_id = engines[address].engine_id.hex()  # which is the one that is told by discovery: else no answer
            who = [*as_user("robin", "authPriv"), "-e", f"0x{engine_id}"]
            async with limit:
                destination = f"{address}:{sim.port}"
                plain = await net_snmp("snmpbulkwalk", "2c", destination, ".1")
                assert "error" not in {kind for _, kind, _ in plain}, plain
                assert await net_snmp("snmpbulkwalk", "3", destination, ".1", user=who) == plain, address

        for station in plan.stations:
            nursery.start_soon(walk, station.address)


async def test_a_walk_outlasts_reboots(net_snmp: NetSnmp, rows_of: Rows) -> None:
    device = make_fleet(1).devices[0]
    faults = [parse_fault("reboot=7")]
    plan = make_plan([device], listen="127.50.8.7:0", users=[ROBIN], speed=0, faults=faults)
    async with playing(plan) as sim:
        told = await net_snmp(
            "snmpbulkwalk", "3", f"127.50.8.7:{sim.port}", ".1.3.6.1.2.1.43", user=as_user("robin", "authPriv")
        )
        assert sim.received > 14  # so that there were some
    printer = [format_oid(oid) for oid, _, _ in rows_of(device.at(0)) if format_oid(oid).startswith("1.3.6.1.2.1.43.")]
    assert [name for name, _, _ in told] == printer
