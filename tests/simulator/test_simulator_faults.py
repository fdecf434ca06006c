"""Every way to misbehave does what its word says, and nothing else."""

from itertools import pairwise

import pytest

from codec import (
    END_OF_MIB_VIEW,
    NULL,
    V1,
    V2C,
    ErrorStatus,
    Message,
    Oid,
    PduType,
    Report,
    RequestTemplate,
    decode_message,
    decode_scoped,
    decode_secure,
    discovery_request,
    encode_scoped,
    format_oid,
    oid_precedes,
    parse_oid,
    report_of,
)
from ptscan.errors import InputError
from ptscan.simulator import MEANINGS, Fault, FaultKind, PlanError, make_user, parse_fault, parse_recording
from ptscan.simulator.engine import Engine
from ptscan.simulator.faults import DEFAULTS, Misbehaviour, Outgoing
from ptscan.simulator.responder import Responder

ROWS = """
1.3.6.1.2.1.1.1.0|4|device
1.3.6.1.2.1.1.3.0|67|5
1.3.6.1.2.1.2.2.1.2.1|4|eth0
1.3.6.1.2.1.2.2.1.2.2|4|eth1
1.3.6.1.2.1.2.2.1.10.1|65|77
1.3.6.1.2.1.2.2.1.10.2|65|78
"""
DEVICE = parse_recording(ROWS.encode(), "rows")
RESPONDER = Responder(b"public")
ID = 0x0123_4567


def request(kind: PduType, *texts: str, version: int = V2C, repetitions: int = 0) -> bytes:
    oids = [parse_oid(text) for text in texts]
    return RequestTemplate(version, b"public", kind, oids, max_repetitions=repetitions).encode(ID)


GET = request(PduType.GET, "1.3.6.1.2.1.1.1.0")
HONEST = RESPONDER.answer(DEVICE, GET, 0)


def leaving(faults: str, data: bytes = GET, *, times: int = 1) -> list[Outgoing]:
    misbehaviour = Misbehaviour([parse_fault(text) for text in faults.split()], seed=3)
    return [out for _ in range(times) for out in misbehaviour.answers(RESPONDER, DEVICE, data, 0)]


def only_message(faults: str, data: bytes = GET) -> Message:
    (outgoing,) = leaving(faults, data)
    message = decode_message(outgoing.data)
    assert isinstance(message, Message)
    return message


def walk(faults: str, start: str, steps: int) -> list[Oid]:
    misbehaviour = Misbehaviour([parse_fault(faults)])
    oid = parse_oid(start)
    found = []
    for _ in range(steps):
        data = RequestTemplate(V2C, b"public", PduType.GET_NEXT, [oid]).encode(ID)
        (outgoing,) = misbehaviour.answers(RESPONDER, DEVICE, data, 0)
        message = decode_message(outgoing.data)
        assert isinstance(message, Message)
        if message.varbinds[0][1] == END_OF_MIB_VIEW:
            break
        oid = message.varbinds[0][0]
        found.append(oid)
    return found


# --- the words ---


@pytest.mark.parametrize("kind", list(FaultKind))
def test_every_word_is_explained_and_has_a_default(kind: FaultKind) -> None:
    assert MEANINGS[kind]
    assert parse_fault(kind) == Fault(kind, DEFAULTS.get(kind, 0))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("loss=0.5", Fault(FaultKind.LOSS, 0.5)),
        ("loss=1", Fault(FaultKind.LOSS, 1)),
        ("delay=0.01", Fault(FaultKind.DELAY, 0.01)),
        ("flood=3", Fault(FaultKind.FLOOD, 3)),
        ("huge=65400", Fault(FaultKind.HUGE, 65_400)),
        ("other-address=127.9.9.9", Fault(FaultKind.OTHER_ADDRESS, address="127.9.9.9")),
    ],
)
def test_an_amount_is_read(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("explode", "unknown: choose from loss, delay"),
        ("", "unknown"),
        ("loss=2", "number from 0 to 1 is due"),
        ("loss=-1", "number from 0 to 1 is due"),
        ("loss=nan", "number from 0 to 1 is due"),
        ("loss=", "number from 0 to 1 is due"),
        ("flood=1.5", "whole number from 0 to 100000 is due"),
        ("huge=65401", "whole number from 0 to 65400 is due"),
        ("reboot=0", "whole number from 1 to 1e[+]06 is due"),
        ("mute=1", "takes no amount"),
        ("other-address=10.0.0.1", "an address of 127.0.0.0/8 is due"),
        ("other-address=x", "an address of 127.0.0.0/8 is due"),
    ],
)
def test_a_wrong_word_is_refused_in_one_line(text: str, complaint: str) -> None:
    with pytest.raises(PlanError, match=complaint) as caught:
        parse_fault(text)
    assert isinstance(caught.value, InputError)
    assert "\n" not in str(caught.value)


def test_without_a_fault_the_answer_is_the_honest_one() -> None:
    (outgoing,) = Misbehaviour([]).answers(RESPONDER, DEVICE, GET, 0)
    assert outgoing == Outgoing(HONEST or b"")


# --- what becomes of the answer ---


def test_loss_loses_its_share_and_the_same_ones_each_time() -> None:
    assert 650 < len(leaving("loss=0.3", times=1_000)) < 750
    assert leaving("loss=0.3", times=100) == leaving("loss=0.3", times=100)
    assert leaving("loss=1", times=20) == []
    assert len(leaving("loss=0", times=20)) == 20


def test_delay_holds_the_answer_back() -> None:
    assert leaving("delay=2.5") == [Outgoing(HONEST or b"", delay=2.5)]


def test_other_address_is_where_it_leaves_from() -> None:
    assert leaving("other-address=127.3.3.3") == [Outgoing(HONEST or b"", source="127.3.3.3")]


def test_flood_sends_copies() -> None:
    assert leaving("flood=5") == [Outgoing(HONEST or b"")] * 6
    assert len(leaving("flood")) == 1_001


def test_wrong_id_is_the_next_one() -> None:
    message = only_message("wrong-id")
    assert message.request_id == ID + 1
    assert message.varbinds[0][2] == b"device"


def test_garbage_is_random_octets_of_the_size_asked_for() -> None:
    one, other = leaving("garbage=50", times=2)
    assert len(one.data) == len(other.data) == 50
    assert one != other


def test_mangled_differs_in_a_few_octets() -> None:
    honest = HONEST or b""
    differences = [
        sum(a != b for a, b in zip(out.data, honest, strict=True)) for out in leaving("mangled=3", times=200)
    ]
    assert max(differences) == 3
    assert sum(differences) > 400


def test_truncated_is_the_beginning() -> None:
    honest = HONEST or b""
    assert leaving("truncated=10")[0].data == honest[:10]
    assert leaving("truncated")[0].data == honest[: len(honest) // 2]


# --- what is understood ---


def test_mute_never_answers() -> None:
    assert leaving("mute", times=5) == []


def test_sleeping_wakes_up_after_some_requests() -> None:
    assert len(leaving("sleeping=3", times=10)) == 7


def test_v1_only_does_not_know_v2c() -> None:
    assert leaving("v1-only") == []
    assert only_message("v1-only", request(PduType.GET, "1.3.6.1.2.1.1.1.0", version=V1)).version == V1


def test_no_bulk_knows_everything_but_get_bulk() -> None:
    assert leaving("no-bulk", request(PduType.GET_BULK, "1.3.6.1", repetitions=5)) == []
    assert only_message("no-bulk").varbinds


def test_too_big_allows_so_many_varbinds() -> None:
    assert only_message("too-big").error_status == ErrorStatus.TOO_BIG
    assert only_message("too-big=1").error_status == 0
    two = ("1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.3.0")
    assert only_message("too-big=1", request(PduType.GET, *two)).error_status == ErrorStatus.TOO_BIG
    bulk = request(PduType.GET_BULK, "1.3.6.1", repetitions=5)
    assert only_message("too-big=4", bulk).error_status == ErrorStatus.TOO_BIG
    assert len(only_message("too-big=5", bulk).varbinds) == 5


@pytest.mark.parametrize("fault", ["too-big", "flood", "garbage", "truncated", "wrong-id"])
def test_strangers_are_met_with_silence_all_the_same(fault: str) -> None:
    data = RequestTemplate(V2C, b"private", PduType.GET, [parse_oid("1.3.6.1.2.1.1.1.0")]).encode(ID)
    assert leaving(fault, data) == []
    assert leaving(fault, b"\x30\x03\x02\x01") == []


# --- what a reboot does ---


def up_times(faults: str, requests: int, *, now: float) -> list[int]:
    misbehaviour = Misbehaviour([parse_fault(faults)])
    data = request(PduType.GET_NEXT, "1.3.6.1.2.1.1.1.0")
    found = []
    for number in range(requests):
        (outgoing,) = misbehaviour.answers(RESPONDER, DEVICE, data, now + number)
        message = decode_message(outgoing.data)
        assert isinstance(message, Message)
        value = message.varbinds[0][2]
        assert isinstance(value, int)
        found.append(value)
    return found


def test_a_reboot_sets_sys_up_time_back_after_so_many_requests() -> None:
    assert up_times("reboot=3", 8, now=1_000) == [5, 5, 5, 0, 100, 200, 0, 100]


# --- SNMPv3 ---

USER = make_user("robin", auth="sha1", auth_secret="maplesyrup", priv="aes128", priv_secret="pancakes")
ENGINE_ID = b"\x80\0\0\0\4device"
SECURITY = USER.security_at(ENGINE_ID)
SECURED = Responder(None, users=[USER])


def asked(kind: PduType = PduType.GET, *, boots: int = 1, repeat: tuple[int, int] = (0, 0)) -> bytes:
    name = parse_oid("1.3.6.1.2.1.1.1.0")
    pdu = encode_scoped(ENGINE_ID, b"", kind, (ID, *repeat), [(name, NULL, None)])
    return SECURITY.seal(ID, pdu, (boots, 0), b"saltsalt", reportable=True)


def leaving_v3(faults: str, *datagrams: bytes) -> list[list[bytes]]:
    misbehaviour = Misbehaviour([parse_fault(text) for text in faults.split()], seed=3)
    engine = Engine(ENGINE_ID)
    return [[out.data for out in misbehaviour.answers(SECURED, DEVICE, data, 0, engine)] for data in datagrams]


def only_v3(faults: str, data: bytes) -> Message:
    (((answer,)),) = leaving_v3(faults, data)
    return decode_scoped(SECURITY.judge(answer, decode_secure(answer)).scoped).message


@pytest.mark.parametrize("fault", ["mute", "loss=1", "v1-only", "sleeping=1"])
def test_a_silent_device_is_silent_to_users_and_discoveries_too(fault: str) -> None:
    for data in (asked(), discovery_request(ID)):
        assert leaving_v3(fault, data) == [[]]


def test_no_bulk_and_too_big_look_into_what_is_enciphered() -> None:
    bulk = asked(PduType.GET_BULK, repeat=(0, 5))
    assert leaving_v3("no-bulk", bulk) == [[]]
    assert only_v3("no-bulk", asked()).varbinds[0][2] == b"device"
    assert only_v3("too-big=4", bulk).error_status == ErrorStatus.TOO_BIG
    assert len(only_v3("too-big=5", bulk).varbinds) == 5


def test_wrong_id_and_huge_are_sealed_all_the_same() -> None:
    assert only_v3("wrong-id", asked()).request_id == ID + 1
    assert only_v3("huge=65000", asked()).varbinds[0][2] == (b"device" * 11_000)[:65_000]


def test_what_becomes_of_an_answer_becomes_of_a_report() -> None:
    for data in (asked(), discovery_request(ID)):
        ((honest,),) = leaving_v3("delay=1", data)
        assert leaving_v3("truncated=20", data) == [[honest[:20]]]
        assert leaving_v3("flood=2", data) == [[honest] * 3]
        (((garbage,)),) = leaving_v3("garbage=50", data)
        assert len(garbage) == 50


def test_a_reboot_puts_who_knew_the_engine_out_of_the_time_window() -> None:
    *honest, rebooted, late = leaving_v3("reboot=2", asked(), asked(), asked(), asked(boots=2))
    reports = []
    for (answer,) in (*honest, rebooted, late):
        message = decode_secure(answer)
        reports.append((report_of(decode_scoped(SECURITY.judge(answer, message).scoped).message), message.boots))
    assert reports == [(None, 1), (None, 1), (Report.NOT_IN_TIME_WINDOW, 2), (None, 2)]


def test_who_reboots_all_the_time_is_never_in_the_time_window() -> None:
    boots = 1
    misbehaviour, engine = Misbehaviour([parse_fault("reboot=1")]), Engine(ENGINE_ID)
    misbehaviour.answers(SECURED, DEVICE, discovery_request(ID), 0, engine)
    for _ in range(5):
        (outgoing,) = misbehaviour.answers(SECURED, DEVICE, asked(boots=boots), 0, engine)
        message = decode_secure(outgoing.data)
        told = decode_scoped(SECURITY.judge(outgoing.data, message).scoped).message
        assert report_of(told) is Report.NOT_IN_TIME_WINDOW
        boots = message.boots


# --- what is held ---


def test_endless_goes_on_for_ever_upwards_within_a_column() -> None:
    found = walk("endless", "1.3.6.1.2.1.2.2.1.2", 500)
    assert len(found) == 500
    assert all(oid_precedes(one, other) for one, other in pairwise(found))
    assert all(format_oid(oid).startswith("1.3.6.1.2.1.2.2.1.2.") for oid in found)


def test_endless_ends_with_the_largest_number() -> None:
    found = walk("endless", "1.3.6.1.2.1.2.2.1.2.4294967294", 2)
    assert [format_oid(oid) for oid in found] == ["1.3.6.1.2.1.2.2.1.2.4294967295", "1.3.6.1.2.1.2.2.1.10.1"]


def test_loop_goes_back_to_the_first_row_of_a_column() -> None:
    found = [format_oid(oid) for oid in walk("loop", "1.3.6.1.2.1.2.2.1.2", 5)]
    assert [name[-1] for name in found] == ["1", "2", "1", "2", "1"]


def test_stuck_gives_the_same_row_again() -> None:
    found = walk("stuck", "1.3.6.1.2.1.2.2.1.2", 4)
    assert len(set(found)) == 1


@pytest.mark.parametrize("fault", ["endless", "loop", "stuck"])
def test_a_get_is_still_answered_honestly(fault: str) -> None:
    assert leaving(fault) == [Outgoing(HONEST or b"")]


@pytest.mark.parametrize("fault", ["endless", "loop", "stuck", "huge"])
def test_a_walk_from_anywhere_stays_an_answer(fault: str) -> None:
    for start in ("0.0", "1.3", "1.3.6.1.2.1.1.1.0.1", "1.3.7", "2.5"):
        assert walk(fault, start, 3) is not None


def test_huge_makes_every_text_huge_and_still_fits_a_datagram() -> None:
    (outgoing,) = leaving("huge")
    assert 65_000 < len(outgoing.data) <= 65_507
    message = only_message("huge", request(PduType.GET, "1.3.6.1.2.1.1.1.0"))
    assert message.varbinds[0][2] == (b"device" * 11_000)[:65_000]
    assert only_message("huge", request(PduType.GET, "1.3.6.1.2.1.1.3.0")).varbinds[0][2] == 5
    assert len(only_message("huge=65400").varbinds[0][2] or b"") == 65_400  # type: ignore[arg-type]


def test_faults_may_be_combined() -> None:
    outgoing = leaving("huge=500 truncated=100 flood=2 delay=1 other-address=127.1.1.1")
    assert [(len(out.data), out.delay, out.source) for out in outgoing] == [(100, 1.0, "127.1.1.1")] * 3
