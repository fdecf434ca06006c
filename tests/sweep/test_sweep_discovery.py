"""SNMPv3 engines are found by what they tell anybody, with everything that a sweep promises, in literal time."""

import errno
import random
from collections.abc import Callable, Sequence
from ipaddress import ip_network

import msgspec
import pytest
from engines import ENGINE_ID, report
from hypothesis import given
from hypothesis import strategies as st
from simulations import Simulation

from codec import V1, V2C, V3, ErrorStatus, PduType, discovery_request, encode_response
from codec.message_v3 import AUTH
from ptscan.sweep import Shot, Sighting, Sweep, SweepPlan, SweepState
from ptscan.sweep.discovery import read_report
from ptscan.sweep.limits import USELESS_PER_HOST
from ptscan.sweep.plan import Allowances, rounds_of
from ptscan.targets import Address, parse_address, parse_targets

EVERYWHERE = ()


@pytest.fixture
def plan(community) -> Callable[..., SweepPlan]:
    def make(*targets: str, exclude: Sequence[str] = (), **options: object) -> SweepPlan:
        version = options.get("version", "3")
        chosen = {"credentials": () if version == "3" else (community(),), "version": version, **options}
        return SweepPlan(targets=parse_targets(targets, exclude), **chosen)  # type: ignore[arg-type]

    return make


def always(address: Address, n: int) -> bool:
    return True


def summary_of(sweep: Sweep) -> object:
    return sweep.summary(seconds=0.0, interrupted=False)


def test_an_engine_is_a_line_of_the_contract(plan) -> None:
    run = Simulation(plan("10.0.0.1", rate="max"), answers=always).run()
    (sighting,) = run.sightings
    assert msgspec.json.encode(sighting).decode() == (
        '{"address":"10.0.0.1","port":161,"version":"3","engine_id":"8000000b0300110a2b3c4d","enterprise":11,'
        '"sys_object_id":null,"sys_descr":null,"sys_name":null,"kind":"unknown","rtt_ms":' + f"{sighting.rtt_ms}"
        ',"engine_boots":5}'
    )  # fmt: skip
    assert sighting.rtt_ms == pytest.approx(10, abs=2)


@pytest.mark.parametrize(("engine_id", "enterprise"), [("0000000b11", 11), ("800003e204aa", 994), ("8000000004", None)])
def test_the_maker_is_that_of_the_engine_id(engine_id: str, enterprise: int | None) -> None:
    sighting = read_report(report(1 << 30, bytes.fromhex(engine_id)), "10.0.0.1", 161, rtt_ms=None)
    assert (sighting.engine_id, sighting.enterprise) == (engine_id, enterprise)


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_version_3_asks_the_silent_as_often_as_any_version(plan, retries: int) -> None:
    run = Simulation(
        plan("10.0.0.0/24", rate=10_000, retries=retries), answers=lambda address, n: address % 4 == 0 and n == 1
    ).run()
    assert len(run.found) == 63
    assert {run.asked[address] for address in run.asked if address % 4} == {1 + retries}
    assert {version for versions in run.versions.values() for version in versions} == {V3}


def test_auto_asks_for_engines_only_those_who_were_silent_to_the_end(plan) -> None:
    """Every third speaks v2c, every third v1, every third v3."""
    spoken = (V2C, V1, V3)
    run = Simulation(
        plan("10.0.0.0/24", rate=10_000, version="auto", retries=2, discovery=EVERYWHERE),
        answers=always,
        speaks=lambda address, version: spoken[address % 3] == version,
    ).run()
    assert len(run.found) == 254
    assert {one.version for one in run.sightings} == {"1", "2c", "3"}
    assert all(run.versions[address][:1] == [V2C] for address in run.versions if address % 3 == 0)
    assert all(run.versions[address] == [V2C, V2C, V1, V3] for address in run.versions if address % 3 == 2)
    assert not any(V3 in run.versions[address] for address in run.versions if address % 3 == 1)


def test_auto_without_users_is_what_it_was(plan) -> None:
    run = Simulation(
        plan("10.0.0.0/24", rate=10_000, version="auto", retries=2), answers=lambda address, n: False
    ).run()
    assert set(map(tuple, run.versions.values())) == {(V2C, V2C, V1)}


def test_auto_asks_for_engines_only_where_users_may_go_and_3_asks_everybody(plan) -> None:
    inside = (ip_network("10.0.0.64/26"), ip_network("10.0.0.200/32"))
    run = Simulation(
        plan("10.0.0.0/24", rate=10_000, version="auto", retries=0, discovery=inside), answers=lambda address, n: False
    ).run()
    for address, versions in run.versions.items():
        asked = 64 <= address % 256 < 128 or address % 256 == 200
        assert versions == ([V2C, V1, V3] if asked else [V2C, V1])
    every = Simulation(plan("10.0.0.0/24", rate=10_000, retries=0, discovery=inside), answers=always).run()
    assert len(every.found) == 254


def test_where_no_community_may_go_an_engine_may_be_asked_for(plan, community) -> None:
    options = {"credentials": (community("x", "10.0.0.0/25"),), "discovery": (ip_network("10.0.0.128/26"),)}
    run = Simulation(
        plan("10.0.0.0/24", rate=10_000, version="auto", retries=1, **options), answers=lambda address, n: False
    ).run()
    for address, versions in run.versions.items():
        assert versions == ([V2C, V1] if address % 256 < 128 else [V3])
        assert address % 256 < 192
    assert summary_of(run.sweep).without_credential == 255 - 192


def test_rounds_for_paths_that_lose_much_are_of_the_kind_that_found_somebody(plan) -> None:
    """A lossy path full of v2c devices gets the rounds that it got without users; one of v3 devices gets its own."""
    for spoken, usual in ((V2C, [V2C, V2C, V1, V3, V1, V2C]), (V3, [V2C, V2C, V1, V3, V3])):
        luck = random.Random(2)
        run = Simulation(
            plan("10.0.0.0/20", rate=20_000, version="auto", discovery=EVERYWHERE),
            answers=lambda address, n, luck=luck: address % 4 == 0 and luck.random() >= 0.1,
            speaks=lambda address, version, spoken=spoken: version == spoken or (version == V1 and spoken == V2C),
        ).run()
        longest = max(run.versions.values(), key=len)
        assert longest[: len(usual)] == usual[: len(longest)]
        assert len(longest) <= 7
        assert len(run.found) >= (1021 if spoken == V2C else 1000)
    alone = Simulation(plan("10.0.0.0/20", rate=20_000), answers=lambda address, n, luck=luck: luck.random() >= 0.1)
    assert len(alone.run().found) >= 4093


def test_canaries_of_engines_are_asked_for_their_engine_again(plan) -> None:
    run = Simulation(plan("10.0.0.0/19", rate="max", retries=2), answers=lambda address, n: address % 8 == 0).run()
    assert summary_of(run.sweep).canaries
    assert max(run.asked.values()) == 3
    assert len(run.found) == 1023
    assert {version for versions in run.versions.values() for version in versions} == {V3}


def test_shards_discover_everybody_once(plan) -> None:
    found: list[str] = []
    for index in range(3):
        part = plan("10.0.0.0/22", rate="max", retries=1, shard=(index, 3))
        run = Simulation(part, answers=lambda address, n: address % 5 == n % 2).run()
        assert max(run.asked.values()) <= 2
        found += run.found
    assert len(found) == len(set(found))
    assert len(found) == sum(address % 5 in (0, 1) for address in parse_targets(["10.0.0.0/22"]))


@pytest.mark.parametrize("version", ["3", "auto"])
def test_a_sweep_goes_on_from_its_state_and_misses_and_repeats_nobody(plan, version: str) -> None:
    wanted = plan("10.0.0.0/20", rate=20_000, retries=1, version=version, discovery=EVERYWHERE)
    options = {
        "answers": lambda address, n: address % 3 == 0,
        "speaks": lambda address, spoken: spoken == V3 or address % 2 == 0,
    }
    for seconds in (0.01, 0.21, 0.7, 1.3, 2.5):
        first = Simulation(wanted, **options).run(seconds=seconds)
        state = first.sweep.state()
        order = first.sweep._register.order
        given = bytearray(512)
        for address in first.found[: state.found]:
            position = order.position_of(parse_address(address))
            given[position >> 3] |= 1 << (position & 7)
        second = Simulation(wanted, **options, state=SweepState(state.round_, state.cursor, given=bytes(given))).run()
        assert len({*first.found[: state.found], *second.found}) == 1365
        assert not set(first.found[: state.found]) & set(second.found)


class Discovery:
    """A sweep in v3 whose first 250 probes have left."""

    def __init__(self, plan: SweepPlan, shoot: Callable[[Sweep], Shot]) -> None:
        self.run = Simulation(plan, answers=lambda address, n: False)
        shot = shoot(self.run.sweep)
        self.ids, self.hosts, self.stencil = shot.stamps, shot.addresses, shot.stencil

    def hear(self, payload: bytes, source: Address, port: int | None = None) -> bool:
        return self.run.receive(payload, source, port)


@pytest.fixture
def asked(plan, shoot) -> Discovery:
    return Discovery(plan("10.0.0.0/24", rate="max"), shoot)


def test_an_answer_is_matched_by_its_id_counts_once_and_may_be_late(asked: Discovery) -> None:
    first, second, third = asked.ids[:3]
    assert asked.hear(report(first), asked.hosts[0])
    for _ in range(1_000):
        assert not asked.hear(report(first), asked.hosts[0])
    assert asked.hear(report(second), asked.hosts[1], port=40_000)
    assert asked.hear(report(third), parse_address("172.16.0.1"))
    assert asked.run.found == [one.address for one in asked.run.sightings]
    assert list(map(parse_address, asked.run.found)) == list(asked.hosts[:3])
    summary = summary_of(asked.run.sweep)
    assert (summary.answered, summary.duplicates, summary.other_source) == (3, 1_000, 2)


def test_forged_ids_and_whoever_shows_one_are_refused(asked: Discovery) -> None:
    luck = random.Random(4)
    liar = parse_address("172.16.0.1")
    for _ in range(1_000):
        assert not asked.hear(report(luck.getrandbits(31)), liar)
    assert not asked.hear(report(asked.ids[0]), liar)
    assert asked.hear(report(asked.ids[0]), asked.hosts[0])
    assert summary_of(asked.run.sweep).refused == 1_001


def _malformed(msg_id: int) -> dict[str, bytes]:
    return {
        "no engine ID": report(msg_id, b""),
        "an engine ID of 4 octets": report(msg_id, b"\x80\0\0\x0b"),
        "one of 33": report(msg_id, b"\x80" + bytes(32)),
        "a claim to be secured": report(msg_id, flags=AUTH),
        "a response": report(msg_id, pdu_type=PduType.RESPONSE),
        "the question itself": discovery_request(msg_id),
        "a cut message": report(msg_id)[:-1],
    }


@pytest.mark.parametrize("fault", _malformed(1 << 30))
def test_a_malformed_answer_makes_nobody_and_the_truth_still_comes_through(asked: Discovery, fault: str) -> None:
    payload = _malformed(asked.ids[0])[fault]
    assert not asked.hear(payload, asked.hosts[0])
    summary = summary_of(asked.run.sweep)
    assert (summary.malformed, summary.answered) == (1, 0)
    assert asked.hear(report(asked.ids[0]), asked.hosts[0])
    for _ in range(100):
        asked.hear(_malformed(asked.ids[1])[fault], asked.hosts[1])
    summary = summary_of(asked.run.sweep)
    assert (summary.malformed, summary.refused) == (1 + USELESS_PER_HOST, 100 - USELESS_PER_HOST)


def test_what_is_said_in_another_version_is_no_answer_to_a_discovery(asked: Discovery, plan, shoot) -> None:
    other = Simulation(plan("10.0.0.0/24", rate="max", version="2c"), answers=lambda address, n: False)
    shot = shoot(other.sweep)
    assert not asked.hear(other.answer(shot, 0), shot.addresses[0])
    assert not other.receive(report(shot.stamps[0]), shot.addresses[0])
    assert summary_of(other.sweep).malformed == 1


def test_word_that_nobody_is_there_is_believed(asked: Discovery) -> None:
    quoted = asked.stencil.octets[: asked.stencil.offset]
    for number in asked.ids[:10]:
        asked.run.sweep.be_told_unreachable(quoted + number.to_bytes(4, "big"), errno.ECONNREFUSED)
    for number in asked.ids[10:20]:
        asked.run.sweep.be_told_unreachable(quoted + (number ^ 1).to_bytes(4, "big"), errno.ECONNREFUSED)
    assert summary_of(asked.run.sweep).unreachable == 10


class Refusing(Simulation):
    """Hosts that refuse the community, and that are engines or not."""

    is_engine = True

    def answer(self, shot: Shot, place: int) -> bytes:
        number = shot.stamps[place]
        if shot.stencil.octets[4] == V3:
            return report(number) if self.is_engine else b""
        refusal = ErrorStatus.AUTHORIZATION_ERROR
        return encode_response(V2C, b"public", number, [], error_status=refusal, error_index=0)


@pytest.mark.parametrize(("is_engine", "found", "left"), [(True, ["3"], []), (False, [], ["2c"])])
def test_who_refuses_the_only_community_is_asked_for_its_engine(
    plan, is_engine: bool, found: list[str], left: list[str]
) -> None:
    """Where that brings nothing, the refusal is what is known of it."""
    run = Refusing(plan("10.0.0.1", rate="max", version="auto", retries=0, discovery=EVERYWHERE), answers=always)
    run.is_engine = is_engine
    run.run()
    assert [one.version for one in run.sightings] == found
    assert [one.sighting.version for one in run.sweep.take_refusals()] == left


@given(st.binary(max_size=120))
def test_any_octets_are_judged_without_a_word(payload: bytes) -> None:
    sweep = Sweep(
        SweepPlan(targets=parse_targets(["10.0.0.0/24"]), credentials=(), version="3"),
        seed=1, key=b"", classify=lambda oid, descr: "unknown", now=0.0,
    )  # fmt: skip
    assert sweep.receive(payload, 1, 161, now=0.0) is None


def test_the_rounds_are_those_of_the_document() -> None:
    """(version, index of the credential, whether it may be left out)."""

    def rounds(version: str, discovery: tuple[()] | None, retries: int | None) -> list[tuple[int, bool]]:
        class Public:
            octets = b"public"
            networks = ()

        found = rounds_of(version, Allowances((Public,), discovery), retries=retries)  # type: ignore[arg-type]
        assert all((one.choice is None) == (one.version == V3) for one in found)
        return [(one.version, one.optional) for one in found]

    assert rounds("3", EVERYWHERE, 1) == [(V3, False)] * 2
    assert rounds("3", EVERYWHERE, None) == [(V3, False)] * 3 + [(V3, True)] * 2
    assert rounds("auto", EVERYWHERE, 0) == [(V2C, False), (V1, False), (V3, False)]
    assert rounds("auto", None, 0) == [(V2C, False), (V1, False)]
    sure = [(V2C, False), (V2C, False), (V1, False), (V3, False)]
    assert rounds("auto", EVERYWHERE, None) == [*sure, (V1, True), (V2C, True), (V3, True)]


def test_what_others_say_has_no_boots(plan) -> None:
    run = Simulation(plan("10.0.0.1", rate="max", version="2c"), answers=always).run()
    assert [(one.engine_id, one.engine_boots) for one in run.sightings] == [(None, None)]
    assert Sighting.__struct_fields__[-1] == "engine_boots"
    assert ENGINE_ID.hex() not in repr(run.sightings)
