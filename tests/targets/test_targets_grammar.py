"""Every form of a target, and one exact line for everything that is none."""

from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.errors import InputError
from ptscan.targets import Lookups, TargetError, format_address, parse_address, parse_targets


def listed(*texts: str, exclude: tuple[str, ...] = ()) -> list[str]:
    return [format_address(address) for address in parse_targets(texts, exclude)]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("10.0.0.7", ["10.0.0.7"]),
        ("10.0.0.0/30", ["10.0.0.1", "10.0.0.2"]),
        ("10.0.0.2/30", ["10.0.0.1", "10.0.0.2"]),
        ("10.0.0.8/31", ["10.0.0.8", "10.0.0.9"]),
        ("10.0.0.8/32", ["10.0.0.8"]),
        ("10.0.0.254-10.0.1.1", ["10.0.0.254", "10.0.0.255", "10.0.1.0", "10.0.1.1"]),
        ("10.0.0.3-5", ["10.0.0.3", "10.0.0.4", "10.0.0.5"]),
        ("10.0-1.0.9", ["10.0.0.9", "10.1.0.9"]),
        ("10.0.0-1.9-10", ["10.0.0.9", "10.0.0.10", "10.0.1.9", "10.0.1.10"]),
        ("::1", ["::1"]),
        ("fd00::/126", ["fd00::1", "fd00::2", "fd00::3"]),
        ("fd00::4/127", ["fd00::4", "fd00::5"]),
        ("fd00::4/128", ["fd00::4"]),
        ("fd00::fffe-fd00::1:1", ["fd00::fffe", "fd00::ffff", "fd00::1:0", "fd00::1:1"]),
        ("::ffff:10.0.0.7", ["10.0.0.7"]),
        ("::ffff:10.0.0.0/126", ["10.0.0.1", "10.0.0.2"]),
    ],
)
def test_every_form_of_a_target(text: str, addresses: list[str]) -> None:
    assert listed(text) == addresses


def test_a_star_stands_for_the_hosts_of_whole_blocks() -> None:
    assert listed("10.0.0-3.*") == [f"10.0.{net}.{host}" for net in range(4) for host in range(1, 255)]
    everything = parse_targets(["10.1.*.*"])
    assert everything.intervals == parse_targets(["10.1.0.0/16"]).intervals


def test_a_range_is_meant_as_it_was_typed() -> None:
    assert parse_targets(["10.0.0.1-10.0.3.254"]).count == 4 * 256 - 2
    assert parse_targets(["10.0.0.0-255"]).count == 256


def test_edges_of_a_block_are_left_out_even_where_another_target_covers_them() -> None:
    assert "10.0.0.255" not in parse_targets(["10.0.0.0/24", "10.0.0.0-10.0.1.255"])
    assert "10.0.0.255" in parse_targets(["10.0.0.0/24", "10.0.0.255"])
    assert "10.0.0.0" in parse_targets(["10.0.0.0", "10.0.0.0/24"])


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "0.1.2.3", "224.0.0.251", "239.9.9.9", "255.255.255.255", "::", "ff02::1"]
)
def test_what_is_no_host_is_probed_only_when_it_is_named_alone(address: str) -> None:
    assert listed(address) == [address]
    with pytest.raises(TargetError, match="nothing to probe"):
        parse_targets([f"{address}-{address}"])


def test_the_whole_of_ipv4_has_no_multicast_no_zero_net_and_is_not_expanded() -> None:
    everything = parse_targets(["0.0.0.0/0"])
    assert everything.count == (224 - 1) * 2**24
    assert len(everything.intervals) == 1


def test_excludes_win_with_edges_and_all() -> None:
    assert listed("10.0.0.0/29", exclude=("10.0.0.4/30",)) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert listed("10.0.0.4", "10.0.0.9", exclude=("10.0.0.0-7",)) == ["10.0.0.9"]
    assert listed("::1", "fd00::1", exclude=("fc00::/7",)) == ["::1"]


def test_overlapping_targets_count_once() -> None:
    assert parse_targets(["10.0.0.1-50", "10.0.0.0/24", "10.0.0.7", "10.0.0.*"]).count == 254


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty target"),
        ("10.0.0", "four numbers, not 3"),
        ("10.0.0.0.1", "four numbers, not 5"),
        ("10.0.0.256", "fourth number, 256, is above 255"),
        ("10.0.0.1-300", "fourth number, 300, is above 255"),
        ("10..0.1", "no second number"),
        ("10.0.07.1", "begins with 0"),
        ("10.0.0.9-3", "range ends before it begins"),
        ("10.0.1.0-10.0.0.255", "ends before it begins"),
        ("10.0.0.0/33", "prefix length is 33"),
        ("10.0.0.0/", "prefix length is missing"),
        ("10.0.0/24", "which has four numbers"),
        ("10.0.0.1:161", "--port"),
        ("10.0.0.1,10.0.0.2", "put a space between"),
        ("*.*.*.1", "16,777,216 separate blocks"),
        ("10.0.0.1-", "no fourth number"),
        ("fd00::/64", "at most 65,536 addresses"),
        ("fd00::/111", "at most 65,536 addresses"),
        ("fd00::/129", "prefix length is 129"),
        ("fd00::1-fd00::1:1", "at most 65,536 addresses"),
        ("fd00::2-fd00::1", "ends before it begins"),
        ("fe80::1%eth0", "zone"),
        ("::ffff:0:0/95", "IPv4-mapped"),
        ("fd00:::1", "not an IPv6 address"),
        ("http://printer/", "not an IPv6 address"),
        ("printer one", "not a target"),
        ("-printer", "not a target"),
        ("print\x1b[31mer", "not a target"),
        ("drucker-größe", "not a target"),
        ("a" * 600, "longer than 512"),
        ("@", "name is missing"),
    ],
)
def test_a_wrong_target_says_what_and_how_to_mend_it_in_one_line(text: str, fault: str) -> None:
    with pytest.raises(TargetError, match=fault) as caught:
        parse_targets([text])
    assert isinstance(caught.value, InputError)
    assert caught.value.text == text
    assert str(caught.value).isprintable()


@given(st.text(max_size=40) | st.text("0123456789.-*/:@,abf", max_size=24))
def test_any_text_is_a_target_or_a_target_error(text: str) -> None:
    fault = ""
    try:
        assert parse_targets([text]).count > 0
    except TargetError as error:
        fault = str(error)
    assert "\n" not in fault


@given(st.integers(0, 2**32 - 1), st.integers(20, 32))
def test_a_cidr_has_the_hosts_that_ipaddress_says(base: int, length: int) -> None:
    network = IPv4Network((base, length), strict=False)
    hosts = {int(host) for host in (network.hosts() if length < 32 else [network.network_address])}
    if length < 32:
        hosts = {host for host in hosts if 0x0100_0000 <= host < 0xE000_0000}
    try:
        assert set(parse_targets([f"{IPv4Address(base)}/{length}"])) == hosts
    except TargetError:
        assert not hosts


@given(st.integers(0, 2**120), st.integers(118, 128))
def test_an_ipv6_prefix_has_the_hosts_that_ipaddress_says(low: int, length: int) -> None:
    network = IPv6Network((0xFD << 120 | low, length), strict=False)
    assert listed(str(network)) == [str(host) for host in network.hosts()]


@given(st.integers(0, 2**32 - 1) | st.integers(0, 2**128 - 1).map(lambda number: number | 1 << 128))
def test_an_address_survives_being_written_and_read(address: int) -> None:
    again = parse_address(format_address(address))
    assert again == address or (address >> 32 == (1 << 128 | 0xFFFF << 32) >> 32 and again == address & 0xFFFF_FFFF)


def test_what_a_file_says_stands_in_its_place_and_faults_name_its_line() -> None:
    lookups = Lookups(files={"floor3.txt": "# third floor\n10.0.0.1 10.0.0.2  # two\n\n10.0.1.0/30\n"})
    assert [format_address(a) for a in parse_targets(["@floor3.txt"], ["10.0.0.2"], lookups=lookups)] == [
        "10.0.0.1",
        "10.0.1.1",
        "10.0.1.2",
    ]
    wrong = Lookups(files={"floor3.txt": "10.0.0.1\n10.0.0.300\n"})
    with pytest.raises(TargetError, match=r"^floor3.txt line 2: target '10.0.0.300': the fourth number"):
        parse_targets(["@floor3.txt"], lookups=wrong)
    nested = Lookups(files={"a": "@b", "b": "10.0.0.1"})
    with pytest.raises(TargetError, match=r"a line 1: .*cannot name another file"):
        parse_targets(["@a"], lookups=nested)


def test_nothing_left_is_said_with_its_reason() -> None:
    with pytest.raises(TargetError, match="no target was given"):
        parse_targets([])
    with pytest.raises(TargetError, match="no target was given"):
        parse_targets(["@empty"], lookups=Lookups(files={"empty": "# nobody\n"}))
    with pytest.raises(TargetError, match="excludes cover every target"):
        parse_targets(["10.0.0.1"], ["10.0.0.0/24"])
    with pytest.raises(TargetError, match=r"name an address alone \(224.0.0.0\)"):
        parse_targets(["224.0.0.0/4"])
