"""What is spooled is handed out until it is settled; what becomes of it is told."""

import sqlite3
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from spooling import AT, NOON, WallClock, bodies, entry, killed, lease, opened, put, reply_to, resync

from proto_schema import Range, Received, UploadReply, write_instant
from ptscan.agent import Bounds, SpoolError, SpoolFullError, SpoolInUseError
from ptscan.agent.spool import limits

DAY = 86_400.0


def test_what_is_put_is_leased_in_order_and_settled_once(tmp_path: Path) -> None:
    with opened(tmp_path / "s") as store:
        assert put(store, "a", "b", "c") == [1, 2, 3]
        batch = lease(store)
        assert batch
        assert [(r.sequence, r.kind, r.at, r.body) for r in batch.records] == [
            (1, "reading", AT, b"a"),
            (2, "reading", AT, b"b"),
            (3, "reading", AT, b"c"),
        ]
        assert lease(store) is None, "what is on its way is not handed out twice"
        assert store.settle(reply_to(batch), 0.0) == []
        store.release()
        assert lease(store) is None
        assert store.state().waiting_records == 0


def test_what_was_not_settled_is_handed_out_again_with_its_name(tmp_path: Path) -> None:
    with opened(tmp_path / "s") as store:
        put(store, "a", "b")
        first = lease(store)
        store.release()
        assert lease(store) == first
    with opened(tmp_path / "s") as store:
        assert lease(store) == first


def test_each_opening_numbers_in_an_epoch_of_its_own(tmp_path: Path) -> None:
    with opened(tmp_path / "s") as store:
        put(store, "a")
    with opened(tmp_path / "s") as store:
        assert put(store, "b") == [2]
        one = lease(store)
        two = lease(store)
        assert one
        assert two
        assert (bodies(one), bodies(two)) == ([b"a"], [b"b"])
        assert one.epoch != two.epoch


def test_a_spool_that_was_restored_never_says_the_same_of_another_record(tmp_path: Path) -> None:
    with opened(tmp_path / "s") as store:
        put(store, "a")
        backup = killed(tmp_path / "s", tmp_path / "backup")
        put(store, "b")
        names = {(store.epoch, 2)}
    with opened(backup) as store:
        assert put(store, "other") == [2]
        assert (store.epoch, 2) not in names


def test_a_lease_keeps_to_its_octets_and_records(tmp_path: Path) -> None:
    with opened(tmp_path / "s") as store:
        put(store, *(bytes(1_000) for _ in range(10)))
        assert len(bodies(lease(store, records=3))) == 3
        assert len(bodies(lease(store, octets=2_500))) == 2
        assert len(bodies(lease(store, octets=1))) == 1, "one that is too large alone comes alone"
        assert len(bodies(lease(store))) == 4


def test_no_more_is_on_its_way_than_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LEASED_RECORDS", 3)
    with opened(tmp_path / "s") as store:
        put(store, *"abcde")
        batch = lease(store)
        assert batch
        assert bodies(batch) == [b"a", b"b", b"c"]
        assert lease(store) is None
        store.settle(reply_to(batch), 0.0)
        assert bodies(lease(store)) == [b"d", b"e"]


def test_a_reply_settles_what_was_leased_and_nothing_else(tmp_path: Path) -> None:
    with opened(tmp_path / "s") as store:
        put(store, *"abc")
        batch = lease(store, records=1)
        assert batch
        store.settle(UploadReply(epoch="another", upto=3), 0.0)
        assert store.state().waiting_records == 3
        store.settle(UploadReply(epoch=batch.epoch, upto=limits.SPOOL_OCTETS), 0.0)
        assert bodies(lease(store)) == [b"b", b"c"]


def test_a_poison_record_is_set_aside_after_five_tries_and_holds_nobody_up(tmp_path: Path) -> None:
    now = 0.0
    with opened(tmp_path / "s") as store:
        put(store, *"abc")
        sent = 0
        for delay in (*limits.TRY_AGAIN_SECONDS, None):
            batch = lease(store, now=now)
            assert batch
            assert bodies(batch) == ([b"b"] if sent else [b"a", b"b", b"c"])
            sent += 1
            aside = store.settle(reply_to(batch, 2), now)
            assert aside == ([] if delay else [2])
            assert lease(store, now=now) is None
            if delay:
                assert store.due_at() == now + delay
                assert lease(store, now=now + delay - 0.1) is None
                now += delay
        assert sent == limits.TRIES
        assert store.state().set_aside == 1
        assert store.state().waiting_records == 0
    with opened(tmp_path / "s") as store:
        assert lease(store) is None
        assert store.state().set_aside == 1


def test_tries_are_counted_over_a_restart(tmp_path: Path) -> None:
    for number in range(limits.TRIES):
        with opened(tmp_path / "s") as store:
            if not number:
                put(store, "a")
            batch = lease(store)
            assert batch
            assert bool(store.settle(reply_to(batch, 1), 0.0)) == (number == limits.TRIES - 1)


def test_a_reply_to_later_records_says_nothing_of_one_that_is_tried_again(tmp_path: Path) -> None:
    with opened(tmp_path / "s") as store:
        put(store, *"abcd")
        first = lease(store, records=2)
        assert first
        store.settle(reply_to(first, 1), 0.0)
        later = lease(store, records=2)
        again = lease(store, now=limits.TRY_AGAIN_SECONDS[0])
        assert later
        assert bodies(again) == [b"a"]
        store.settle(reply_to(later), 20.0)
        assert store.state().waiting_records == 1, "it is on its way, and not stored"
        store.release()
        assert bodies(lease(store, now=20.0)) == [b"a"]


def test_each_reply_settles_its_own_batch_in_any_order_and_once(tmp_path: Path) -> None:
    with opened(tmp_path / "s") as store:
        put(store, *"abcdef")
        batches = [lease(store, records=2) for _ in range(3)]
        for number in (2, 0, 0):
            batch = batches[number]
            assert batch
            store.settle(reply_to(batch), 0.0)
        assert store.state().waiting_records == 2
        part = batches[1]
        assert part
        store.settle(UploadReply(epoch=part.epoch, upto=part.records[0].sequence), 0.0)
        store.settle(UploadReply(epoch=part.epoch, upto=1 << 62), 0.0)
        assert store.state().leased_records == 1
        store.release()
        assert bodies(lease(store)) == [b"d"]


def test_a_number_of_tries_that_is_damaged_is_no_harm(tmp_path: Path) -> None:
    with opened(tmp_path / "s") as store:
        put(store, "a")
        batch = lease(store)
        assert batch
        store.settle(reply_to(batch, 1), 0.0)
    with sqlite3.connect(tmp_path / "s" / "spool.db") as connection:
        connection.execute("UPDATE refusal SET tries = -7")
    connection.close()
    with opened(tmp_path / "s") as store:
        batch = lease(store)
        assert batch
        assert store.settle(reply_to(batch, 1), 0.0) == []
        assert bodies(lease(store, now=limits.TRY_AGAIN_SECONDS[0])) == [b"a"]


def test_what_is_set_aside_goes_only_below_what_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mark says that all below it is settled."""
    monkeypatch.setattr(limits, "SET_ASIDE_RECORDS", 0)
    monkeypatch.setattr(limits, "TRIES", 1)
    with opened(tmp_path / "s") as store:
        put(store, *"ab")
        first, second = (lease(store, records=1) for _ in range(2))
        assert first
        assert second
        store.settle(reply_to(second, 2), 0.0)
        assert store._connection
        assert store._connection.execute("SELECT upto FROM mark").fetchone() == (0,)
        store.settle(reply_to(first), 0.0)
        assert store.state().waiting_records == 0


def test_of_what_is_set_aside_a_thousand_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SET_ASIDE_RECORDS", 2)
    monkeypatch.setattr(limits, "TRIES", 1)
    with opened(tmp_path / "s") as store:
        put(store, *"abc")
        for _ in range(3):
            batch = lease(store, records=1)
            assert batch
            store.settle(reply_to(batch, batch.records[0].sequence), 0.0)
        assert store.state().set_aside == 2
        kept = store.state().kept_octets
    with opened(tmp_path / "s") as store:
        assert store.state().kept_octets == kept
        assert store.state().lost == 0


def test_what_is_stored_while_the_collector_speaks_is_not_sent_again(tmp_path: Path) -> None:
    with opened(tmp_path / "s") as store:
        put(store, *"abcd")
        first = lease(store, records=2)
        assert first
        store.settle(reply_to(first), 0.0)
        assert store.epochs() == [first.epoch]  # the collector is asked, and looks
        behind = lease(store)
        assert behind
        store.settle(reply_to(behind), 0.0)
        assert resync(store, first.epoch, (1, 1)) == 1, "what was stored before it looked"
        assert bodies(lease(store)) == [b"b"]
        # The next time, all of them were stored before.
        assert resync(store, first.epoch) == 3


@pytest.mark.parametrize(("most", "again"), [(2, 0), (1, 2)])
def test_what_is_too_much_to_remember_is_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, again: int
) -> None:
    monkeypatch.setattr(limits, "MEANWHILE_RECORDS", most)
    with opened(tmp_path / "s") as store:
        put(store, *"ab")
        store.epochs()
        batch = lease(store)
        assert batch
        store.settle(reply_to(batch), 0.0)
        assert resync(store, batch.epoch) == again


def test_a_collector_restored_from_a_backup_gets_what_it_lost(tmp_path: Path) -> None:
    with opened(tmp_path / "s") as store:
        put(store, *"abcd")
        batch = lease(store)
        assert batch
        store.settle(reply_to(batch), 0.0)
        assert resync(store, "another") == 0
        assert resync(store, batch.epoch, (1, 2)) == 2
        assert bodies(lease(store)) == [b"c", b"d"]
        assert store.state().waiting_records == 2


@pytest.mark.parametrize(
    ("ranges", "again"),
    [
        ([], "abcdef"),
        ([(1, 6)], ""),
        ([(1, (1 << 63) - 1)], ""),
        ([(0, 0), (7, 9)], "abcdef"),
        ([(2, 3), (5, 5)], "adf"),
        ([(5, 5), (2, 3)], "adf"),
        ([(1, 4), (2, 2), (3, 5)], "f"),
        ([(4, 2)], "abcdef"),
        ([(1, 1), (1, 1)], "bcdef"),
    ],
)
def test_what_is_in_no_range_waits_again(ranges: list[tuple[int, int]], again: str, tmp_path: Path) -> None:
    with opened(tmp_path / "s") as store:
        put(store, *"abcdef", "waits")
        batch = lease(store, records=6)
        assert batch
        store.settle(reply_to(batch), 0.0)
        assert resync(store, batch.epoch, *ranges) == len(again)
        assert store.state().waiting_records == len(again) + 1
        came = bodies(lease(store))
        assert came == [*(letter.encode() for letter in again), b"waits"]
        assert resync(store, batch.epoch, *ranges) == 0, "it waits already"


def test_only_what_was_stored_waits_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TRIES", 1)
    with opened(tmp_path / "s") as store:
        put(store, *"abc")
        batch = lease(store)
        assert batch
        store.settle(reply_to(batch, 2), 0.0)
        assert resync(store, batch.epoch) == 2
        assert bodies(lease(store)) == [b"a", b"c"]
        assert store.state().set_aside == 1


def test_the_epochs_of_which_there_are_records_and_last_the_one_of_new_ones(tmp_path: Path) -> None:
    clock = WallClock()
    seen = []
    with opened(tmp_path / "s") as store:
        assert store.epochs() == [store.epoch]
    for letter in "abc":
        with opened(tmp_path / "s") as store:
            assert store.epochs() == [*seen, store.epoch], "one without records is not named"
            put(store, letter)
            seen.append(store.epoch)
            assert store.epochs() == seen
    with opened(tmp_path / "s", clock=clock) as store:
        batch = lease(store)
        assert batch
        store.settle(reply_to(batch), 0.0)
        assert store.epochs() == [*seen, store.epoch], "what is stored is still here"
        clock.seconds += limits.STORED_SECONDS + 1
        store.tidy()
        assert store.epochs() == [*seen[1:], store.epoch]
        for epoch in seen:
            assert resync(store, epoch) == 0, "stored by nobody"


def test_of_very_many_epochs_the_latest_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ptscan.agent.spool.store.EPOCHS", 2)
    seen = []
    for letter in "abc":
        with opened(tmp_path / "s") as store:
            put(store, letter)
            seen.append(store.epoch)
            assert store.epochs() == seen[-2:]


def test_each_epoch_has_what_the_collector_lost_of_it(tmp_path: Path) -> None:
    """Records of three epochs, of which the collector has one whole, one in part, and of one nothing."""
    for letter in "abc":
        with opened(tmp_path / "s") as store:
            put(store, *(letter * size for size in (1, 2, 3)))
    with opened(tmp_path / "s") as store:
        while batch := lease(store):
            store.settle(reply_to(batch), 0.0)
        epochs = store.epochs()
        received = [
            Received(epoch=epochs[2], ranges=[]),
            Received(epoch=epochs[0], ranges=[Range(first=1, last=3)]),
            Received(epoch=epochs[1], ranges=[Range(first=5, last=5)]),
            Received(epoch=epochs[1], ranges=[Range(first=6, last=6)]),
            Received(epoch="no such epoch", ranges=[]),
        ]
        assert store.resync(store.missing(received)) == 4
        assert bodies(lease(store)) == [b"b"]
        assert bodies(lease(store)) == [b"c", b"cc", b"ccc"]
    with opened(tmp_path / "s") as store:
        assert store.state().waiting_records == 4, "and so after a restart"


def test_stored_records_are_kept_for_a_day(tmp_path: Path) -> None:
    clock = WallClock()
    with opened(tmp_path / "s", clock=clock) as store:
        put(store, "a", "b")
        batch = lease(store)
        assert batch
        store.settle(reply_to(batch), 0.0)
        clock.seconds += limits.STORED_SECONDS
        assert not store.tidy()
        clock.seconds += 1
        assert store.tidy()
        assert not store.tidy()
        assert store.state().kept_octets == 0
        assert resync(store, batch.epoch) == 0
    with opened(tmp_path / "s") as store:
        assert put(store, "c") == [3]
        assert not store.state().lost


def test_a_clock_that_is_set_back_or_jumps_loses_nothing(tmp_path: Path) -> None:
    clock = WallClock()
    with opened(tmp_path / "s", clock=clock) as store:
        for number, seconds in enumerate((NOON, -5.0, 0.0, NOON + 400 * DAY, NOON - 7_200, 1e12)):
            clock.seconds = seconds
            put(store, str(number))
            store.tidy()
        assert bodies(lease(store)) == [b"0", b"1", b"2", b"3", b"4", b"5"], "the order is the sequence"


def _bound(records: int) -> Bounds:
    """A spool for so many records of 1,000 octets."""
    return Bounds(octets=records * 1_400)


def test_a_full_spool_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    with opened(tmp_path / "s", _bound(3)) as store:
        taken = [put(store, bytes([number]) * 1_000) for number in range(3)]
        with pytest.raises(SpoolFullError, match="is full"):
            put(store, bytes(1_000))
        assert store.state().refused == 1
        batch = lease(store)
        assert batch
        assert [record.sequence for record in batch.records] == [number for (number,) in taken]
        store.settle(reply_to(batch), 0.0)
        assert put(store, bytes(1_000)) == [4], "what is stored goes early where room is needed"
        assert store.state().kept_octets <= _bound(3).octets


def test_what_a_full_disk_refuses_is_counted_and_told_until_there_is_room(tmp_path: Path) -> None:
    with opened(tmp_path / "s") as store:
        put(store, "before")
        connection = store._connection
        assert connection is not None
        connection.execute("PRAGMA max_page_count = 1")  # as SQLite says it of a disk: SQLITE_FULL
        for _ in range(2):
            with pytest.raises(SpoolFullError, match="the disk is full"):
                put(store, bytes(100_000))
        assert (store.state().refused, store.state().disk_is_full) == (2, True)
        connection.execute("PRAGMA max_page_count = 1000000")
        put(store, bytes(100_000))
        assert (store.state().refused, store.state().disk_is_full) == (2, False)


def test_a_put_is_taken_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    with opened(tmp_path / "s", _bound(3)) as store:
        big, small = [entry(bytes(1_000))] * 4, [entry(bytes(10))]
        results = store.put([big, small])
        assert isinstance(results[0], SpoolFullError)
        assert results[1] == range(1, 2)
        assert bodies(lease(store)) == [bytes(10)]


def test_exactly_the_bound_is_taken_and_one_octet_more_is_not(tmp_path: Path) -> None:
    with opened(tmp_path / "measure") as store:
        put(store, bytes(1_000))
        cost = store.state().kept_octets
    assert cost < 1_200
    with opened(tmp_path / "s", Bounds(octets=1_000 + len("reading") + len(AT) + 2 * limits.RECORD_OVERHEAD)) as store:
        with pytest.raises(SpoolFullError):
            put(store, bytes(1_001))
        assert put(store, bytes(1_000)) == [1]


def test_a_full_spool_keeps_one_old_record_a_day_of_each_device(tmp_path: Path) -> None:
    clock = WallClock(NOON - 40 * DAY)
    with opened(tmp_path / "s", Bounds(octets=34_000), clock) as store:
        for hour in range(12):
            at = write_instant(clock.seconds + hour * 3_600 - 6 * 3_600)
            store.put([[entry(f"{device} {at}".ljust(1_000), subject=device, at=at) for device in ("x", "y")]])
        put(store, b"alert".ljust(1_000))
        clock.seconds = NOON
        for _ in range(20):
            put(store, bytes(1_000))
        state = store.state()
        assert state.thinned == 22
        assert state.refused == 0
        found = bodies(lease(store))
        assert [body.split()[0] for body in found[:3]] == [b"x", b"y", b"alert"]
        assert all(b"17:00:00Z" in body for body in found[:2]), "the last of the day"
        assert len(found) == 23
    with opened(tmp_path / "s") as store:
        assert store.state().thinned == 22
        assert store.state().lost == 0


def test_what_is_young_is_refused_and_never_thinned(tmp_path: Path) -> None:
    with opened(tmp_path / "s", _bound(5)) as store:
        with pytest.raises(SpoolFullError):  # noqa: PT012
            for _ in range(9):
                (result,) = store.put([[entry(bytes(1_000), subject="x")]])
                if not isinstance(result, range):
                    raise result
        assert store.state().thinned == 0


def test_a_full_spool_is_looked_through_once_an_hour(tmp_path: Path) -> None:
    clock = WallClock()
    with opened(tmp_path / "s", replace(_bound(5), detail_seconds=0.0), clock) as store:
        for _ in range(40):
            store.put([[entry(bytes(1_000), subject="x", at=write_instant(clock.seconds - 60))]])
        thinned = store.state().thinned
        assert thinned
        assert store.state().refused
        clock.seconds += limits.THINNING_SECONDS
        assert isinstance(store.put([[entry(bytes(1_000), subject="x", at=write_instant(clock.seconds))]])[0], range)
        assert store.state().thinned > thinned


def test_numbers_only_ever_grow(tmp_path: Path) -> None:
    clock = WallClock()
    given = []
    for _ in range(4):
        with opened(tmp_path / "s", clock=clock) as store:
            given += put(store, "a", "b")
            batch = lease(store)
            assert batch
            store.settle(reply_to(batch), 0.0)
            clock.seconds += 2 * DAY
            store.tidy()
    assert all(one < two for one, two in pairwise(given))


def test_one_process_has_the_spool(tmp_path: Path) -> None:
    with (
        opened(tmp_path / "s"),
        pytest.raises(SpoolInUseError, match="in use by another agent"),
        opened(tmp_path / "s"),
    ):
        pass


def test_a_directory_that_others_can_look_into_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir(mode=0o755)
    with pytest.raises(SpoolError, match="chmod 700"), opened(tmp_path / "s"):
        pass


def test_what_others_can_read_is_never_made(tmp_path: Path) -> None:
    with opened(tmp_path / "s") as store:
        put(store, "a")
        assert (tmp_path / "s").stat().st_mode & 0o777 == 0o700
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "s").iterdir()}
        assert modes == {"spool.key": 0o600, "spool.db": 0o600, "spool.db-wal": 0o600}


def test_a_file_where_the_directory_should_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "s").touch()
    with pytest.raises(SpoolError, match="name another"), opened(tmp_path / "s"):
        pass


def test_several_replies_are_noted_together_each_for_its_own_batch(tmp_path: Path) -> None:
    with opened(tmp_path / "spool") as store:
        put(store, "a", "b", "c", "d", "e")
        first, second = lease(store, records=2), lease(store, records=2)
        assert first is not None
        assert second is not None
        again = UploadReply(epoch=first.epoch, upto=first.records[-1].sequence)
        assert store.settle_all((reply_to(second), reply_to(first, first.records[0].sequence), again), 0.0) == []
        state = store.state()
        assert (state.waiting_records, state.leased_records) == (2, 0), "one was refused, and one never leased"
        assert bodies(lease(store, now=20.0)) == [b"a", b"e"]
