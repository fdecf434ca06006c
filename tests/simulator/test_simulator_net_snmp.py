"""net-snmp's own clients read every value back exactly: codec is ours on both sides, so somebody else has to look."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from codec import COUNTER64, Varbind, format_oid
from ptscan.simulator import Playing, SimulatorPlan, load_recordings, make_fleet, make_plan, run_simulator
from ptscan.simulator.table import View

NetSnmp = Callable[..., Awaitable[list[tuple[str, str, bytes | int | str]]]]
Rows = Callable[[View], list[Varbind]]

TYPES = {
    2: "INTEGER",
    4: "STRING",
    6: "OID",
    64: "IpAddress",
    65: "Counter32",
    66: "Gauge32",
    67: "Timeticks",
    68: "Opaque",
    70: "Counter64",
}
AT_ONCE = 4


def expected(varbinds: list[Varbind]) -> list[tuple[str, str, bytes | int | str | None]]:
    return [
        (format_oid(oid), TYPES[tag], format_oid(value) if tag == 6 and isinstance(value, bytes) else value)
        for oid, tag, value in varbinds
    ]


@asynccontextmanager
async def playing(plan: SimulatorPlan) -> AsyncIterator[Playing]:
    async with trio.open_nursery() as nursery:
        yield await nursery.start(run_simulator, plan)
        nursery.cancel_scope.cancel()


async def walks_agree(plan: SimulatorPlan, net_snmp: NetSnmp, rows_of: Rows, ways: list[tuple[str, str]]) -> None:
    """Walk every station in every way, a few at once."""
    limit = trio.CapacityLimiter(AT_ONCE)
    async with playing(plan) as sim:

        async def walk(address: str, rows: list[Varbind], program: str, version: str) -> None:
            async with limit:
                told = await net_snmp(program, version, f"{address}:{sim.port}", ".1")
            assert told == expected(rows), (address, program, version)

        async with trio.open_nursery() as nursery:
            for station in plan.stations:
                every = rows_of(station.device.at(0))
                small = [varbind for varbind in every if varbind[1] != COUNTER64]
                for program, version in ways:
                    rows = small if version == "1" else every
                    nursery.start_soon(walk, station.address, rows, program, version)


async def test_every_real_recording_is_walked_back(net_snmp: NetSnmp, rows_of: Rows, shared: Path) -> None:
    recordings = load_recordings([shared / "printers"])
    plan = make_plan(recordings, network="127.50.4.0/24", port=0)
    await walks_agree(plan, net_snmp, rows_of, [("snmpbulkwalk", "2c")])


async def test_every_model_of_the_fleet_is_walked_back(net_snmp: NetSnmp, rows_of: Rows) -> None:
    devices = {device.model: device for device in make_fleet(84).devices}
    plan = make_plan(list(devices.values()), network="127.50.5.0/24", port=0, speed=0)
    await walks_agree(plan, net_snmp, rows_of, [("snmpbulkwalk", "2c"), ("snmpwalk", "2c"), ("snmpwalk", "1")])


async def test_snmpget_reads_one_value_and_what_is_not_there(net_snmp: NetSnmp) -> None:
    device = make_fleet(1).devices[0]
    truth = device.truth(0)
    serial = ".1.3.6.1.2.1.43.5.1.1.17.1"
    absent = ".1.3.6.1.2.1.43.5.1.1.17.2"
    async with playing(make_plan([device], listen="127.50.6.1:0", speed=0)) as sim:
        destination = f"127.50.6.1:{sim.port}"
        for version in ("1", "2c"):
            told = await net_snmp("snmpget", version, destination, serial)
            assert told == [(serial[1:], "STRING", (truth.serial or "").encode())]
        told = await net_snmp("snmpget", "2c", destination, absent, ".1.3.9.9")
        assert [value for _, _, value in told] == [
            "No Such Instance currently exists at this OID",
            "No Such Object available on this agent at this OID",
        ]
        ((_, kind, complaint),) = await net_snmp("snmpget", "1", destination, absent)
        assert kind == "error"
        assert "noSuchName" in str(complaint)


async def test_ipv6_loopback_is_walked_back(net_snmp: NetSnmp, rows_of: Rows) -> None:
    device = make_fleet(1).devices[0]
    async with playing(make_plan([device], listen="[::1]:0", speed=0)) as sim:
        told = await net_snmp("snmpbulkwalk", "2c", f"udp6:[::1]:{sim.port}", ".1")
        assert told == expected(rows_of(device.at(0)))


async def test_another_community_is_met_with_silence(net_snmp: NetSnmp) -> None:
    plan = make_plan([make_fleet(1).devices[0]], listen="127.50.6.2:0", community="s3cret-ü")
    async with playing(plan) as sim:
        destination = f"127.50.6.2:{sim.port}"
        ((_, kind, said),) = await net_snmp("snmpget", "2c", destination, "-r", "0", "-t", "0.2", ".1.3.6.1.2.1.1.3.0")
        assert (kind, str(said).startswith("Timeout")) == ("error", True)
        told = await net_snmp("snmpget", "2c", destination, ".1.3.6.1.2.1.1.3.0", community="s3cret-ü")
        assert told[0][1] == "Timeticks"


async def test_nothing_can_be_set(net_snmp: NetSnmp) -> None:
    async with playing(make_plan([make_fleet(1).devices[0]], listen="127.50.6.3:0")) as sim:
        for version, complaint in (("1", "readOnly"), ("2c", "notWritable")):
            arguments = (f"127.50.6.3:{sim.port}", ".1.3.6.1.2.1.1.5.0", "s", "mine")
            ((_, kind, said),) = await net_snmp("snmpset", version, *arguments)
            assert kind == "error"
            assert complaint in str(said)
