"""What a sweep does to the network that it sweeps, counted packet by packet on a wire of our own.

Each test has two network namespaces to itself; ptscan runs in one of them, whole, as a person starts it.
"""

import json
import signal
import time
from collections import Counter
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from captures import Datagram, Traffic, most_in_a_second, per_host, shortest_wait
from hosts import Fleet, Healthy, SecureFleet, lossy, silent, sparse
from wires import FAR, Done, Wire, pressure

from codec import AUTH, PRIV, Message, PduType, decode_message, decode_secure
from ptscan.simulator import make_user

QUICK = ("--timeout", "0.3", "--rate", "5000", "--format", "jsonl")


def number(address: str) -> int:
    return int(ip_address(address))


def addresses(numbers: Iterable[int]) -> set[str]:
    return {str(ip_address(each)) for each in numbers}


def found(done: Done) -> list[str]:
    return [json.loads(line)["address"] for line in done.out]


def message_of(datagram: Datagram) -> Message:
    message = decode_message(datagram.payload)
    assert isinstance(message, Message)
    return message


def assert_nothing_else(traffic: Traffic, *attached: str) -> None:
    """No TCP, to no port at all; no other protocol; and ARP for whoever is attached alone."""
    assert traffic.strays == []
    assert addresses(traffic.sought) <= {FAR, *attached}


# --- where ---


def test_not_one_packet_goes_where_none_may(wire: Wire) -> None:
    """Every address that was not named, or was excluded, or is no host's, could be reached: it would be seen."""
    wire.near.ip("addr add 10.62.0.1/24 dev wire", "route add 224.0.0.0/3 dev wire", "route add 0.0.0.0/8 dev wire")
    wire.far.ip("route add local 10.62.0.128/25 dev lo", "route add 10.62.0.0/25 dev wire")
    wanted = (
        "10.64.0.0/22", "10.65.7.*", "10.66.0.250-10.66.1.5", "10.67.0.0", "10.67.1.255", "10.68.0.0/30",
        "10.68.1.0/31", "10.69.0-1.254-255", "10.62.0.0/24", "239.255.0.0/28", "240.0.0.0/28",
        "255.255.255.250-255.255.255.255", "0.0.0.0/28",
    )  # fmt: skip
    unwanted = ("10.64.1.0/25", "10.64.2.7", "10.65.7.100-120", "10.62.0.0-10.62.0.139")
    excluded = [word for target in unwanted for word in ("--exclude", target)]
    done = wire.run("sweep", *wanted, *excluded, *QUICK, "--retries", "0", "--snmp-version", "2c")
    expected = {
        *(each for each in ip_network("10.64.0.0/22").hosts() if each not in ip_network("10.64.1.0/25")),
        *ip_network("10.65.7.0/24").hosts(),
        *(ip_address("10.66.0.250") + place for place in range(12)),
        *map(ip_address, ("10.67.0.0", "10.67.1.255", "10.68.0.1", "10.68.0.2", "10.68.1.0", "10.68.1.1")),
        *map(ip_address, ("10.69.0.254", "10.69.0.255", "10.69.1.254", "10.69.1.255")),
        *(ip_address("10.62.0.140") + place for place in range(115)),
    } - {ip_address("10.64.2.7"), *(ip_address("10.65.7.100") + place for place in range(21))}
    traffic = wire.traffic()
    asked = Counter(each.host for each in traffic.asked)
    assert addresses(asked) == set(map(str, expected))
    assert set(asked.values()) == {1}
    assert_nothing_else(traffic, *(str(each) for each in expected if each in ip_network("10.62.0.0/24")))
    assert done.status == 0, done.err


# --- how often ---


@pytest.mark.parametrize(("rate", "version"), [("10000", "auto"), ("max", "auto"), ("max", "3")])
def test_no_host_hears_more_than_one_probe_and_its_retries_and_one_at_a_time(
    wire: Wire, rate: str, version: str
) -> None:
    """Canaries among them, on a path that loses a tenth."""
    wire.answer(lossy(sparse(Healthy(), 0.3), 0.1))
    options = ("--timeout", "0.5", "--retries", "3", "--snmp-version", version, "--format", "jsonl")
    done = wire.run("sweep", "10.64.0.0/20", "--rate", rate, *options)
    traffic = wire.traffic()
    heard = Counter(each.host for each in traffic.asked)
    answered = set(map(number, found(done)))
    assert max(heard.values()) <= 4
    assert {heard[host] for host in heard if host not in answered} <= {3, 4}
    assert len(heard) == 4094
    assert any(heard[host] > 1 for host in answered), "no canary was counted"
    assert shortest_wait(traffic) >= (0.5 if rate != "max" else 0.25) - 0.005
    assert_nothing_else(traffic)


def test_each_community_costs_the_silent_one_packet_more_and_goes_only_where_it_may(wire: Wire, tmp_path: Path) -> None:
    healthy = Healthy()

    def behave(host: int, request: bytes) -> Iterable[tuple[bytes, int]]:
        knows = {0: b"first", 1: b"second"}.get(host % 4)
        return healthy(host, request) if knows is not None and knows in request else ()

    wire.answer(behave)
    file = tmp_path / "communities.toml"
    file.write_text(
        '[[community]]\nname = "first"\n'
        '[[community]]\nname = "second"\nnetworks = ["10.64.0.0/25"]\n'
        '[[community]]\nname = "third"\n'
    )
    file.chmod(0o600)
    done = wire.run("sweep", "10.64.0.0/24", *QUICK, "--credentials", str(file), "--snmp-version", "2c")
    traffic = wire.traffic()
    heard: dict[int, list[bytes]] = {}
    for each in traffic.asked:
        heard.setdefault(each.host - number("10.64.0.0"), []).append(message_of(each).community)
    for host in range(1, 255):
        first, second, third = [b"first"] * 3, [b"second"] * (host < 128), [b"third"]
        expected = (
            [b"first"] if host % 4 == 0 else first + second + third if host % 4 > 1 or host >= 128 else first + second
        )
        assert heard.pop(host) == expected
    assert heard == {}
    assert len(done.out) == 63 + 32
    assert_nothing_else(traffic)


def test_a_printer_is_read_in_at_most_twelve_requests_more_one_after_another(wire: Wire) -> None:
    fleet = Fleet(84)
    wire.answer(fleet)
    done = wire.run("scan", "10.64.0.0-83", *QUICK)
    traffic = wire.traffic()
    messages = [message_of(each) for each in traffic.asked]
    heard = Counter(each.host for each in traffic.asked)
    assert len(heard) == 84
    assert max(heard.values()) <= 1 + 12
    assert len(done.out) == sum(device.is_printer for device in fleet.devices)
    assert {message.pdu_type for message in messages} <= {PduType.GET, PduType.GET_NEXT, PduType.GET_BULK}
    assert max(message.error_index for message in messages if message.pdu_type == PduType.GET_BULK) <= 25
    assert max(answer.octets for answer in traffic.answered) <= 1400
    assert shortest_wait(traffic) == float("inf")  # nothing was asked before the last answer was there
    assert_nothing_else(traffic)
    assert done.status == 0, done.err


def test_a_user_goes_only_where_he_may_and_a_printer_is_read_as_him_one_request_after_another(
    wire: Wire, tmp_path: Path
) -> None:
    user = make_user("monitor", auth="sha256", auth_secret="password-1", priv="aes128", priv_secret="password-2")
    wire.answer(SecureFleet(84, [user]))
    file = tmp_path / "users.toml"
    file.write_text(
        '[[user]]\nname = "monitor"\nauth = "sha256"\nauth_password = "password-1"\n'
        'priv = "aes128"\npriv_password = "password-2"\nnetworks = ["10.64.0.0/26"]\n'
    )
    file.chmod(0o600)
    done = wire.run("scan", "10.64.0.0-83", *QUICK, "--credentials", str(file))
    traffic = wire.traffic()
    heard = Counter(each.host - number("10.64.0.0") for each in traffic.asked)
    assert heard.keys() == set(range(84))
    assert max(heard.values()) <= 1 + 1 + 12  # the sweep's discovery, the reader's own, and the reading
    assert {heard[host] for host in range(64, 84)} == {1}
    secure = [decode_secure(each.payload) for each in traffic.asked]
    assert {(one.user, one.level) for one in secure} == {(b"", 0), (b"monitor", AUTH | PRIV)}
    assert len(done.out) == 64
    assert shortest_wait(traffic) == float("inf")
    assert_nothing_else(traffic)
    assert "20 SNMPv3 devices answered to no user: 20 no credential" in done.err[0]


# --- how fast ---


@pytest.mark.parametrize("wire", [1 << 19], indirect=True)
def test_a_kind_sweep_keeps_its_caps_over_dense_and_empty_networks_and_in_two_processes(wire: Wire) -> None:
    """Four at a time, each in a network of its own: what they have in common is this machine alone."""
    healthy, quiet = Healthy(), number("10.65.0.0")
    wire.answer(lambda host, request: healthy(host, request) if host < quiet else ())
    once = ("--retries", "0", "--snmp-version", "2c", "--format", "jsonl")
    runs = [
        wire.start("sweep", "10.64.0.0/16", *once),
        wire.start("sweep", "10.65.0.0/16", *once),
        wire.start("sweep", "10.66.0.0/16", *once, "--processes", "2"),
        wire.start("sweep", "10.67.0-31.1-126", "--retries", "3", "--timeout", "0.2", "--format", "jsonl"),
    ]
    done = [run.end() for run in runs]
    traffic = wire.traffic()
    for network, (status, out, err, _), answering in zip((64, 65, 66, 67), done, (65_534, 0, 0, 0), strict=True):
        first = number(f"10.{network}.0.0")
        asked = traffic.within(first, first + 65_535)
        subnets: dict[int, list[float]] = {}
        for each in asked:
            subnets.setdefault(each.host >> 8, []).append(each.at)
        assert most_in_a_second([each.at for each in asked]) <= 25_000
        assert len(subnets) == (256 if network < 67 else 32)
        assert max(map(most_in_a_second, subnets.values())) <= 100
        assert (status, len(out)) == (0, answering), err
    assert_nothing_else(traffic)


@pytest.mark.parametrize("wire", [1 << 18], indirect=True)
def test_a_rate_is_exact_to_two_percent_in_all_and_in_each_second(wire: Wire) -> None:
    """What the machine takes away, by giving its cores to others, can't be had back within the second."""
    targets = {200: "10.64.0.0-10.64.2.87", 5_000: "10.65.0.0-10.65.58.151", 20_000: "10.66.0.0-10.66.234.95"}
    wire.answer(silent)
    once = ("--retries", "0", "--snmp-version", "2c", "--timeout", "0.1")
    runs = {rate: wire.start("sweep", hosts, "--rate", str(rate), *once) for rate, hosts in targets.items()}
    done = {rate: run.end() for rate, run in runs.items()}
    traffic = wire.traffic()
    for (rate, result), network in zip(done.items(), (64, 65, 66), strict=True):
        first = number(f"10.{network}.0.0")
        instants = [each.at for each in traffic.within(first, first + 65_535)]
        assert len(instants) == 3 * rate
        assert (
            most_in_a_second(instants) <= (1.02 if result.held_up < 0.01 else 1.06) * rate
        )  # what was missed is made good
        took = instants[-1] - instants[0]
        assert 2.94 - 1 / rate <= took <= 3.06 + result.held_up
        if result.held_up < 0.01:
            for second in range(2):
                begin = instants[0] + second
                assert sum(begin <= instant < begin + 1 for instant in instants) >= 0.98 * rate
    assert_nothing_else(traffic)


# --- what it is told ---


@pytest.mark.parametrize(
    ("what", "sparing"), [("port", False), ("port", True), ("unreachable", True), ("prohibit", True)]
)
def test_who_is_said_to_be_unreachable_hears_one_packet_more_at_most(wire: Wire, what: str, sparing: bool) -> None:
    """The kernel itself says so: hosts without a responder, or a router without a route, which spares its words."""
    if not sparing:
        wire.far.set("ipv4/icmp_ratelimit", 0)
        wire.far.set("ipv4/icmp_msgs_per_sec", 1_000_000)
        wire.far.set("ipv4/icmp_msgs_burst", 1_000_000)  # 50 within 20 ms otherwise
    if what != "port":
        wire.far.set("ipv4/ip_forward", 1)
        wire.far.ip("route del local 10.64.0.0/10 dev lo", f"route add {what} 10.64.0.0/10")
    done = wire.run("sweep", "10.64.0.0/24", *QUICK)
    traffic = wire.traffic()
    told: dict[int, float] = {}
    for at, host in traffic.unreachable:
        told.setdefault(host, at)
    heard = per_host(traffic.asked)
    after = [sum(instant > at for instant in heard[host]) for host, at in told.items()]
    assert len(heard) == 254
    assert told
    assert max(after) <= (0 if what == "port" else 1)
    assert len(told) == 254 or sparing
    assert_nothing_else(traffic)
    assert (done.status, done.out) == (0, [])


# --- when it is stopped ---


@pytest.mark.parametrize("wire", [1 << 18], indirect=True)
@pytest.mark.parametrize(
    "command", ["sweep", "sweep --rate max", "sweep --rate max --processes 2", "scan", "scan --rate max"]
)
def test_ctrl_c_ends_the_sending_within_a_tenth_of_a_second(wire: Wire, command: str) -> None:
    """But for the time in which the machine does not let it run, or any of its processes."""
    verb, *words = command.split()
    wire.answer(Healthy() if verb == "sweep" else Fleet(24))
    run = wire.start(verb, "10.64.0.0/14", *words, "--format", "jsonl")
    wire.capture.wait_for(10_000 if verb == "sweep" else 3_000)
    held_up, pressed = run.held_up(), pressure()
    stopped_at = time.time()
    run.send_signal(signal.SIGINT)
    done = run.end()
    waited = pressure() - pressed if "--processes" in words else done.held_up - held_up
    traffic = wire.traffic()
    assert traffic.asked[-1].at <= stopped_at + 0.1 + waited
    assert done.status == 130
    assert any("interrupted" in line for line in done.err)
    assert set(map(number, found(done))) <= {each.host for each in traffic.answered}
    if verb == "sweep":
        at_home = {each.host for each in traffic.answered if each.at < stopped_at - 1.0}
        assert at_home <= set(map(number, found(done)))
        assert len(found(done)) > 1_000
    assert_nothing_else(traffic)
