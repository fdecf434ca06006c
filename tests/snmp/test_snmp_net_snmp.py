"""Held against net-snmp: snmpd answers us and its own tools alike, v1 and v2c."""

import subprocess
from typing import Any, Literal

import pytest
import trio

from codec import (
    COUNTER32,
    COUNTER64,
    GAUGE32,
    INTEGER,
    IP_ADDRESS,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    OPAQUE,
    TIMETICKS,
    Varbind,
    format_oid,
    parse_oid,
)
from ptscan.snmp import ClientSettings, Community, Outcome, Secret, open_client

SLOW = ClientSettings(timeout=5.0)
TREE = parse_oid("1.3")
SYSTEM = parse_oid("1.3.6.1.2.1.1")

# What changes between two walks: uptimes, times, neighbours, and everything that counts traffic, memory or processes.
MOVING = tuple(
    parse_oid(text)
    for text in (
        "1.3.6.1.2.1.1.3",
        "1.3.6.1.2.1.2.2.1",
        "1.3.6.1.2.1.3",
        "1.3.6.1.2.1.4",
        "1.3.6.1.2.1.5",
        "1.3.6.1.2.1.6",
        "1.3.6.1.2.1.7",
        "1.3.6.1.2.1.11",
        "1.3.6.1.2.1.25",
        "1.3.6.1.2.1.31",
        "1.3.6.1.2.1.55",
        "1.3.6.1.2.1.88",
        "1.3.6.1.2.1.92",
        "1.3.6.1.4.1.2021",
        "1.3.6.1.4.1.8072",
        "1.3.6.1.6.3.10.2.1.3",
        "1.3.6.1.6.3",
    )
)


def as_net_snmp(varbind: Varbind) -> str:
    """The varbind as ``-On -Oe -Ot -Ox`` prints it, without a MIB."""
    name, tag, value = varbind
    text: str
    if isinstance(value, bytes):
        if tag == OBJECT_IDENTIFIER:
            text = f"OID: .{format_oid(value)}"
        elif tag == IP_ADDRESS:
            text = "IpAddress: " + ".".join(map(str, value))
        elif not value and tag == OCTET_STRING:
            text = '""'
        else:
            text = {OCTET_STRING: "Hex-STRING: ", OPAQUE: "OPAQUE: "}[tag] + value.hex(" ").upper()
    elif tag == TIMETICKS:
        text = str(value)
    else:
        kinds = {INTEGER: "INTEGER", COUNTER32: "Counter32", GAUGE32: "Gauge32", COUNTER64: "Counter64", NULL: "NULL"}
        text = f"{kinds[tag]}: {value}"
    return f".{format_oid(name)} = {text}"


async def net_snmp(tool: str, agent: Any, version: str, *oids: bytes, community: str = "public") -> list[str]:
    """What a tool of net-snmp prints, line by line."""
    command = [tool, "-v", version, "-c", community, "-On", "-Oe", "-Ot", "-Ox", "-t", "5", "-m", ""]
    command += [f"{agent.address}:{agent.port}", *[f".{format_oid(oid)}" for oid in oids]]
    done = await trio.run_process(command, capture_stdout=True, stderr=subprocess.STDOUT, check=False)
    lines: list[str] = []
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        if line.startswith(".") or not lines:
            lines.append(line.rstrip())
        else:
            lines[-1] += " " + line.strip()
    return lines


def steady(lines: list[str]) -> list[str]:
    moving = tuple(f".{format_oid(oid)}." for oid in MOVING)
    return [line for line in lines if not line.startswith(moving)]


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_get_equals_snmpget(snmpd: Any, public: tuple[Community, ...], version: Literal["1", "2c"]) -> None:
    oids = [parse_oid(f"1.3.6.1.2.1.1.{number}.0") for number in (1, 2, 4, 5, 6)]
    async with open_client(SLOW) as client:
        session = client.session(snmpd.address, snmpd.port, credentials=public, version=version)
        answer = await session.get(oids)
    assert [as_net_snmp(varbind) for varbind in answer.varbinds] == await net_snmp("snmpget", snmpd, version, *oids)


@pytest.mark.parametrize(("version", "tool"), [("1", "snmpwalk"), ("2c", "snmpbulkwalk")])
async def test_walk_of_the_whole_tree_equals_net_snmps(
    snmpd: Any, public: tuple[Community, ...], version: Literal["1", "2c"], tool: str
) -> None:
    before = await net_snmp(tool, snmpd, version, TREE)
    async with open_client(SLOW) as client:
        session = client.session(snmpd.address, snmpd.port, credentials=public, version=version)
        answer = await session.walk(TREE)
    theirs = await net_snmp(tool, snmpd, version, TREE)
    if theirs and "No more variables" in theirs[-1]:
        theirs[-1:] = []
    assert answer.outcome is Outcome.OK
    assert not answer.problems
    ours = [as_net_snmp(varbind) for varbind in answer.varbinds]
    # Whatever else the machine changes meanwhile, net-snmp's own two walks around ours differ in it too.
    changed = {line.partition(" ")[0] for line in set(before) ^ set(theirs)}
    held = [line for line in steady(ours) if line.partition(" ")[0] not in changed]
    assert held == [line for line in steady(theirs) if line.partition(" ")[0] not in changed]
    assert len(held) > 20
    assert abs(len(ours) - len(theirs)) <= 0.05 * len(theirs) + 20


async def test_columns_equal_the_walks_of_each(snmpd: Any, public: tuple[Community, ...]) -> None:
    columns = [parse_oid(f"1.3.6.1.2.1.1.9.1.{column}") for column in (2, 3)]
    async with open_client(SLOW) as client:
        session = client.session(snmpd.address, snmpd.port, credentials=public)
        answer = await session.columns(columns)
        lines = [line for column in columns for line in await net_snmp("snmpbulkwalk", snmpd, "2c", column)]
        assert [as_net_snmp(varbind) for varbind in answer.varbinds] == lines
        assert session.version == "2c"


async def test_v1_drops_what_is_not_there(snmpd: Any, public: tuple[Community, ...]) -> None:
    here, absent = parse_oid("1.3.6.1.2.1.1.5.0"), parse_oid("1.3.6.1.2.1.43.5.1.1.17.1")
    async with open_client(SLOW) as client:
        session = client.session(snmpd.address, snmpd.port, credentials=public, version="1")
        answer = await session.get([absent, here])
    assert list(answer.values) == [here]


async def test_the_community_that_works_is_found(snmpd: Any) -> None:
    credentials = (Community(Secret("wrong")), Community(Secret("public")))
    async with open_client(SLOW) as client:
        session = client.session(snmpd.address, snmpd.port, credentials=credentials)
        assert (await session.get([parse_oid("1.3.6.1.2.1.1.5.0")])).values
        assert (session.version, session.community_index) == ("2c", 1)


async def test_a_community_with_a_narrow_view(snmpd: Any) -> None:
    async with open_client(SLOW) as client:
        session = client.session(snmpd.address, snmpd.port, credentials=(Community(Secret("narrow")),))
        assert len((await session.walk(SYSTEM)).varbinds) > 5
        assert (await session.walk(parse_oid("1.3.6.1.2.1.25"))).varbinds == ()
