"""Which device gets which address, and what is refused before a socket is opened."""

import pytest

from ptscan.errors import InputError
from ptscan.simulator import PlanError, Recording, make_plan, make_user, parse_recording
from ptscan.simulator.plan import parse_listen


def devices(count: int) -> list[Recording]:
    return [parse_recording(b"1.3.6.1.2.1.1.5.0|4|x", f"{number}.snmprec") for number in range(count)]


def addresses(count: int, network: str) -> list[str]:
    return [station.address for station in make_plan(devices(count), network=network).stations]


def test_devices_get_consecutive_addresses() -> None:
    plan = make_plan(devices(3), network="127.50.0.0/16")
    assert list(plan.lines) == ["127.50.0.1\t0.snmprec", "127.50.0.2\t1.snmprec", "127.50.0.3\t2.snmprec"]


def test_addresses_that_end_in_0_or_255_are_passed_over() -> None:
    found = addresses(600, "127.50.0.0/16")
    assert found[253:256] == ["127.50.0.254", "127.50.1.1", "127.50.1.2"]
    assert not any(address.endswith((".0", ".255")) for address in found)


@pytest.mark.parametrize(
    ("network", "room", "first"),
    [
        ("127.50.0.0/24", 254, "127.50.0.1"),
        ("127.50.0.64/28", 14, "127.50.0.65"),
        ("127.50.0.128/30", 2, "127.50.0.129"),
        ("127.50.0.8/31", 2, "127.50.0.8"),
        ("127.50.0.0/32", 1, "127.50.0.0"),
        ("127.50.0.7", 1, "127.50.0.7"),
        ("::1", 1, "::1"),
    ],
)
def test_a_network_holds_as_many_devices_as_it_has_usable_addresses(network: str, room: int, first: str) -> None:
    assert addresses(room, network)[0] == first
    with pytest.raises(PlanError, match=f"has room for {room} devices, not for {room + 1}"):
        addresses(room + 1, network)


@pytest.mark.parametrize("network", ["10.0.0.0/8", "0.0.0.0/0", "126.0.0.0/7", "::/64", "fe80::/64", "nonsense", ""])
def test_only_loopback_networks_are_played(network: str) -> None:
    with pytest.raises(PlanError, match=r"loopback|is no network"):
        make_plan(devices(1), network=network or "not.a.network")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("127.0.0.1:1161", ("127.0.0.1", 1161)), ("[::1]:0", ("::1", 0)), ("::1:161", ("::1", 161))],
)
def test_an_address_to_listen_on_is_read(text: str, expected: tuple[str, int]) -> None:
    assert parse_listen(text) == expected


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "10.0.0.1:161", "::ffff:127.0.0.1:161", ":161"],
)
def test_other_addresses_to_listen_on_are_refused(text: str) -> None:
    with pytest.raises(PlanError):
        parse_listen(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"network": "127.0.0.0/24", "listen": "127.0.0.1:1161"},
        {"community": ""},
        {"speed": -1.0},
        {"speed": float("nan")},
        {"max_message": 483},
        {"max_message": 65_508},
        {"port": 65_536},
        {"port": -1},
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_one_line(wrong: dict[str, object]) -> None:
    with pytest.raises(PlanError) as caught:
        make_plan(devices(1), **wrong)  # type: ignore[arg-type]
    assert isinstance(caught.value, InputError)
    assert "\n" not in str(caught.value)


def test_nothing_to_play_is_refused() -> None:
    with pytest.raises(PlanError, match="nothing to play"):
        make_plan([])


def test_several_devices_cannot_share_one_address() -> None:
    with pytest.raises(PlanError, match="2 devices can't share"):
        make_plan(devices(2), listen="127.0.0.1:1161")


# --- who may ask ---


def test_users_and_a_community_may_both_ask_or_either() -> None:
    user = make_user("robin")
    assert make_plan(devices(1), users=[user]).users == (user,)
    assert make_plan(devices(1), users=[user], community=None).community is None
    with pytest.raises(PlanError, match="nobody may ask"):
        make_plan(devices(1), community=None)


def test_a_device_knows_each_name_once() -> None:
    with pytest.raises(PlanError, match="two users are called 'robin'"):
        make_plan(devices(1), users=[make_user("robin"), make_user("robin", context="Jetdirect")])
