"""Strangers get few places an address, those with a name many; each limit at N and one beyond."""

import pytest

from ptscan.link import limits
from ptscan.link.admission import Admission, origin_of


def test_an_address_gets_so_many_places_and_one_that_is_left_is_free_again() -> None:
    admission = Admission()
    places = [admission.enter("192.0.2.1") for _ in range(limits.CONNECTIONS_PER_ADDRESS)]
    assert None not in places
    assert admission.enter("192.0.2.1") is None
    assert admission.enter("192.0.2.2") is not None
    assert places[0] is not None
    places[0].leave()
    places[0].leave()
    assert admission.enter("192.0.2.1") is not None
    assert admission.enter("192.0.2.1") is None


def test_all_addresses_together_get_so_many_places() -> None:
    admission = Admission()
    assert None not in [admission.enter(f"192.0.{n // 50}.{n % 50}") for n in range(limits.CONNECTIONS)]
    assert admission.enter("198.51.100.1") is None


def test_who_has_a_name_takes_no_stranger_s_place() -> None:
    admission = Admission()
    for _ in range(limits.CONNECTIONS_IDENTIFIED):
        place = admission.enter("192.0.2.1")
        assert place is not None
        assert place.identify()
    last = admission.enter("192.0.2.1")
    assert last is not None
    assert not last.identify()
    place.leave()
    place.leave()
    assert last.identify()


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
