"""Held against net-snmp: snmpd answers us and its own tools alike, v1 and v2c."""

from typing import Any, Literal

import pytest

from codec import parse_oid
from ptscan.snmp import ClientSettings, Community, Outcome, Secret, open_client

from .net_snmp import TREE, as_net_snmp, held, net_snmp

SLOW = ClientSettings(timeout=5.0)
SYSTEM = parse_oid("1.3.6.1.2.1.1")


def by(version: str) -> list[str]:
    return ["-v", version, "-c", "public"]


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_get_equals_snmpget(snmpd: Any, public: tuple[Community, ...], version: Literal["1", "2c"]) -> None:
    oids = [parse_oid(f"1.3.6.1.2.1.1.{number}.0") for number in (1, 2, 4, 5, 6)]
    async with open_client(SLOW) as client:
        session = client.session(snmpd.address, snmpd.port, credentials=public, version=version)
        answer = await session.get(oids)
    assert [as_net_snmp(varbind) for varbind in answer.varbinds] == await net_snmp("snmpget", snmpd, by(version), *oids)


@pytest.mark.parametrize(("version", "tool"), [("1", "snmpwalk"), ("2c", "snmpbulkwalk")])
async def test_walk_of_the_whole_tree_equals_net_snmps(
    snmpd: Any, public: tuple[Community, ...], version: Literal["1", "2c"], tool: str
) -> None:
    before = await net_snmp(tool, snmpd, by(version), TREE)
    async with open_client(SLOW) as client:
        session = client.session(snmpd.address, snmpd.port, credentials=public, version=version)
        answer = await session.walk(TREE)
    theirs = await net_snmp(tool, snmpd, by(version), TREE)
    assert answer.outcome is Outcome.OK
    assert not answer.problems
    ours = [as_net_snmp(varbind) for varbind in answer.varbinds]
    mine, others = held(ours, before, theirs)
    assert mine == others
    assert len(mine) > 20
    assert abs(len(ours) - len(theirs)) <= 0.05 * len(theirs) + 20


async def test_columns_equal_the_walks_of_each(snmpd: Any, public: tuple[Community, ...]) -> None:
    columns = [parse_oid(f"1.3.6.1.2.1.1.9.1.{column}") for column in (2, 3)]
    async with open_client(SLOW) as client:
        session = client.session(snmpd.address, snmpd.port, credentials=public)
        answer = await session.columns(columns)
        lines = [line for column in columns for line in await net_snmp("snmpbulkwalk", snmpd, by("2c"), column)]
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
        assert (session.version, session.credential_index) == ("2c", 1)


async def test_a_community_with_a_narrow_view(snmpd: Any) -> None:
    async with open_client(SLOW) as client:
        session = client.session(snmpd.address, snmpd.port, credentials=(Community(Secret("narrow")),))
        assert len((await session.walk(SYSTEM)).varbinds) > 5
        assert (await session.walk(parse_oid("1.3.6.1.2.1.25"))).varbinds == ()
