"""SNMPv3 held against net-snmp: snmpd has a user for every pair of protocols, and answers us and snmpbulkwalk alike."""

from typing import Any

import pytest

from codec import parse_oid
from ptscan.snmp import ClientSettings, Outcome, Secret, User, open_client

from .conftest import NET_SNMP_AUTH, NET_SNMP_PRIV
from .net_snmp import TREE, as_net_snmp, held, net_snmp

SLOW = ClientSettings(timeout=5.0)
SYSTEM = parse_oid("1.3.6.1.2.1.1")
NAME = parse_oid("1.3.6.1.2.1.1.5.0")
PAIRS = [(None, None), *((auth, priv) for auth in NET_SNMP_AUTH for priv in (None, *NET_SNMP_PRIV))]


def user(auth: str | None, priv: str | None, **more: Any) -> User:
    passwords = {
        "auth_password": Secret("auth-password") if auth else None,
        "priv_password": Secret("priv-password") if priv else None,
    }
    return User("-".join(filter(None, (auth, priv))) or "open", auth=auth, priv=priv, **(passwords | more))


def by(auth: str | None, priv: str | None) -> list[str]:
    how = ["-v", "3", "-u", user(auth, priv).name, "-l", "noAuthNoPriv"]
    if auth:
        how += ["-l", "authNoPriv", "-a", NET_SNMP_AUTH[auth], "-A", "auth-password"]
    if priv:
        how += ["-l", "authPriv", "-x", NET_SNMP_PRIV[priv], "-X", "priv-password"]
    return how


@pytest.mark.parametrize(("auth", "priv"), PAIRS)
async def test_every_pair_reads_what_net_snmp_reads(snmpd: Any, auth: str | None, priv: str | None) -> None:
    before = await net_snmp("snmpbulkwalk", snmpd, by(auth, priv), SYSTEM)
    async with open_client(SLOW) as client:
        session = client.session(snmpd.address, snmpd.port, credentials=(user(auth, priv),), version="3")
        answer = await session.get([NAME])
        walked = await session.walk(SYSTEM)
    after = await net_snmp("snmpbulkwalk", snmpd, by(auth, priv), SYSTEM)
    assert [as_net_snmp(varbind) for varbind in answer.varbinds] == await net_snmp(
        "snmpget", snmpd, by(auth, priv), NAME
    )
    mine, theirs = held([as_net_snmp(varbind) for varbind in walked.varbinds], before, after)
    assert mine == theirs
    assert len(mine) > 20


@pytest.mark.parametrize(("auth", "priv"), [("sha1", None), ("md5", "des"), ("sha512", "aes256")])
async def test_walk_of_the_whole_tree_equals_net_snmps(snmpd: Any, auth: str | None, priv: str | None) -> None:
    before = await net_snmp("snmpbulkwalk", snmpd, by(auth, priv), TREE)
    async with open_client(SLOW) as client:
        session = client.session(snmpd.address, snmpd.port, credentials=(user(auth, priv),), version="3")
        answer = await session.walk(TREE)
    after = await net_snmp("snmpbulkwalk", snmpd, by(auth, priv), TREE)
    assert (answer.outcome, answer.problems) == (Outcome.OK, ())
    mine, theirs = held([as_net_snmp(varbind) for varbind in answer.varbinds], before, after)
    assert mine == theirs
    assert len(mine) > 50
    assert abs(len(answer.varbinds) - len(after)) <= 0.05 * len(after) + 20


@pytest.mark.parametrize(
    ("who", "outcome"),
    [
        (User("nobody"), Outcome.UNKNOWN_USER),
        (user("md5", None, auth_password=Secret("another password")), Outcome.WRONG_DIGEST),
        (User("md5-des", auth="sha256", auth_password=Secret("auth-password")), Outcome.WRONG_DIGEST),
        (User("sha1"), Outcome.REFUSED),
        (User("sha256-aes128", "sha256", Secret("auth-password")), Outcome.REFUSED),
        (
            User("sha1", "sha1", Secret("auth-password"), priv="aes128", priv_password=Secret("priv-password")),
            Outcome.UNSUPPORTED_LEVEL,
        ),
    ],
)
async def test_what_is_wrong_is_told_as_snmpd_reports_it(snmpd: Any, who: User, outcome: Outcome) -> None:
    async with open_client(SLOW) as client:
        session = client.session(snmpd.address, snmpd.port, credentials=(who,), version="3")
        answer = await session.get([NAME])
    assert answer.outcome is outcome
    assert repr(who.name) in answer.problems[0].text
    if outcome is Outcome.REFUSED:
        assert "priv" in answer.problems[0].text, "it may be the level alone"


async def test_two_users_of_one_engine_share_its_clock(snmpd: Any) -> None:
    async with open_client(SLOW) as client:
        for auth, priv in (("md5", "des"), ("sha256", "aes128")):
            session = client.session(snmpd.address, snmpd.port, credentials=(user(auth, priv),), version="3")
            assert (await session.get([NAME])).outcome is Outcome.OK
        assert session.traffic.requests == 1, "neither a discovery nor a resynchronisation"
