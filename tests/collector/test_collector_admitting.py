"""Enrolment, renewal, being let in, on true stores: a token wins once, a lost answer is given again, a copy ends."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection

from proto_schema import EnrolReply, EnrolRequest
from ptscan.collector import (
    Admission,
    Authority,
    Judgement,
    Store,
    add_token,
    admit_agent,
    enrol_agent,
    ensure_entity,
    found_authority,
    get_agent,
    list_agents,
    list_tokens,
    new_id,
    new_serial,
    new_token,
    open_store,
    reinstate,
    renew_agent,
    revoke,
    revoke_token,
    standing,
    suspend,
    token_digest,
)
from ptscan.tls import AgentIdentity, Request, Token, agent_of, make_request, new_key, read_request, write_token

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("authority") / "ca"
    return found_authority(folder, collector_id="acme", names=["collector.test"], now_at=NOW)


def a_token(store: Store, authority: Authority, *, uses: int = 1, key: bytes | None = None) -> Token:
    token = new_token(authority.root)

    def write(connection: Connection) -> None:
        entity = ensure_entity(connection, "dealer/customer", now=NOW.timestamp())
        expires_at = NOW.timestamp() + 3_600
        add_token(
            connection, token_digest(token), entity_id=entity.id, now=NOW.timestamp(), expires_at=expires_at,
            uses=uses, key_digest=key,
        )  # fmt: skip

    store.write(write)
    return token


def a_key(number: int = 0) -> Request:
    key = ec.derive_private_key(number, ec.SECP256R1()) if number else new_key()
    return read_request(make_request(key))


def enrol(
    store: Store, authority: Authority, token: Token, request: Request, *, at: datetime = NOW, former: str = ""
) -> Judgement:
    message = EnrolRequest(
        token=write_token(token), csr=b"", name="pc-7", version="1.0", platform="Linux", former=former
    )  # fmt: skip
    return store.write(
        enrol_agent, authority, message, request=request, digest=token_digest(token), agent_id=new_id(),
        serial=new_serial(), now_at=at,
    )  # fmt: skip


def renew(store: Store, authority: Authority, identity: AgentIdentity, request: Request) -> Judgement:
    return store.write(renew_agent, authority, identity, request=request, serial=new_serial(), now_at=NOW)


def admit(store: Store, identity: AgentIdentity) -> Judgement:
    return store.write(admit_agent, identity, now_at=NOW)


def identity_in(judgement: Judgement) -> AgentIdentity:
    reply = judgement.enrolment or judgement.renewal
    assert reply is not None
    return agent_of(reply.chain[0], "acme")


def test_who_shows_a_token_becomes_an_agent_of_its_entity(store: Store, authority: Authority) -> None:
    request = a_key()
    judged = enrol(store, authority, a_token(store, authority), request)
    reply = judged.enrolment
    assert isinstance(reply, EnrolReply)
    assert judged.granted
    identity = identity_in(judged)
    assert (identity.agent_id, identity.generation, identity.key) == (reply.agent_id, 1, request.fingerprint)
    assert (reply.entity, reply.not_after) == ("dealer/customer", "2026-12-21T06:00:00Z")
    assert (len(reply.chain), tuple(reply.roots)) == (2, authority.roots)
    agent = store.read(get_agent, reply.agent_id)
    assert agent is not None
    assert (agent.name, agent.serial, agent.key_digest) == ("pc-7", f"{identity.serial:x}", request.fingerprint)
    assert admit(store, identity).granted


def test_a_token_used_twice_by_two_keys_wins_once(store: Store, authority: Authority) -> None:
    token = a_token(store, authority)
    assert enrol(store, authority, token, a_key()).granted
    again = enrol(store, authority, token, a_key())
    assert (again.code, again.granted, again.enrolment) == ("used-up", False, None)


def test_of_fifty_at_once_exactly_one_wins(store: Store, authority: Authority) -> None:
    token = a_token(store, authority)
    requests = [a_key(number) for number in range(1, 51)]
    with ThreadPoolExecutor(8) as pool:
        codes = Counter(judged.code for judged in pool.map(lambda each: enrol(store, authority, token, each), requests))
    assert codes == {"granted": 1, "used-up": 49}
    assert len(store.read(list_agents)) == 1


def test_a_lost_answer_is_given_again_to_the_same_key_and_costs_no_use(store: Store, authority: Authority) -> None:
    token, request = a_token(store, authority), a_key()
    first = identity_in(enrol(store, authority, token, request))
    later = identity_in(enrol(store, authority, token, request, at=NOW + timedelta(hours=2)))
    assert (later.agent_id, later.generation) == (first.agent_id, 1)
    assert store.read(list_tokens)[0].used == 1
    assert admit(store, later).granted
    assert enrol(store, authority, token, request).code == "key-in-use", "once it was seen, the key is an agent's"


def test_an_agent_that_is_enrolled_again_is_kept_as_another_that_was_this_one(
    store: Store, authority: Authority
) -> None:
    token, request = a_token(store, authority, uses=2), a_key()
    first = identity_in(enrol(store, authority, token, a_key())).agent_id
    store.write(revoke, first, "sold", now=NOW.timestamp())
    again = [identity_in(enrol(store, authority, token, request, former=first)).agent_id for _ in range(2)]
    assert again[0] == again[1] != first
    assert {agent.id: agent.former_id for agent in store.read(list_agents)} == {first: None, again[0]: first}
    assert store.read(standing, first) is Admission.REVOKED


@pytest.mark.parametrize("former", ["", "Not An Id", "a\0b", "a" * 64, "a/b", "\ud7ff"])
def test_a_former_id_that_is_none_is_nobody_s(store: Store, authority: Authority, former: str) -> None:
    judged = enrol(store, authority, a_token(store, authority), a_key(), former=former)
    assert judged.granted
    assert [agent.former_id for agent in store.read(list_agents)] == [None]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [("forged", "unknown"), ("expired", "expired"), ("revoked", "revoked"), ("another key", "other-key")],
)
def test_a_token_that_is_no_good_makes_nobody_an_agent(
    store: Store, authority: Authority, spoil: str, code: str
) -> None:
    token = a_token(store, authority, key=b"\1" * 32 if spoil == "another key" else None)
    if spoil == "forged":
        token = new_token(authority.root)
    if spoil == "revoked":
        store.write(revoke_token, store.read(list_tokens)[0].id, now=NOW.timestamp())
    at = NOW + timedelta(hours=1) if spoil == "expired" else NOW
    judged = enrol(store, authority, token, a_key(), at=at)
    assert (judged.code, judged.granted) == (code, False)
    assert store.read(list_agents) == []


def test_a_token_of_before_is_good_after_a_restart(tmp_path: Path, authority: Authority) -> None:
    url = f"sqlite:///{tmp_path / 'collector.db'}"
    with open_store(url) as store:
        token = a_token(store, authority)
    with open_store(url) as store:
        assert enrol(store, authority, token, a_key()).granted
    with open_store(url) as store:
        assert enrol(store, authority, token, a_key()).code == "used-up"


def test_no_octet_of_a_token_is_in_the_store(tmp_path: Path, authority: Authority) -> None:
    with open_store(f"sqlite:///{tmp_path / 'collector.db'}") as store:
        token = a_token(store, authority)
        enrol(store, authority, token, a_key())
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert token_digest(token) in kept, "or this test looks in the wrong place"
    assert token.secret not in kept
    assert write_token(token).encode() not in kept


def test_of_many_who_ask_with_one_key_at_once_all_become_the_same_agent(store: Store, authority: Authority) -> None:
    token = a_token(store, authority, uses=9)
    request = a_key()
    with ThreadPoolExecutor(8) as pool:
        judged = list(pool.map(lambda _: enrol(store, authority, token, request), range(8)))
    assert {each.code for each in judged} == {"granted"}
    assert {identity_in(each).agent_id for each in judged} == {agent.id for agent in store.read(list_agents)}
    assert (len(store.read(list_agents)), store.read(list_tokens)[0].used) == (1, 1)


def test_nobody_renews_with_the_key_of_another_agent(store: Store, authority: Authority) -> None:
    token = a_token(store, authority, uses=2)
    theirs, mine = a_key(), a_key()
    enrol(store, authority, token, theirs)
    identity = identity_in(enrol(store, authority, token, mine))
    judged = renew(store, authority, identity, theirs)
    assert (judged.code, judged.granted, judged.renewal) == ("key-in-use", False, None)
    assert admit(store, identity).granted
    assert renew(store, authority, identity, a_key()).granted


def test_an_agent_renews_and_its_old_certificate_ends_when_the_new_one_is_seen(
    store: Store, authority: Authority
) -> None:
    first = identity_in(enrol(store, authority, a_token(store, authority), a_key()))
    assert admit(store, first).granted
    second = identity_in(renew(store, authority, first, a_key()))
    assert (second.agent_id, second.generation) == (first.agent_id, 2)
    assert admit(store, first).granted, "the answer may have been lost"
    assert admit(store, second).granted
    copy = admit(store, first)
    assert (copy.code, copy.granted, copy.alarm) == ("copy", False, True)
    assert admit(store, second).code == "suspended", "both ends, until a person decides"
    assert renew(store, authority, second, a_key()).code == "suspended"
    store.write(reinstate, first.agent_id)
    assert admit(store, second).granted


def test_a_renewal_whose_answer_was_lost_is_given_again(store: Store, authority: Authority) -> None:
    first = identity_in(enrol(store, authority, a_token(store, authority), a_key()))
    request = a_key()
    second = identity_in(renew(store, authority, first, request))
    again = identity_in(renew(store, authority, first, request))
    assert (again.generation, again.key) == (second.generation, second.key) == (2, request.fingerprint)
    assert admit(store, second).granted, "either answer may be the one that arrived"
    assert admit(store, again).granted


def test_two_that_renew_with_one_key_are_both_suspended(store: Store, authority: Authority) -> None:
    first = identity_in(enrol(store, authority, a_token(store, authority), a_key()))
    owner = identity_in(renew(store, authority, first, a_key()))
    thief = renew(store, authority, first, a_key())
    assert (thief.code, thief.alarm, thief.renewal) == ("copy", True, None)
    assert admit(store, owner).code == "suspended"


def test_the_same_key_is_not_certified_twice_and_suspends_nobody(store: Store, authority: Authority) -> None:
    request = a_key()
    first = identity_in(enrol(store, authority, a_token(store, authority), request))
    assert renew(store, authority, first, request).code == "same-key"
    assert admit(store, first).granted


def test_who_was_revoked_suspended_or_never_was_an_agent_is_not_let_in(store: Store, authority: Authority) -> None:
    token = a_token(store, authority, uses=3)
    revoked, suspended = (identity_in(enrol(store, authority, token, a_key())) for _ in range(2))
    store.write(revoke, revoked.agent_id, "sold", now=NOW.timestamp())
    store.write(suspend, suspended.agent_id, "by hand", now=NOW.timestamp())
    issued = authority.issue_agent(a_key(), agent_id="nobody", generation=1, serial=9, issued_at=NOW)
    for identity, code in (
        (revoked, "revoked"), (suspended, "suspended"), (agent_of(issued.certificate, "acme"), "unknown"),
    ):  # fmt: skip
        for judged in (admit(store, identity), renew(store, authority, identity, a_key())):
            assert (judged.code, judged.granted, judged.renewal) == (code, False, None)


def test_a_collector_from_an_old_backup_learns_of_newer_certificates(store: Store, authority: Authority) -> None:
    request = a_key()
    first = identity_in(enrol(store, authority, a_token(store, authority), request))
    key = a_key()
    issued = authority.issue_agent(key, agent_id=first.agent_id, generation=4, serial=9, issued_at=NOW)
    fourth = agent_of(issued.certificate, "acme")
    assert admit(store, fourth).code == "learnt"
    assert admit(store, fourth).code == "welcome"
    assert identity_in(renew(store, authority, fourth, a_key())).generation == 5


def test_an_agents_name_is_cut_and_says_nothing_in_its_certificate(store: Store, authority: Authority) -> None:
    token = a_token(store, authority)
    message = EnrolRequest(token="", csr=b"", name="x\0" * 3_000, version="v" * 3_000, platform="p" * 3_000)
    judged = store.write(
        enrol_agent, authority, message, request=a_key(), digest=token_digest(token), agent_id="a1", serial=5,
        now_at=NOW,
    )  # fmt: skip
    assert judged.enrolment is not None
    assert b"xxx" not in judged.enrolment.chain[0]
    agent = store.read(get_agent, "a1")
    assert agent is not None
    assert len(agent.name) < 3_000
