"""A token makes as many agents as it says and no more, and who is one is known."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection

from ptscan.collector.storage import (
    Admission,
    EntityError,
    Newcomer,
    Store,
    add_token,
    check_token,
    enrol,
    ensure_entity,
    find_entity,
    get_agent,
    keep_certificate,
    keep_health,
    limits,
    list_agents,
    list_entities,
    list_tokens,
    lock_agent,
    reinstate,
    revoke,
    revoke_token,
    seen,
    standing,
    subtree,
    suspend,
)

from .stores import NOW, an_agent

SECRET = b"t" * 32
KEY = b"k" * 32


def a_token(store: Store, *, uses: int = 1, key_digest: bytes | None = None) -> tuple[int, int]:
    """The numbers of its entity and of itself."""
    place = store.write(ensure_entity, "dealer/customer", now=NOW).id
    expires_at = NOW + 3_600
    kept = {"entity_id": place, "now": NOW, "expires_at": expires_at, "uses": uses, "key_digest": key_digest}
    return place, store.write(add_token, SECRET, **kept)


def newcomer(name: str = "a1", **fields: object) -> Newcomer:
    return Newcomer(**{"id": name, "name": name, "key_digest": KEY} | fields)  # type: ignore[arg-type]


def test_a_token_makes_one_agent_of_its_entity(store: Store) -> None:
    place, _ = a_token(store)
    assert store.read(check_token, SECRET, now=NOW) == (Admission.GRANTED, place)
    assert store.write(enrol, SECRET, newcomer(), now=NOW + 5) == (Admission.GRANTED, place)
    assert store.write(enrol, SECRET, newcomer("a2"), now=NOW + 6) == (Admission.USED_UP, None)
    agent = store.read(get_agent, "a1")
    assert agent is not None
    assert (agent.entity_id, agent.generation, agent.shown, agent.key_digest) == (place, 1, False, KEY)
    assert (agent.enrolled_at, agent.seen_at, agent.revoked_at) == (NOW + 5, None, None)
    token = store.read(list_tokens)[0]
    assert (token.uses, token.used, token.used_at) == (1, 1, NOW + 5)


def test_of_fifty_who_use_a_token_at_once_as_many_win_as_it_has_uses(store: Store) -> None:
    a_token(store, uses=3)
    with ThreadPoolExecutor(10) as threads:
        people = [newcomer(f"a{n}", key_digest=bytes([n]) * 32) for n in range(50)]
        calls = [threads.submit(store.write, enrol, SECRET, one, now=NOW) for one in people]
        verdicts = [call.result()[0] for call in calls]
    assert verdicts.count(Admission.GRANTED) == 3
    assert verdicts.count(Admission.USED_UP) == 47
    assert len(store.read(list_agents)) == 3


def test_a_token_ends_and_is_revoked(store: Store) -> None:
    _, number = a_token(store)
    assert store.write(enrol, b"other", newcomer(), now=NOW) == (Admission.UNKNOWN, None)
    assert store.write(enrol, SECRET, newcomer(), now=NOW + 3_600) == (Admission.EXPIRED, None)
    assert store.read(check_token, SECRET, now=NOW + 3_599.9)[0] is Admission.GRANTED
    assert store.write(revoke_token, number, now=NOW)
    assert not store.write(revoke_token, number, now=NOW)
    assert store.write(enrol, SECRET, newcomer(), now=NOW) == (Admission.REVOKED, None)
    assert store.read(list_agents) == []


def test_a_token_may_be_good_for_one_key_only(store: Store) -> None:
    place, _ = a_token(store, key_digest=KEY)
    assert store.write(enrol, SECRET, newcomer(key_digest=b"x" * 32), now=NOW) == (Admission.OTHER_KEY, None)
    assert store.write(enrol, SECRET, newcomer(key_digest=None), now=NOW) == (Admission.OTHER_KEY, None)
    assert store.write(enrol, SECRET, newcomer(), now=NOW) == (Admission.GRANTED, place)


def test_a_use_is_given_back_where_the_agent_was_not_written(store: Store) -> None:
    a_token(store)

    def fail(connection: Connection) -> None:
        assert enrol(connection, SECRET, newcomer(), now=NOW)[0] is Admission.GRANTED
        raise KeyError("the certificate could not be made")

    with pytest.raises(KeyError):
        store.write(fail)
    assert store.read(check_token, SECRET, now=NOW)[0] is Admission.GRANTED
    assert store.read(list_agents) == []


@pytest.mark.parametrize("uses", [0, limits.TOKEN_USES + 1])
def test_a_token_has_uses_within_a_limit(store: Store, uses: int) -> None:
    with pytest.raises(ValueError, match="uses"):
        a_token(store, uses=uses)
    a_token(store, uses=limits.TOKEN_USES)


def test_an_agent_is_suspended_reinstated_and_revoked_for_good(store: Store) -> None:
    an_agent(store)
    assert store.write(suspend, "a1", "two of them", now=NOW)
    assert not store.write(suspend, "a1", "two of them", now=NOW)
    assert store.read(standing, "a1") is Admission.SUSPENDED
    assert store.write(reinstate, "a1")
    assert store.read(standing, "a1") is Admission.GRANTED
    assert store.write(revoke, "a1", "sold\0" + "x" * limits.NOTE, now=NOW)
    assert not store.write(revoke, "a1", "again", now=NOW)
    assert not store.write(reinstate, "a1")
    assert store.read(standing, "a1") is Admission.REVOKED
    agent = store.read(get_agent, "a1")
    assert agent is not None
    assert agent.revoked_why == "sold" + "x" * (limits.NOTE - 4)
    assert store.read(standing, "nobody") is Admission.UNKNOWN


def test_a_certificate_is_kept_in_the_transaction_that_judges_it(store: Store) -> None:
    an_agent(store)

    def renew(connection: Connection) -> bool:
        agent = lock_agent(connection, "a1")
        assert agent is not None
        return keep_certificate(
            connection,
            "a1",
            generation=agent.generation + 1,
            key_digest=KEY,
            previous_key_digest=agent.key_digest,
            serial="77",
            not_after_at=NOW + 9,
            now=NOW + 1,
        )

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.submit(store.write, renew).result() for _ in range(8))
    agent = store.read(get_agent, "a1")
    assert agent is not None
    assert (agent.generation, agent.serial, agent.not_after_at, agent.renewed_at) == (9, "77", NOW + 9, NOW + 1)
    assert not store.write(keep_certificate, "nobody", generation=1, key_digest=KEY, now=NOW)


def test_what_an_agent_says_of_itself_is_kept(store: Store) -> None:
    an_agent(store)
    store.write(seen, "a1", now=NOW + 3, version="1.2")
    store.write(seen, "a1", now=NOW + 4)
    assert store.write(keep_health, "a1", b"h" * limits.HEALTH_OCTETS, now=NOW + 4)
    assert not store.write(keep_health, "a1", b"h" * (limits.HEALTH_OCTETS + 1), now=NOW + 5)
    assert not store.write(keep_health, "nobody", b"h", now=NOW + 5)
    agent = store.read(get_agent, "a1")
    assert agent is not None
    assert (agent.seen_at, agent.version, agent.health_at) == (NOW + 4, "1.2", NOW + 4)
    assert agent.health == b"h" * limits.HEALTH_OCTETS


def test_entities_are_a_tree(store: Store) -> None:
    for path in ("dealer/one/site", "dealer/two", " dealer / two ", "other"):
        store.write(ensure_entity, path, now=NOW)
    paths = [entity.path for entity in store.read(list_entities)]
    assert sorted(paths) == ["", "dealer", "dealer/one", "dealer/one/site", "dealer/two", "other"]
    assert all(not path or path.rpartition("/")[0] in paths[:place] for place, path in enumerate(paths))
    dealer = store.read(find_entity, "dealer").id
    below = {entity.path for entity in store.read(list_entities) if entity.id in store.read(subtree, dealer)}
    assert below == {"dealer", "dealer/one", "dealer/one/site", "dealer/two"}


def test_an_entity_is_found_by_its_path_or_by_a_name_that_only_one_has(store: Store) -> None:
    for path in ("one/site", "two/site", "two/yard"):
        store.write(ensure_entity, path, now=NOW)
    assert store.read(find_entity, "yard").path == "two/yard"
    assert store.read(find_entity, "two/site").path == "two/site"
    assert store.read(find_entity, "").parent_id is None
    with pytest.raises(EntityError, match=r"one/site.*two/site"):
        store.read(find_entity, "site")
    with pytest.raises(EntityError, match="no entity"):
        store.read(find_entity, "three")


def test_an_entity_has_a_name_and_a_depth_within_limits(store: Store) -> None:
    store.write(ensure_entity, "/".join(["x" * limits.ENTITY_NAME] * (limits.ENTITY_DEPTH - 1)), now=NOW)
    for path in ("x" * (limits.ENTITY_NAME + 1), "a//b", "a/\x1b[2J", "a\0", "/".join(["x"] * limits.ENTITY_DEPTH)):
        with pytest.raises(EntityError):
            store.write(ensure_entity, path, now=NOW)
    assert len(store.read(list_entities)) == limits.ENTITY_DEPTH


def test_an_entity_that_two_make_at_once_is_one(store: Store) -> None:
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(store.write, ensure_entity, "dealer/customer", now=NOW) for _ in range(8)]
        assert len({call.result().id for call in calls}) == 1


def test_of_many_who_come_with_one_key_at_once_one_becomes_an_agent_and_uses_the_token_once(store: Store) -> None:
    a_token(store, uses=50)
    with ThreadPoolExecutor(10) as threads:
        calls = [threads.submit(store.write, enrol, SECRET, newcomer(f"a{n}"), now=NOW) for n in range(50)]
        verdicts = [call.result()[0] for call in calls]
    assert verdicts.count(Admission.GRANTED) == 1
    assert verdicts.count(Admission.KEY_IN_USE) == 49
    assert [token.used for token in store.read(list_tokens)] == [1]
    assert len(store.read(list_agents)) == 1


def test_another_agent_s_key_is_not_kept_as_one_s_own(store: Store) -> None:
    a_token(store, uses=2)
    store.write(enrol, SECRET, newcomer(), now=NOW)
    store.write(enrol, SECRET, newcomer("a2", key_digest=b"x" * 32), now=NOW)
    assert not store.write(keep_certificate, "a2", generation=2, key_digest=KEY, now=NOW)
    agent = store.read(get_agent, "a2")
    assert agent is not None
    assert (agent.generation, agent.key_digest) == (1, b"x" * 32)
