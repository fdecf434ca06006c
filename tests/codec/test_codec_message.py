"""What decode_message and encode_response promise, message by message."""

import pytest

import codec
from codec import DecodeError, EncodeError, ErrorStatus, Message, Note, PduType, TrapV1, decode_message, encode_response

from .messages import SYS_DESCR, integer, message, tlv, trap_v1, varbind


def decoded(data: bytes) -> Message:
    answer = decode_message(data)
    assert isinstance(answer, Message)
    return answer


def value_of(content: bytes, tag: int) -> tuple[codec.Value, tuple[Note, ...]]:
    answer = decoded(message(varbind(tlv(tag, content))))
    name, got_tag, value = answer.varbinds[0]
    assert (name, got_tag) == (SYS_DESCR, tag)
    return value, answer.notes


def refusal(data: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        decode_message(data)
    error = caught.value
    assert 0 <= error.offset <= len(data)
    assert str(error) == f"octet {error.offset}: {error.reason}"
    return error.reason


def test_a_response_is_told_whole() -> None:
    answer = decoded(message(varbind(tlv(0x04, b"HP")), varbind(integer(7)), request_id=integer(-2)))
    assert answer == Message(1, b"public", 0xA2, -2, 0, 0, [(SYS_DESCR, 4, b"HP"), (SYS_DESCR, 2, 7)])


def test_a_community_is_never_printed() -> None:
    assert "s3cret" not in repr(decoded(message(community=b"s3cret")))
    assert "public" not in repr(decode_message(trap_v1()))


@pytest.mark.parametrize("pdu_type", [kind for kind in PduType if kind != PduType.TRAP_V1])
@pytest.mark.parametrize("version", [codec.V1, codec.V2C])
def test_every_pdu_is_read(version: int, pdu_type: PduType) -> None:
    answer = decoded(message(varbind(tlv(0x05, b"")), version=version, pdu_tag=pdu_type))
    assert (answer.version, answer.pdu_type) == (version, pdu_type)
    assert answer.varbinds == [(SYS_DESCR, codec.NULL, None)]


def test_get_bulk_carries_its_numbers_in_the_places_of_the_error() -> None:
    answer = decoded(message(pdu_tag=PduType.GET_BULK, numbers=integer(1) + integer(25)))
    assert (answer.error_status, answer.error_index) == (1, 25)


def test_a_trap_of_v1_is_told_whole() -> None:
    trap = decode_message(trap_v1(varbind(integer(3))))
    assert trap == TrapV1(
        0, b"public", b"+\x06\x01\x04\x01", b"\x7f\x00\x00\x01", 6, 17, 4711, [(SYS_DESCR, codec.INTEGER, 3)]
    )


@pytest.mark.parametrize("status", [*ErrorStatus, 19, 255, -1])
def test_an_error_status_is_a_value_whatever_it_is(status: int) -> None:
    answer = decoded(message(numbers=integer(status) + integer(1)))
    assert (answer.error_status, answer.error_index, answer.varbinds) == (status, 1, [])


@pytest.mark.parametrize(
    ("tag", "content", "value"),
    [
        (codec.INTEGER, "00", 0),
        (codec.INTEGER, "ff", -1),
        (codec.INTEGER, "80", -128),
        (codec.INTEGER, "ff7f", -129),
        (codec.INTEGER, "80000000", -0x8000_0000),
        (codec.INTEGER, "00ffffffff", 0xFFFF_FFFF),
        (codec.COUNTER32, "00ffffffff", 0xFFFF_FFFF),
        (codec.GAUGE32, "7fffffff", 0x7FFF_FFFF),
        (codec.TIMETICKS, "0080000000", 0x8000_0000),
        (codec.UINTEGER32, "07", 7),
        (codec.COUNTER64, "0100000000", 1 << 32),
        (codec.COUNTER64, "7fffffffffffffff", (1 << 63) - 1),
        (codec.COUNTER64, "00ffffffffffffffff", (1 << 64) - 1),
        (codec.OCTET_STRING, "", b""),
        (codec.OCTET_STRING, "00ff", b"\x00\xff"),
        (codec.OPAQUE, "9f780441200000", bytes.fromhex("9f780441200000")),
        (codec.NSAP, "4900", b"\x49\x00"),
        (codec.IP_ADDRESS, "7f000001", b"\x7f\x00\x00\x01"),
        (codec.OBJECT_IDENTIFIER, "2b0601", b"\x2b\x06\x01"),
        (codec.NULL, "", None),
        (codec.NO_SUCH_OBJECT, "", None),
        (codec.NO_SUCH_INSTANCE, "", None),
        (codec.END_OF_MIB_VIEW, "", None),
    ],
)
def test_every_type_is_read_without_a_note(tag: int, content: str, value: codec.Value) -> None:
    assert value_of(bytes.fromhex(content), tag) == (value, ())


def lengths(data: bytes, start: int = 0, stop: int | None = None) -> list[int]:
    """Where the lengths stand in a message whose lengths are all short."""
    places = []
    while start < (len(data) if stop is None else stop):
        places.append(start + 1)
        content, after = start + 2, start + 2 + data[start + 1]
        if data[start] & 0x20:
            places += lengths(data, content, after)
        start = after
    return places


class TestLiberality:
    """Forms that devices send although the standard has others; each value is right, and what bent a rule is noted."""

    @pytest.mark.parametrize("octets", [1, 2, 3, 4])
    def test_lengths_in_the_long_form(self, octets: int) -> None:
        name = tlv(0x06, SYS_DESCR, octets)
        binding = tlv(0x30, name + tlv(0x02, b"\x05", octets), octets)
        pdu = tlv(0xA2, tlv(0x02, b"\x09", octets) + integer(0) * 2 + tlv(0x30, binding, octets), octets)
        answer = decoded(tlv(0x30, tlv(0x02, b"\x01", octets) + tlv(0x04, b"c", octets) + pdu, octets))
        assert answer == Message(1, b"c", 0xA2, 9, 0, 0, [(SYS_DESCR, codec.INTEGER, 5)])

    @pytest.mark.parametrize("octets", range(1, 10))
    @pytest.mark.parametrize("number", [5, -5])
    def test_padded_integers(self, octets: int, number: int) -> None:
        padded = integer(number, octets=octets)
        answer = decoded(message(varbind(padded), request_id=padded, numbers=padded + padded))
        assert (answer.request_id, answer.error_status, answer.error_index) == (number, number, number)
        assert answer.varbinds == [(SYS_DESCR, codec.INTEGER, number)]
        assert answer.notes == ()

    def test_octets_after_the_message(self) -> None:
        data = message(varbind(integer(5)))
        answer = decoded(data + b"\x00")
        assert answer.varbinds == decoded(data).varbinds
        assert answer.notes == (Note(None, "trailing-octets"),)

    @pytest.mark.parametrize("tag", [codec.COUNTER32, codec.GAUGE32, codec.TIMETICKS, codec.UINTEGER32])
    @pytest.mark.parametrize(
        ("content", "value"),
        [("ffffffff", 0xFFFF_FFFF), ("80000001", 0x8000_0001), ("0100000002", 2), ("ff", 0xFFFF_FFFF)],
    )
    def test_a_counter_negative_or_too_large_is_masked(self, tag: int, content: str, value: int) -> None:
        assert value_of(bytes.fromhex(content), tag) == (value, (Note(0, "counter-masked"),))

    @pytest.mark.parametrize(
        ("content", "value"), [("ffffffffffffffff", (1 << 64) - 1), ("010000000000000003", 3), ("ff", (1 << 64) - 1)]
    )
    def test_a_counter64_negative_or_too_large_is_masked(self, content: str, value: int) -> None:
        assert value_of(bytes.fromhex(content), codec.COUNTER64) == (value, (Note(0, "counter-masked"),))

    def test_an_empty_oid_is_zero_zero(self) -> None:
        answer = decoded(message(varbind(integer(1)), varbind(tlv(0x06, b""), name=b"")))
        assert answer.varbinds[1] == (b"\x00", codec.OBJECT_IDENTIFIER, b"\x00")
        assert answer.notes == (Note(1, "oid-empty"), Note(1, "oid-empty"))

    def test_padded_sub_identifiers_become_canonical(self) -> None:
        padded = bytes.fromhex("2b06808080018100")
        answer = decoded(message(varbind(tlv(0x06, padded), name=padded)))
        assert answer.varbinds == [(b"\x2b\x06\x01\x81\x00", codec.OBJECT_IDENTIFIER, b"\x2b\x06\x01\x81\x00")]
        assert answer.notes == (Note(0, "oid-padded"), Note(0, "oid-padded"))

    @pytest.mark.parametrize("size", [0, 16])
    def test_an_address_of_no_octets_or_of_ipv6(self, size: int) -> None:
        assert value_of(bytes(size), codec.IP_ADDRESS) == (bytes(size), (Note(0, "address-size"),))

    def test_a_request_id_is_signed(self) -> None:
        assert decoded(message(request_id=tlv(0x02, b"\xff\xff\xff\xfe"))).request_id == -2

    def test_a_negative_time_of_a_trap(self) -> None:
        trap = decode_message(trap_v1(timestamp=tlv(0x43, b"\xff")))
        assert isinstance(trap, TrapV1)
        assert (trap.timestamp, trap.notes) == (0xFFFF_FFFF, (Note(None, "counter-masked"),))

    def test_a_padded_enterprise_of_a_trap(self) -> None:
        trap = decode_message(trap_v1(enterprise=tlv(0x06, b"\x2b\x80\x06")))
        assert isinstance(trap, TrapV1)
        assert (trap.enterprise, trap.notes) == (b"\x2b\x06", (Note(None, "oid-padded"),))


class TestStrictness:
    """Each length is held against its container, whatever still adds up in the end."""

    def test_every_prefix_is_refused(self) -> None:
        data = message(*(varbind(integer(number)) for number in range(80)))
        for size in range(len(data)):
            refusal(data[:size])

    def test_a_message_cut_between_two_varbinds_is_refused(self) -> None:
        binding = varbind(integer(5))
        data = message(binding, binding, binding)
        assert "past" in refusal(data[: -len(binding)])

    @pytest.mark.parametrize("change", [*range(-30, 0), *range(1, 30)])
    def test_a_length_that_is_wrong_is_refused_although_the_octets_are_all_there(self, change: int) -> None:
        binding = varbind(tlv(0x04, b"x" * 20))
        for data in (message(binding, binding), trap_v1(binding, binding)):
            places = lengths(data)
            assert len(places) >= 14
            for place in places:
                if 0 <= data[place] + change < 0x80:
                    refusal(data[:place] + bytes((data[place] + change,)) + data[place + 1 :])

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"", "the datagram ends"),
            (b"\x30", "the datagram ends"),
            (b"\x31\x00", "tag 0x31 where 0x30 is due"),
            (b"\x30\x00", "the datagram ends"),
            (b"\x30\x00" + bytes(40), "tag 0x00 where 0x02 is due"),
            (message(version=3), "version 3: an SNMPv3 message is not for decode_message"),
            (message(version=2), "version 2 is neither SNMPv1 (0) nor SNMPv2c (1)"),
            (message(version=-1), "version -1 is neither SNMPv1 (0) nor SNMPv2c (1)"),
            (message(pdu_tag=0xA9), "tag 0xa9 is no PDU"),
            (message(pdu_tag=0x30), "tag 0x30 is no PDU"),
            (message(request_id=tlv(0x04, b"\x01")), "tag 0x04 where 0x02 is due"),
            (message(request_id=tlv(0x02, b"")), "integer of 0 octets, 1 to 9 are allowed"),
            (message(request_id=b"\x02\x80\x01\x00\x00"), "indefinite length, which SNMP forbids"),
            (message(tlv(0x31, b"")), "tag 0x31 where a varbind's 0x30 is due"),
            (message(tlv(0x30, b"")), "the datagram ends"),
            (message(tlv(0x30, integer(1))), "tag 0x02 where a varbind's name (0x06) is due"),
            (message(tlv(0x30, tlv(0x06, SYS_DESCR))), "the datagram ends"),
            (message(tlv(0x30, tlv(0x06, SYS_DESCR) + integer(1) * 2)), "does not end with its varbind"),
            (message(varbind(b"\x02\x02\x01")), "value of 2 octets does not end with its varbind"),
            (message(varbind(tlv(0x02, b""))), "integer of 0 octets, 1 to 9 are allowed"),
            (message(varbind(tlv(0x41, b""))), "integer of 0 octets, 1 to 9 are allowed"),
            (message(varbind(tlv(0x05, b"\x00"))), "value of type 0x05 has 1 octets of content"),
            (message(varbind(tlv(0x82, b"\x00"))), "value of type 0x82 has 1 octets of content"),
            (message(varbind(tlv(0x40, b"\x01\x02\x03"))), "IpAddress of 3 octets"),
            (message(varbind(tlv(0x01, b"\x01"))), "0x01 is no type of a value"),
            (message(varbind(tlv(0x30, b""))), "0x30 is no type of a value"),
            (message(varbind(tlv(0x24, tlv(0x04, b"x")))), "0x24 is no type of a value"),
            (message(varbind(integer(1), name=b"\x2b\x81")), "object identifier: ends within a sub-identifier"),
            (message(varbind(tlv(0x06, b"\x2b\x81"))), "object identifier: ends within a sub-identifier"),
            (message(numbers=integer(0)), "tag 0x30 where 0x02 is due"),
            (trap_v1(address=tlv(0x40, b"\x7f\x01")), "agent address of 2 octets"),
            (trap_v1(enterprise=tlv(0x06, b"\x81")), "object identifier: ends within a sub-identifier"),
            (trap_v1(timestamp=integer(1)), "tag 0x02 where 0x43 is due"),
        ],
    )
    def test_what_is_malformed_is_named(self, data: bytes, reason: str) -> None:
        assert reason in refusal(data)

    @pytest.mark.parametrize(
        "data",
        ["301b02010104067075626c6963a20e0201010201000201003003308306"],  # by bench/fuzz_codec.py
    )
    def test_the_offset_is_never_behind_the_datagram(self, data: str) -> None:
        refusal(bytes.fromhex(data))

    @pytest.mark.parametrize("kind", ["message", "pdu", "trap", "list"])
    def test_octets_left_in_a_container_are_refused(self, kind: str) -> None:
        numbers = integer(1) + integer(0) * 2
        body = tlv(0x06, b"+") + tlv(0x40, bytes(4)) + integer(0) * 2 + integer(0, 0x43) + tlv(0x30, b"")
        pdu = {
            "message": tlv(0xA2, numbers + tlv(0x30, b"")) + b"\x05\x00",
            "pdu": tlv(0xA2, numbers + tlv(0x30, b"") + b"\x05\x00"),
            "trap": tlv(0xA4, body) + b"\x05\x00",
            "list": tlv(0xA2, numbers + tlv(0x30, b"\x05\x00")),
        }[kind]
        refusal(tlv(0x30, integer(1) + tlv(0x04, b"public") + pdu))

    def test_the_offset_is_where_the_octets_are_wrong(self) -> None:
        data = message(varbind(integer(1)), varbind(tlv(0x01, b"\x01")))
        with pytest.raises(DecodeError) as caught:
            decode_message(data)
        assert caught.value.offset == len(data) - 1


class TestAnswers:
    def test_a_response_and_a_report_can_be_made(self) -> None:
        varbinds = [(SYS_DESCR, codec.OCTET_STRING, b"HP")]
        for kind in (PduType.RESPONSE, PduType.REPORT):
            data = encode_response(1, b"c", 5, varbinds, error_status=2, error_index=1, pdu_type=kind)
            assert decode_message(data) == Message(1, b"c", kind, 5, 2, 1, varbinds)

    @pytest.mark.parametrize("version", [-1, 2, 3])
    def test_no_other_version_is_made(self, version: int) -> None:
        with pytest.raises(EncodeError, match="neither SNMPv1"):
            encode_response(version, b"c", 5, [])

    @pytest.mark.parametrize(
        "varbind",
        [
            (SYS_DESCR, codec.INTEGER, 1 << 32),
            (SYS_DESCR, codec.INTEGER, -(1 << 32)),
            (SYS_DESCR, codec.INTEGER, b"1"),
            (SYS_DESCR, codec.INTEGER, None),
            (SYS_DESCR, codec.COUNTER32, -1),
            (SYS_DESCR, codec.COUNTER32, 1 << 32),
            (SYS_DESCR, codec.COUNTER64, 1 << 64),
            (SYS_DESCR, codec.OCTET_STRING, 1),
            (SYS_DESCR, codec.OCTET_STRING, None),
            (SYS_DESCR, codec.NULL, b""),
            (SYS_DESCR, codec.NO_SUCH_OBJECT, 0),
            (SYS_DESCR, codec.IP_ADDRESS, b"\x01\x02\x03"),
            (SYS_DESCR, codec.OBJECT_IDENTIFIER, b""),
            (SYS_DESCR, codec.OBJECT_IDENTIFIER, b"\x2b\x80\x01"),
            (SYS_DESCR, 0x30, b""),
            (SYS_DESCR, 0xA3, b""),
            (b"", codec.NULL, None),
            (b"\x2b\x81", codec.NULL, None),
            (b"\x2b" + b"\x80\x01" * 60, codec.OCTET_STRING, b"x" * 200),
        ],
    )
    def test_a_value_that_does_not_fit_its_type_is_refused(self, varbind: codec.Varbind) -> None:
        with pytest.raises(EncodeError):
            encode_response(1, b"c", 5, [varbind])
