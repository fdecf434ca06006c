"""Every limit, at N and at N + 1."""

import contextlib

import pytest

import codec
from codec import DecodeError, EncodeError, Message, OidError, decode_message, encode_response, limits, unwrap_opaque
from codec.oid import is_oid

from .messages import SYS_DESCR, integer, message, tlv, varbind
from .tracing import lines_run


def accepts(data: bytes) -> Message:
    answer = decode_message(data)
    assert isinstance(answer, Message)
    return answer


def refuses(data: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_message(data)
    assert reason in caught.value.reason


def message_of(size: int) -> bytes:
    """A valid message of exactly so many octets."""
    empty = len(message(varbind(tlv(0x04, bytes(60_000)))))
    data = message(varbind(tlv(0x04, bytes(60_000 + size - empty))))
    assert len(data) == size
    return data


def test_octets_of_a_datagram() -> None:
    accepts(message_of(limits.MAX_DATAGRAM))
    refuses(message_of(limits.MAX_DATAGRAM + 1), "at most 65507 are allowed")
    refuses(message_of(limits.MAX_DATAGRAM - 1) + bytes(2), "at most 65507 are allowed")


def test_octets_of_a_datagram_that_is_made() -> None:
    longest = accepts(message_of(limits.MAX_DATAGRAM)).varbinds[0][2]
    assert isinstance(longest, bytes)
    made = encode_response(1, b"public", 1, [(SYS_DESCR, codec.OCTET_STRING, longest)])
    assert made == message_of(limits.MAX_DATAGRAM)
    with pytest.raises(EncodeError, match="fit into a datagram"):
        encode_response(1, b"public", 1, [(SYS_DESCR, codec.OCTET_STRING, longest + b"x")])


def test_octets_of_a_length() -> None:
    accepts(message(varbind(tlv(0x02, b"\x05", limits.MAX_LENGTH_OCTETS))))
    refuses(message(varbind(tlv(0x02, b"\x05", limits.MAX_LENGTH_OCTETS + 1))), "length of 5 octets, at most 4")
    refuses(message(varbind(tlv(0x02, b"\x05", 126))), "length of 126 octets, at most 4")
    refuses(message(varbind(b"\x04\xff" + bytes(127))), "length of 127 octets, at most 4")


def test_a_length_up_to_its_container() -> None:
    body = message()[2:]
    accepts(b"\x30\x84" + len(body).to_bytes(4, "big") + body)
    refuses(b"\x30\x84" + (len(body) + 1).to_bytes(4, "big") + body, "past the container's end")
    refuses(b"\x30\x84\xff\xff\xff\xff" + message()[2:], "past the container's end")
    refuses(message(varbind(b"\x04\x84\xff\xff\xff\xff")), "does not end with its varbind")
    refuses(message(b"\x30\x84\x7f\xff\xff\xff"), "reaches past its list's end")
    refuses(message(tlv(0x30, b"\x06\x84\x7f\xff\xff\xff\x2b")), "reaches past its varbind's end")
    refuses(message(tlv(0x30, b"\x06\x02\x2b")), "the datagram ends")


@pytest.mark.parametrize("data", [b"\x30\x80" + message()[2:] + b"\0\0", message(varbind(b"\x04\x80x\0\0"))])
def test_no_indefinite_length(data: bytes) -> None:
    refuses(data, "indefinite length")


def test_varbinds_of_a_message() -> None:
    binding = varbind(tlv(0x05, b""), name=b"\x2b")
    assert len(accepts(message(*[binding] * limits.MAX_VARBINDS)).varbinds) == limits.MAX_VARBINDS
    refuses(message(*[binding] * (limits.MAX_VARBINDS + 1)), "more than 4096 varbinds")
    refuses(message(*[binding] * 8_000), "more than 4096 varbinds")


def test_varbinds_of_a_message_that_is_made() -> None:
    bindings: list[codec.Varbind] = [(b"\x2b", codec.NULL, None)] * limits.MAX_VARBINDS
    assert len(accepts(encode_response(1, b"c", 1, bindings)).varbinds) == limits.MAX_VARBINDS
    with pytest.raises(EncodeError, match="at most 4096"):
        encode_response(1, b"c", 1, [*bindings, bindings[0]])


def test_liberties_of_a_message() -> None:
    mended = varbind(tlv(0x41, b"\xff"), name=b"\x2b")
    for rest in (varbind(integer(1), name=b"\x80\x01"), varbind(tlv(0x40, b""), name=b"\x2b"), mended):
        assert len(accepts(message(*[mended] * (limits.MAX_NOTES - 1), rest)).notes) == limits.MAX_NOTES
        refuses(message(*[mended] * limits.MAX_NOTES, rest), "more than 1024 values in odd forms")


def nested(levels: int) -> bytes:
    """An Opaque's content such that its value lies at so many levels, the Opaque itself at the fifth."""
    content = integer(5)
    for _ in range(levels - 6):
        content = tlv(codec.OPAQUE, content)
    return content


def test_levels_of_nesting() -> None:
    assert unwrap_opaque(nested(limits.MAX_DEPTH)) == (codec.INTEGER, 5)
    for levels in (limits.MAX_DEPTH + 1, 5_000):
        with pytest.raises(DecodeError, match="nested deeper than 8 levels"):
            unwrap_opaque(nested(levels))


@pytest.mark.parametrize("tag", [0x30, 0x24, 0x44, 0xA2])
def test_a_message_is_five_levels_and_never_entered_deeper(tag: int) -> None:
    content = b""
    for _ in range(15_000):
        content = tlv(tag, content)
        if len(content) > 60_000:
            break
    data = message(varbind(content))
    if tag == codec.OPAQUE:
        assert accepts(data).varbinds[0][1] == tag
    else:
        refuses(data, "is no type of a value")
    refuses(content, "is due")


def test_numbers_of_an_oid() -> None:
    longest = b"\x2b" + b"\x01" * (limits.MAX_ARCS - 2)  # the first octet stands for two
    assert len(codec.oid_arcs(longest)) == limits.MAX_ARCS
    assert accepts(message(varbind(integer(1), name=longest))).varbinds[0][0] == longest
    for oid in (longest + b"\x01", b"\x8f\xff\xff\xff\x7f" * limits.MAX_ARCS, b"\x2b" + b"\x01" * 60_000):
        refuses(message(varbind(integer(1), name=oid)), "more than 128 sub-identifiers")
        refuses(message(varbind(tlv(0x06, oid))), "more than 128 sub-identifiers")
        with pytest.raises(OidError):
            codec.oid_arcs(oid)
        with pytest.raises(EncodeError):
            encode_response(1, b"c", 1, [(oid, codec.NULL, None)])
    assert not is_oid(b"\x8f\xff\xff\xff\x7f" * limits.MAX_ARCS)
    widest = b"\x8f\xff\xff\xff\x7f" * (limits.MAX_ARCS - 1)
    assert accepts(message(varbind(tlv(0x06, widest), name=widest))).varbinds[0] == (widest, 6, widest)


def test_size_of_a_sub_identifier() -> None:
    largest = b"\x2b\x8f\xff\xff\xff\x7f"
    assert codec.oid_arcs(largest) == (1, 3, limits.MAX_SUB_IDENTIFIER)
    assert accepts(message(varbind(tlv(0x06, largest), name=largest))).varbinds[0] == (largest, 6, largest)
    for oid in ("2b9080808000", "9080808000", "2b81808080808000", "2b" + "ff" * 60_000 + "7f"):
        refuses(message(varbind(integer(1), name=bytes.fromhex(oid))), "a sub-identifier is over 4294967295")


@pytest.mark.parametrize("sign", [1, -1])
def test_magnitude_of_an_integer(sign: int) -> None:
    number = sign * limits.MAX_INTEGER_MAGNITUDE
    answer = accepts(message(varbind(integer(number)), request_id=integer(number), numbers=integer(number) * 2))
    assert (answer.request_id, answer.varbinds) == (number, [(SYS_DESCR, codec.INTEGER, number)])
    for data in (
        message(varbind(integer(number + sign))),
        message(request_id=integer(number + sign)),
        message(numbers=integer(number + sign) + integer(0)),
    ):
        refuses(data, "more than four octets of magnitude")


@pytest.mark.parametrize("tag", [0x02, 0x41, 0x42, 0x43, 0x46, 0x47])
def test_octets_of_an_integer(tag: int) -> None:
    assert accepts(message(varbind(integer(7, tag, limits.MAX_INTEGER_OCTETS)))).varbinds[0] == (SYS_DESCR, tag, 7)
    refuses(
        message(varbind(integer(7, tag, limits.MAX_INTEGER_OCTETS + 1))), "integer of 10 octets, 1 to 9 are allowed"
    )
    refuses(message(varbind(tlv(tag, b"\x01" * 60_000))), "integer of 60000 octets, 1 to 9 are allowed")


def test_request_ids() -> None:
    template = codec.RequestTemplate(1, b"c", codec.PduType.GET, [])
    sizes = {len(template.encode(number)) for number in (limits.REQUEST_ID_MIN, limits.REQUEST_ID_MAX)}
    assert len(sizes) == 1
    for number in (limits.REQUEST_ID_MIN - 1, limits.REQUEST_ID_MAX + 1):
        with pytest.raises(EncodeError):
            template.encode(number)


def test_repetitions() -> None:
    for number in (0, limits.MAX_REPETITIONS):
        codec.RequestTemplate(1, b"c", codec.PduType.GET_BULK, [], max_repetitions=number)
    with pytest.raises(EncodeError):
        codec.RequestTemplate(1, b"c", codec.PduType.GET_BULK, [], max_repetitions=limits.MAX_REPETITIONS + 1)


def work(data: bytes) -> int:
    def call() -> None:
        with contextlib.suppress(DecodeError):
            decode_message(data)

    return lines_run(call)


def filled_with(binding: bytes) -> bytes:
    """A message of about 60,000 octets, which such varbinds fill."""
    return message(*[binding] * (60_000 // len(binding)))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(filled_with(varbind(tlv(0x05, b""), name=b"\x2b")), id="the most varbinds"),
        pytest.param(filled_with(varbind(integer(1), name=b"\x2b\x80\x01\x80\x01")), id="padded names"),
        pytest.param(filled_with(varbind(tlv(0x06, b"\x2b\x80\x01"), name=b"\x2b\x80\x01")), id="padded values"),
        pytest.param(filled_with(varbind(integer(1), name=b"\x80" * 59_900 + b"\x01")), id="one name of padding"),
        pytest.param(filled_with(varbind(integer(1), name=b"\x80\x01" * 29_950)), id="one name of pads and numbers"),
        pytest.param(filled_with(varbind(integer(1), name=b"\xff" * 59_900)), id="one name without an end"),
        pytest.param(filled_with(varbind(tlv(0x06, b""), name=b"")), id="empty names"),
        pytest.param(filled_with(varbind(tlv(0x41, b"\xff"), name=b"\x80\x01")), id="masked counters"),
        pytest.param(filled_with(tlv(0x30, tlv(6, b"\x2b", 4) + tlv(0x46, b"\xff", 4), 4)), id="long-form lengths"),
        pytest.param(filled_with(b"\x30\x84\x00\x00\xea\x60"), id="nothing but headers"),
    ],
)
def test_work_is_linear_in_the_octets(data: bytes) -> None:
    honest = filled_with(varbind(integer(4711), name=SYS_DESCR + b"\x01"))
    assert abs(len(data) - len(honest)) < 100
    assert work(data) <= 3 * work(honest)
