"""What a responder answers, octet by octet: RFC 1157, RFC 3416 and RFC 3584, and any octets at all."""

import importlib.util
import random
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec import (
    COUNTER64,
    END_OF_MIB_VIEW,
    NO_SUCH_INSTANCE,
    NO_SUCH_OBJECT,
    NULL,
    V1,
    V2C,
    ErrorStatus,
    Message,
    Oid,
    PduType,
    RequestTemplate,
    Varbind,
    decode_message,
    format_oid,
    oid_key,
    parse_oid,
)
from ptscan.simulator import limits as simulator_limits
from ptscan.simulator import load_recordings, make_fleet, parse_recording
from ptscan.simulator.responder import Responder
from ptscan.simulator.table import Device

ROWS = """
1.3.6.1.2.1.1.1.0|4|device
1.3.6.1.2.1.1.3.0|67|5
1.3.6.1.2.1.2.2.1.2.1|4|eth0
1.3.6.1.2.1.2.2.1.2.16384|4|eth16384
1.3.6.1.2.1.2.2.1.10.1|65|77
1.3.6.1.2.1.31.1.1.1.6.1|70|18446744073709551615
1.3.6.1.2.1.31.1.1.1.6.2|70|2
1.3.6.1.2.1.43.5.1.1.17.1|4|SERIAL
"""
DEVICE = parse_recording(ROWS.encode(), "rows")
ID = 0x1234_5678


def oids(*texts: str) -> list[Oid]:
    return [parse_oid(text) for text in texts]


def request(kind: PduType, *texts: str, version: int = V2C, community: bytes = b"public", **repeat: int) -> bytes:
    return RequestTemplate(version, community, kind, oids(*texts), **repeat).encode(ID)


def answered(data: bytes, *, device: Device = DEVICE, responder: Responder | None = None) -> Message:
    answer = (responder or Responder(b"public")).answer(device, data, 0)
    assert answer is not None
    message = decode_message(answer)
    assert isinstance(message, Message)
    assert message.pdu_type == PduType.RESPONSE
    assert message.request_id == ID
    assert message.community == b"public"
    assert message.notes == ()
    return message


def names(message: Message) -> list[str]:
    return [format_oid(oid) for oid, _, _ in message.varbinds]


@pytest.mark.parametrize("version", [V1, V2C])
def test_get_gives_the_values_in_the_order_asked(version: int) -> None:
    message = answered(request(PduType.GET, "1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.1.0", version=version))
    assert message.version == version
    assert [value for _, _, value in message.varbinds] == [5, b"device"]
    assert (message.error_status, message.error_index) == (0, 0)


def test_get_of_what_is_not_there_tells_object_from_instance() -> None:
    message = answered(request(PduType.GET, "1.3.6.1.2.1.1.1.1", "1.3.6.1.9.1.0", "1.3.6.1.2.1.1.1.0"))
    assert [tag for _, tag, _ in message.varbinds] == [NO_SUCH_INSTANCE, NO_SUCH_OBJECT, 4]
    assert message.error_status == 0


def test_v1_get_of_what_is_not_there_names_the_place_and_gives_the_request_back() -> None:
    message = answered(request(PduType.GET, "1.3.6.1.2.1.1.1.0", "1.3.6.1.9.1.0", version=V1))
    assert (message.error_status, message.error_index) == (ErrorStatus.NO_SUCH_NAME, 2)
    assert [(tag, value) for _, tag, value in message.varbinds] == [(NULL, None)] * 2
    assert names(message) == ["1.3.6.1.2.1.1.1.0", "1.3.6.1.9.1.0"]


def test_v1_has_no_counter64() -> None:
    """RFC 3584 section 4.2.2: to v1 such a row is not there, and GETNEXT passes over it."""
    message = answered(request(PduType.GET, "1.3.6.1.2.1.31.1.1.1.6.1", version=V1))
    assert (message.error_status, message.error_index) == (ErrorStatus.NO_SUCH_NAME, 1)
    message = answered(request(PduType.GET_NEXT, "1.3.6.1.2.1.2.2.1.10.1", version=V1))
    assert names(message) == ["1.3.6.1.2.1.43.5.1.1.17.1"]
    message = answered(request(PduType.GET_NEXT, "1.3.6.1.2.1.2.2.1.10.1"))
    assert names(message) == ["1.3.6.1.2.1.31.1.1.1.6.1"]


def test_get_next_goes_by_number_and_past_the_end() -> None:
    message = answered(request(PduType.GET_NEXT, "1.3.6.1.2.1.2.2.1.2.200", "1.3.6.1.2.1.1", "1.3.7"))
    assert names(message)[:2] == ["1.3.6.1.2.1.2.2.1.2.16384", "1.3.6.1.2.1.1.1.0"]
    assert message.varbinds[2] == (parse_oid("1.3.7"), END_OF_MIB_VIEW, None)
    message = answered(request(PduType.GET_NEXT, "1.3.7", version=V1))
    assert (message.error_status, message.error_index) == (ErrorStatus.NO_SUCH_NAME, 1)


def test_get_bulk_repeats_what_comes_behind_the_non_repeaters() -> None:
    data = request(
        PduType.GET_BULK,
        "1.3.6.1.2.1.1.3",
        "1.3.6.1.2.1.1",
        "1.3.6.1.2.1.31",
        non_repeaters=1,
        max_repetitions=3,
    )
    assert names(answered(data)) == [
        "1.3.6.1.2.1.1.3.0",
        "1.3.6.1.2.1.1.1.0",
        "1.3.6.1.2.1.31.1.1.1.6.1",
        "1.3.6.1.2.1.1.3.0",
        "1.3.6.1.2.1.31.1.1.1.6.2",
        "1.3.6.1.2.1.2.2.1.2.1",
        "1.3.6.1.2.1.43.5.1.1.17.1",
    ]


def test_get_bulk_ends_after_a_row_of_nothing_but_the_end() -> None:
    message = answered(request(PduType.GET_BULK, "1.3.6.1.2.1.43", "1.3.7", max_repetitions=9))
    assert [tag for _, tag, _ in message.varbinds] == [4, END_OF_MIB_VIEW, END_OF_MIB_VIEW, END_OF_MIB_VIEW]
    assert names(message) == ["1.3.6.1.2.1.43.5.1.1.17.1", "1.3.7", "1.3.6.1.2.1.43.5.1.1.17.1", "1.3.7"]


@pytest.mark.parametrize(("non_repeaters", "max_repetitions"), [(0, 0), (5, 3)])
def test_get_bulk_with_nothing_to_repeat(non_repeaters: int, max_repetitions: int) -> None:
    data = request(PduType.GET_BULK, "1.3.6.1.2.1.1", non_repeaters=non_repeaters, max_repetitions=max_repetitions)
    assert names(answered(data)) == (["1.3.6.1.2.1.1.1.0"] if non_repeaters else [])


def test_a_request_for_nothing_is_answered_with_nothing() -> None:
    assert answered(request(PduType.GET)).varbinds == []


def test_negative_repetitions_count_as_none() -> None:
    data = request(PduType.GET_BULK, "1.3.6.1.2.1.1", max_repetitions=1)
    at = data.index(b"\x02\x01\x01\x30")
    message = answered(data[:at] + b"\x02\x01\xff\x30" + data[at + 4 :])
    assert message.varbinds == []


def test_v1_has_no_get_bulk() -> None:
    data = request(PduType.GET_BULK, "1.3.6.1.2.1.1", max_repetitions=1)
    assert (
        Responder(b"public").answer(DEVICE, data.replace(b"\x02\x01\x01\x04\x06", b"\x02\x01\x00\x04\x06"), 0) is None
    )


@pytest.mark.parametrize("community", [b"private", b"", b"publi", b"public\x00", b"PUBLIC"])
def test_another_community_is_met_with_silence(community: bytes) -> None:
    data = request(PduType.GET, "1.3.6.1.2.1.1.1.0", community=community)
    assert Responder(b"public").answer(DEVICE, data, 0) is None


def as_kind(data: bytes, kind: int) -> bytes:
    return data.replace(b"\xa0", bytes((kind,)), 1)


@pytest.mark.parametrize(("version", "status"), [(V1, ErrorStatus.READ_ONLY), (V2C, ErrorStatus.NOT_WRITABLE)])
def test_nothing_can_be_set(version: int, status: ErrorStatus) -> None:
    data = as_kind(request(PduType.GET, "1.3.6.1.2.1.1.5.0", version=version), PduType.SET)
    message = answered(data)
    assert (message.error_status, message.error_index) == (status, 1)
    assert names(message) == ["1.3.6.1.2.1.1.5.0"]


@pytest.mark.parametrize("kind", [PduType.RESPONSE, PduType.INFORM, PduType.TRAP_V2, PduType.REPORT, PduType.TRAP_V1])
def test_what_is_no_request_is_not_answered(kind: int) -> None:
    data = as_kind(request(PduType.GET, "1.3.6.1.2.1.1.5.0"), kind)
    assert Responder(b"public").answer(DEVICE, data, 0) is None


# --- sizes ---


def sized(max_message: int) -> Responder:
    return Responder(b"public", max_message=max_message)


@pytest.mark.parametrize("version", [V1, V2C])
def test_an_answer_that_is_one_octet_too_big_is_refused(version: int) -> None:
    device = parse_recording(b"1.3.6.1.2.1.1.1.0|4|" + b"x" * 600, "x")
    data = request(PduType.GET, "1.3.6.1.2.1.1.1.0", version=version)
    whole = Responder(b"public").answer(device, data, 0)
    assert whole is not None
    assert sized(len(whole)).answer(device, data, 0) == whole
    message = answered(data, device=device, responder=sized(len(whole) - 1))
    assert (message.error_status, message.error_index) == (ErrorStatus.TOO_BIG, 0)
    # RFC 3416 section 4.2.1 empties the list, RFC 1157 section 4.1.2 gives the request back
    assert names(message) == (["1.3.6.1.2.1.1.1.0"] if version == V1 else [])


def test_a_bulk_answer_is_cut_where_it_would_grow_too_big() -> None:
    data = request(PduType.GET_BULK, "1.3.6.1.2.1", max_repetitions=20)
    whole = answered(data)
    for size in range(484, 100, -1):
        responder = sized(size)
        answer = responder.answer(DEVICE, data, 0)
        assert answer is not None
        assert len(answer) <= size
        message = answered(data, responder=responder)
        assert message.error_status == 0
        assert message.varbinds == whole.varbinds[: len(message.varbinds)]
    assert 0 < len(message.varbinds) < len(whole.varbinds)


def test_a_bulk_answer_without_room_for_one_row_is_too_big() -> None:
    device = parse_recording(b"1.3.6.1.2.1.1.1.0|4|" + b"x" * 2_000, "x")
    message = answered(request(PduType.GET_BULK, "1.3.6.1", max_repetitions=5), device=device)
    assert (message.error_status, message.varbinds) == (ErrorStatus.TOO_BIG, [])


def test_the_default_size_fits_a_frame() -> None:
    device = parse_recording(b"\n".join(b"1.3.6.1.%d|4|%s" % (n, b"x" * 50) for n in range(1, 100)), "x")
    answer = Responder(b"public").answer(device, request(PduType.GET_BULK, "1.3.6.1", max_repetitions=99), 0)
    assert answer is not None
    assert simulator_limits.MAX_MESSAGE - 70 < len(answer) <= simulator_limits.MAX_MESSAGE


# --- walks ---


def walk_next(device: Device, version: int) -> list[Varbind]:
    responder = Responder(b"public")
    found: list[Varbind] = []
    oid = parse_oid("1.3")
    while True:
        message = answered(
            RequestTemplate(version, b"public", PduType.GET_NEXT, [oid]).encode(ID), device=device, responder=responder
        )
        (varbind,) = message.varbinds
        if message.error_status or varbind[1] == END_OF_MIB_VIEW:
            return found
        assert oid_key(varbind[0]) > oid_key(oid)
        found.append(varbind)
        oid = varbind[0]


def walk_bulk(device: Device, repetitions: int) -> list[Varbind]:
    responder = Responder(b"public")
    found: list[Varbind] = []
    oid = parse_oid("1.3")
    while True:
        template = RequestTemplate(V2C, b"public", PduType.GET_BULK, [oid], max_repetitions=repetitions)
        for varbind in answered(template.encode(ID), device=device, responder=responder).varbinds:
            if varbind[1] == END_OF_MIB_VIEW:
                return found
            found.append(varbind)
        oid = found[-1][0]


@pytest.mark.parametrize("repetitions", [1, 3, 25, 10_000])
def test_a_walk_by_get_bulk_is_a_walk_by_get_next(repetitions: int) -> None:
    devices: list[Device] = [DEVICE, *make_fleet(42).devices]
    for device in devices:
        by_next = walk_next(device, V2C)
        assert walk_bulk(device, repetitions) == by_next
        if repetitions == 1:
            assert walk_next(device, V1) == [varbind for varbind in by_next if varbind[1] != 70]


def test_each_row_of_a_walk_is_what_get_gives() -> None:
    responder = Responder(b"public")
    for device in make_fleet(42).devices:
        for varbind in walk_bulk(device, 25):
            data = RequestTemplate(V2C, b"public", PduType.GET, [varbind[0]]).encode(ID)
            assert answered(data, device=device, responder=responder).varbinds == [varbind]


# --- the independent player ---


@pytest.fixture(scope="module")
def replay(shared: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("replay", shared / "printers" / "replay.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_get_and_get_next_are_answered_as_the_independent_player_does(shared: Path, replay: ModuleType) -> None:
    chance = random.Random(5)
    responder = sized(65_507)
    for ours in load_recordings([shared / "printers" / "librenms"]):
        theirs = replay.Recording(Path(ours.path))
        if len(theirs.oids) != len(ours.table.oids):
            continue  # the player leaves a row out that it can't write
        asked = [*ours.table.oids, *oids("1.3", "1.3.6.1.2.1.43.11.1.1", "1.3.9")]
        # the player gives Counter64 to v1 too
        versions = (V2C,) if any(tag == COUNTER64 for _, tag, _ in ours.varbinds) else (V1, V2C)
        for _ in range(20):
            some = chance.sample(asked, min(4, len(asked)))
            for version in versions:
                for kind in (PduType.GET, PduType.GET_NEXT):
                    data = RequestTemplate(version, b"public", kind, some).encode(ID)
                    one = answered(data, device=ours, responder=responder)
                    other = decode_message(theirs.answer(data, b"public"))
                    assert isinstance(other, Message)
                    assert (one.error_status, one.error_index) == (other.error_status, other.error_index)
                    # the player knows noSuchInstance only
                    assert [(oid, value) for oid, _, value in one.varbinds] == [
                        (oid, value) for oid, _, value in other.varbinds
                    ]


# --- any octets ---

SEEDS = [
    request(PduType.GET, "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.43.5.1.1.17.1"),
    request(PduType.GET_NEXT, "1.3.6.1.2.1.2", version=V1),
    request(PduType.GET_BULK, "1.3.6.1.2.1.1", "1.3.6.1.2.1.43", non_repeaters=1, max_repetitions=10),
]


@given(st.binary(max_size=300))
def test_random_octets_are_never_answered_with_an_exception(data: bytes) -> None:
    Responder(b"public").answer(DEVICE, data, 0)


def test_mutated_requests_never_stop_a_responder_and_never_grow_its_answers() -> None:
    chance = random.Random(11)
    responder = Responder(b"public")
    device = make_fleet(1).devices[0]
    answers = 0
    for _ in range(20_000):
        data = bytearray(chance.choice(SEEDS))
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0x80, 0x82, 0xFF, chance.randrange(256)))
        if chance.random() < 0.2:
            del data[chance.randrange(len(data)) :]
        answer = responder.answer(device, bytes(data), 3.0)
        if answer is not None:
            answers += 1
            assert len(answer) <= simulator_limits.MAX_MESSAGE
            assert isinstance(decode_message(answer), Message)
    assert answers > 1_000


@pytest.mark.parametrize("data", [seed[:size] for seed in SEEDS for size in range(len(seed))])
def test_a_request_that_was_cut_is_not_answered(data: bytes) -> None:
    assert Responder(b"public").answer(DEVICE, data, 0) is None


def test_a_remembered_request_is_answered_as_a_new_one() -> None:
    """The decoded request is kept by everything but its request-id, so the id has to come from each datagram."""
    responder = Responder(b"public")
    templates = [
        RequestTemplate(version, b"public", kind, oids("1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.9"))
        for version in (V1, V2C)
        for kind in (PduType.GET, PduType.GET_NEXT)
    ]
    for request_id in (0x0080_0000, 0x7FFF_FFFF, 0x1234_5678, 0x0080_0001):
        for template in templates:
            data = template.encode(request_id)
            assert responder.answer(DEVICE, data, 0) == Responder(b"public").answer(DEVICE, data, 0)


def test_a_request_id_is_given_back_as_it_came() -> None:
    data = request(PduType.GET, "1.3.6.1.2.1.1.1.0")
    responder = Responder(b"public")
    for octets in (b"\x80\x00\x00\x00", b"\xff\xff\xff\xfe", b"\x7f\xff\xff\xff"):
        answer = responder.answer(DEVICE, data.replace(b"\x02\x04\x12\x34\x56\x78", b"\x02\x04" + octets), 0)
        assert answer is not None
        message = decode_message(answer)
        assert isinstance(message, Message)
        assert message.request_id == int.from_bytes(octets, "big", signed=True)


def test_what_is_remembered_is_bounded() -> None:
    responder = Responder(b"public")
    for number in range(simulator_limits.MAX_KNOWN_REQUESTS * 2):
        responder.answer(DEVICE, request(PduType.GET_NEXT, f"1.3.6.1.9.{number}"), 0)
    assert len(responder._known_requests) <= simulator_limits.MAX_KNOWN_REQUESTS
    for number in range(simulator_limits.MAX_KNOWN_PLACES * 2):
        DEVICE.step(parse_oid(f"1.3.6.1.9.{number}"))
    assert len(DEVICE.table._known_places) <= simulator_limits.MAX_KNOWN_PLACES


def request_of(size: int) -> bytes:
    """A GET of exactly so many octets: many names of a common size, and one that fills up."""
    names = [b"\x2b" + b"\x01" * 17] * ((size - 100) // 24)
    fillers = (b"\x2b" + b"\x01" * filler for filler in range(1, 120))
    requests = (RequestTemplate(V2C, b"public", PduType.GET, [*names, filler]).encode(ID) for filler in fillers)
    return next(data for data in requests if len(data) == size)


def test_only_requests_of_common_size_are_remembered() -> None:
    most = simulator_limits.MAX_KNOWN_REQUEST_OCTETS + 4  # the request-id's own octets do not count
    for size, remembered in ((most, 1), (most + 1, 0)):
        responder = sized(65_507)
        answered(request_of(size), responder=responder)
        assert len(responder._known_requests) == remembered


def test_rows_of_a_view_are_sorted_by_number(rows_of: Callable[[object], list[Varbind]]) -> None:
    keys = [oid_key(oid) for oid, _, _ in rows_of(DEVICE)]
    assert keys == sorted(keys)
