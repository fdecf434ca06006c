"""The fast path for answers like those seen before gives what the slow one gives, whatever comes."""

import random
from collections.abc import Callable

import pytest

from codec import OBJECT_IDENTIFIER, OCTET_STRING, V2C, Varbind, encode_response, parse_oid
from ptscan.datagram import Received
from ptscan.sweep import Found, Shot, Sweep, SweepPlan
from ptscan.sweep.limits import REMEMBERED_ANSWERS
from ptscan.sweep.request_ids import RequestIds
from ptscan.sweep.sighting import SYS_DESCR, SYS_NAME, SYS_OBJECT_ID
from ptscan.targets import Address, parse_address, parse_targets

MODELS = ((b"HP ETHERNET MULTI-ENVIRONMENT", "1.3.6.1.4.1.11.2.3.9.1"), (b"x" * 130, "1.3.6.1.4.1.2435.2.3.9.1"))

NAMES = (b"", b"prn-1", b"prn-2", b"n" * 140, b"\x06\x08" + SYS_NAME + b"\x04\x01x")


def answer(request_id: int, model: int, name: bytes, community: bytes = b"public") -> bytes:
    descr, object_id = MODELS[model]
    varbinds: list[Varbind] = [
        (SYS_OBJECT_ID, OBJECT_IDENTIFIER, parse_oid(object_id)),
        (SYS_DESCR, OCTET_STRING, descr),
        (SYS_NAME, OCTET_STRING, name),
    ]
    return encode_response(V2C, community, request_id, varbinds)


class Twins:
    """The same sweep twice: one hears whole batches, the other a datagram at a time, the slow way."""

    def __init__(self, plan: SweepPlan, shoot: Callable[[Sweep], Shot]) -> None:
        self.port = plan.port
        self.asked: list[tuple[int, Address]] = []
        self.fast, self.slow = (
            Sweep(plan, seed=1, key=b"k" * 32, classify=lambda oid, descr: "unknown", now=0.0) for _ in range(2)
        )
        for sweep in (self.fast, self.slow):
            shot = shoot(sweep)
            self.asked = list(zip(shot.stamps, shot.addresses, strict=True))

    def hear(self, payloads: list[bytes], sources: list[Address], ports: list[int]) -> list[Found]:
        found = self.fast.receive_batch(Received(payloads, sources, ports), 0, now=0.5)
        columns = zip(payloads, sources, ports, strict=True)
        one_by_one = [self.slow.receive(*datagram, now=0.5) for datagram in columns]
        assert found == [finding for finding in one_by_one if finding is not None]
        summaries = [sweep.summary(seconds=0.0, interrupted=False) for sweep in (self.fast, self.slow)]
        assert summaries[0] == summaries[1]
        return found


@pytest.fixture
def twins(community, shoot) -> Callable[[], Twins]:
    plan = SweepPlan(
        targets=parse_targets(["127.40.0.0/16"]), credentials=(community(),), rate="max", version="2c"
    )  # fmt: skip
    return lambda: Twins(plan, shoot)


@pytest.mark.parametrize("seed", range(40))
def test_a_batch_of_anything_means_what_its_datagrams_mean(twins, seed: int) -> None:
    luck = random.Random(seed)
    pair = twins()
    for _ in range(4):
        columns: tuple[list[bytes], list[Address], list[int]] = ([], [], [])
        for _ in range(40):
            stamp, source = luck.choice(pair.asked)
            name = luck.choice(
                [b"", b"prn-1", b"prn-2", luck.randbytes(5), b"n" * 140, b"\x06\x08" + SYS_NAME + b"\x04\x01x"]
            )
            payload = answer(stamp, luck.randrange(2), name)
            match luck.randrange(10):
                case 0:
                    spoilt = bytearray(payload)
                    spoilt[luck.randrange(len(spoilt))] ^= 1 << luck.randrange(8)
                    payload = bytes(spoilt)
                case 1:
                    payload = payload[: luck.randrange(len(payload))]
                case 2:
                    payload += luck.randbytes(luck.randrange(4))
                case 3:
                    source = luck.choice(pair.asked)[1]
                case 4:
                    payload = answer(stamp, 0, name, community=b"other!")
                case 5:
                    payload = luck.randbytes(luck.randrange(60))
            columns[0].append(payload)
            columns[1].append(source)
            columns[2].append(pair.port if luck.random() < 0.9 else 9)
        pair.hear(*columns)


def test_the_same_model_is_decoded_once_and_names_are_their_own(twins) -> None:
    pair = twins()
    names = [f"prn-{place:03}".encode() for place in range(len(pair.asked))]
    payloads = [answer(stamp, 0, name) for (stamp, _), name in zip(pair.asked, names, strict=True)]
    found = pair.hear(payloads, [source for _, source in pair.asked], [pair.port] * len(payloads))
    assert [finding.sighting.sys_name for finding in found] == [name.decode() for name in names]
    assert len(pair.fast._incoming._frames.known) == 1


def test_a_fleet_of_liars_fills_no_memory(twins) -> None:
    pair = twins()
    known = pair.fast._incoming._frames.known
    for number in range(REMEMBERED_ANSWERS + 10):
        known[number.to_bytes(4, "big")] = None  # type: ignore[assignment]
    (stamp, source), *_ = pair.asked
    pair.hear([answer(stamp, 0, b"x")], [source], [pair.port])
    assert len(known) == 1


def test_who_has_lied_makes_nobody_look_for_tags_of_others(twins, monkeypatch) -> None:
    sweep = twins().fast
    made = []
    make = RequestIds._make
    monkeypatch.setattr(RequestIds, "_make", lambda ids, *chunk: made.append(chunk) or make(ids, *chunk))
    luck = random.Random(7)
    liar = parse_address("127.41.0.1")
    for _ in range(500):
        assert sweep.receive(answer(1 << 30 | luck.getrandbits(30), 0, b"prn"), liar, 161, now=0.5) is None
    assert sweep.summary(seconds=0.0, interrupted=False).refused == 500
    assert len(made) <= 1
