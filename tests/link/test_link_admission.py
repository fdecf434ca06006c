"""Strangers get few places an address, those with a name many; each limit at N and one beyond."""

from functools import partial

import pytest

from ptscan.link import limits
from ptscan.link.admission import Admission, Place, origin_of


def enter(admission: Admission, address: str, *, now: float = 0.0) -> Place | None:
    return admission.enter(address, now=now, give_way=lambda: None)


def test_an_address_gets_so_many_places_and_one_that_is_left_is_free_again() -> None:
    admission = Admission()
    places = [enter(admission, "192.0.2.1") for _ in range(limits.CONNECTIONS_PER_ADDRESS)]
    assert None not in places
    assert enter(admission, "192.0.2.1") is None
    assert enter(admission, "192.0.2.2") is not None
    assert places[0] is not None
    places[0].leave()
    places[0].leave()
    assert enter(admission, "192.0.2.1") is not None
    assert enter(admission, "192.0.2.1") is None


def test_all_addresses_together_get_so_many_places() -> None:
    admission = Admission()
    assert None not in [enter(admission, f"192.0.{n // 50}.{n % 50}") for n in range(limits.CONNECTIONS)]
    assert enter(admission, "198.51.100.1") is None


def test_who_has_sat_longest_gives_way_when_it_is_time() -> None:
    admission, left = Admission(), list[float]()
    most, wait = limits.CONNECTIONS_PER_ADDRESS, limits.SITTING_SECONDS

    def come(now: float) -> Place | None:
        return admission.enter("192.0.2.1", now=now, give_way=lambda: left.append(now))

    places = [come(number / 64) for number in range(most)]
    named = places[0]
    assert named is not None
    assert named.identify()
    assert come(most / 64) is not None
    assert come(1 / 64 + wait - 0.001) is None
    assert left == []
    for number in range(1, 5):
        assert come(number / 64 + wait) is not None
    assert left == [1 / 64, 2 / 64, 3 / 64, 4 / 64]
    assert places[1] is not None
    places[1].leave()  # as its connection does at its end: nothing more is given back by that
    assert come(5 / 64 + wait - 0.001) is None


def test_who_has_shaken_hands_is_left_alone_for_longer() -> None:
    admission, left = Admission(), list[int]()
    places = [
        admission.enter("192.0.2.1", now=0.0, give_way=partial(left.append, number))
        for number in range(limits.CONNECTIONS_PER_ADDRESS)
    ]
    for place in places[:-1]:
        assert place is not None
        place.shook_hands(now=1.0)
    assert enter(admission, "192.0.2.1", now=limits.SITTING_SECONDS) is not None
    assert left == [len(places) - 1]
    assert enter(admission, "192.0.2.1", now=limits.SITTING_SECONDS) is None
    assert enter(admission, "192.0.2.1", now=1.0 + limits.ENROLLING_SECONDS) is not None
    assert len(left) == 1  # it was the newcomer that had sat longest
    assert enter(admission, "192.0.2.1", now=1.0 + limits.ENROLLING_SECONDS) is not None
    assert left[1:] == [0]


def test_over_all_addresses_too_who_has_sat_longest_gives_way() -> None:
    admission, left = Admission(), list[int]()
    for number in range(limits.CONNECTIONS):
        give_way = partial(left.append, number)
        admission.enter(f"192.0.{number // 50}.{number % 50}", now=number, give_way=give_way)
    assert enter(admission, "198.51.100.1", now=limits.CONNECTIONS) is not None
    assert left == [0]


def test_who_has_a_name_takes_no_stranger_s_place() -> None:
    admission = Admission()
    for _ in range(limits.CONNECTIONS_IDENTIFIED):
        place = enter(admission, "192.0.2.1")
        assert place is not None
        assert place.identify()
    last = enter(admission, "192.0.2.1")
    assert last is not None
    assert not last.identify()
    place.leave()
    place.leave()
    assert last.identify()


def test_where_few_files_may_be_open_connections_leave_some_for_others() -> None:
    admission = Admission(files=400)
    places = [enter(admission, f"192.0.2.{n}") for n in range(100)]
    assert None not in places
    assert enter(admission, "198.51.100.1") is None
    for number in range(200):
        place = enter(admission, f"192.0.3.{number}") if number >= 100 else places[number]
        assert place is not None
        assert place.identify()
    last = enter(admission, "198.51.100.1")
    assert last is not None
    assert not last.identify()


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("@unix", "@unix"),
    ],
)
def test_a_network_of_one_customer_counts_as_one_address(address: str, origin: str) -> None:
    assert origin_of(address) == origin
