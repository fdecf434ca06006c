"""An agent has the settings of the nearest entity upwards, and their revision counts up with whatever changes them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from proto_schema import Schedule, Settings
from ptscan.collector.storage import (
    SettingsError,
    Store,
    ensure_entity,
    move_agent,
    move_entity,
    own_settings,
    put_settings,
    revoke,
    settings_of,
    settings_revisions,
)

from .stores import NOW, an_agent


def nightly(name: str = "nightly") -> Settings:
    return Settings(revision=0, schedules=[Schedule(name=name, cron="0 3 * * *", verb="scan", targets=["local"])])


def names(settings: Settings) -> list[str]:
    return [schedule.name for schedule in settings.schedules]


def entity(store: Store, path: str) -> int:
    return store.write(ensure_entity, path, now=NOW).id


def put(store: Store, path: str, settings: Settings | None, *, now: float = NOW) -> int:
    return store.write(put_settings, entity(store, path), settings, now=now)


def revision(store: Store, agent_id: str = "a1") -> int:
    return store.read(settings_of, agent_id).revision


def test_the_nearest_entity_upwards_says_what_holds(store: Store) -> None:
    an_agent(store, entity="dealer/customer/site")
    assert store.read(settings_of, "a1") == Settings(revision=0)
    assert store.read(settings_of, "nobody") == Settings(revision=0)
    for path in ("", "dealer", "dealer/customer/site"):
        put(store, path, nightly(path))
        put(store, "elsewhere", nightly("elsewhere"))
        assert names(store.read(settings_of, "a1")) == [path]
    put(store, "dealer", nightly("another"))
    assert names(store.read(settings_of, "a1")) == ["dealer/customer/site"]
    assert store.read(own_settings, entity(store, "dealer/customer")) is None
    own = store.read(own_settings, entity(store, "dealer"))
    assert own is not None
    assert names(own) == ["another"]


def test_the_revision_goes_up_with_each_change_even_when_settings_are_taken_away(store: Store) -> None:
    an_agent(store, entity="dealer/customer")
    seen = [revision(store)]
    for path, settings in (
        ("dealer", nightly()), ("dealer/customer", nightly("own")), ("dealer/customer", None), ("dealer", None),
    ):  # fmt: skip
        put(store, path, settings)
        seen.append(revision(store))
    assert seen == sorted(set(seen))
    assert store.read(settings_of, "a1") == Settings(revision=seen[-1])


def test_a_revision_is_never_below_the_clock_so_that_a_restored_store_goes_on(store: Store) -> None:
    assert put(store, "dealer", nightly()) >= NOW
    first = put(store, "dealer", nightly(), now=NOW + 1_000)
    assert first >= NOW + 1_000
    # A clock that was set back counts on.
    assert put(store, "dealer", nightly(), now=NOW) == first + 1


def test_who_has_to_be_told_is_one_question(store: Store) -> None:
    for agent, path in (("a1", "dealer/one"), ("a2", "dealer/two"), ("a3", "dealer/two/site")):
        an_agent(store, agent, entity=path)
    assert store.read(settings_revisions) == {}
    first = put(store, "dealer", nightly())
    assert store.read(settings_revisions) == {"a1": first, "a2": first, "a3": first}
    second = put(store, "dealer/two", nightly())
    assert store.read(settings_revisions, since=first) == {"a2": second, "a3": second}
    assert store.read(settings_revisions) == {"a1": first, "a2": second, "a3": second}
    assert store.read(settings_revisions, since=second) == {}
    assert store.read(settings_revisions) == {agent: revision(store, agent) for agent in ("a1", "a2", "a3")}
    store.write(revoke, "a3", "sold", now=NOW)
    assert store.read(settings_revisions, since=first) == {"a2": second}


def test_who_is_moved_to_other_settings_is_told(store: Store) -> None:
    an_agent(store, entity="a/site")
    an_agent(store, "a2", entity="b")
    put(store, "b", nightly("of b"))
    before = put(store, "a", nightly("of a"))
    assert names(store.read(settings_of, "a1")) == ["of a"]
    store.write(move_entity, entity(store, "a/site"), "b/site", now=NOW)
    after = revision(store)
    assert after > before
    assert names(store.read(settings_of, "a1")) == ["of b"]
    assert store.read(settings_revisions, since=before) == {"a1": after}
    store.write(move_agent, "a2", entity(store, "a"), now=NOW)
    assert names(store.read(settings_of, "a2")) == ["of a"]
    assert store.read(settings_revisions, since=after) == {"a2": revision(store, "a2")}


def test_revisions_of_many_who_change_them_at_once_are_different_ones(store: Store) -> None:
    places = [entity(store, f"customer-{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(store.write, put_settings, place, nightly(), now=NOW) for place in places * 3]
        revisions = [call.result() for call in calls]
    assert len(set(revisions)) == 24


def test_settings_that_are_none_are_refused(store: Store) -> None:
    place = entity(store, "dealer")
    for settings in (
        Settings(revision=0, check_in_seconds=0.0),
        Settings(revision=0, schedules=nightly().schedules * 257),
        nightly("x" * 65),
        nightly("\ud800"),
    ):
        with pytest.raises(SettingsError):
            store.write(put_settings, place, settings, now=NOW)
    with pytest.raises(SettingsError, match="no entity"):
        store.write(put_settings, 10_000, nightly(), now=NOW)
    assert store.read(own_settings, place) is None
