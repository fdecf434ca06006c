"""A memory of shapes changes the time that decoding takes, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import codec
from codec import DecodeError, Message, Shapes, TrapV1, Varbind, decode_message, encode_response, limits

from .messages import SYS_DESCR, integer, message, mutated, tlv, varbind, varbind_lists
from .tracing import lines_run

NUMBERS = (codec.INTEGER, codec.COUNTER32, codec.GAUGE32, codec.TIMETICKS, codec.COUNTER64, codec.UINTEGER32)


def told(data: bytes, shapes: Shapes | None) -> Message | TrapV1 | tuple[int, str]:
    try:
        return decode_message(data, shapes)
    except DecodeError as error:
        return error.offset, error.reason


def taught(*messages: bytes) -> Shapes:
    """A memory that has seen each message often enough to know its shape, if it is one worth while."""
    shapes = Shapes()
    for data in messages:
        for _ in range(3):
            assert told(data, shapes) == told(data, None)
    return shapes


def learned(shapes: Shapes) -> int:
    return len(shapes._shapes)


FILLER: Varbind = (SYS_DESCR, codec.OCTET_STRING, bytes(64))  # with it, any list is one worth while
FILLER_OCTETS = varbind(tlv(4, bytes(64)))


def answer(varbinds: list[Varbind]) -> bytes:
    return encode_response(1, b"public", 1, [*varbinds, FILLER])


@given(st.data(), varbind_lists)
def test_the_same_shape_with_any_octets_for_values(draw: st.DataObject, varbinds: list[Varbind]) -> None:
    data = answer(varbinds)
    shapes = taught(data)
    assert learned(shapes) == 1
    at = len(data)
    for _ in range(3):
        octets = bytearray(data)
        for name, _, _ in reversed(varbinds):
            at = data.rindex(name, 0, at)
            value = at + len(name) + 2  # where the value begins, if its length is short
            for place in range(value, min(value + 5, len(data))):
                octets[place] = draw.draw(st.sampled_from((0, 0x7F, 0x80, 0xFF, octets[place])))
        at = len(data)
        assert told(bytes(octets), shapes) == told(bytes(octets), None)


@given(st.data(), varbind_lists)
def test_mutations_of_a_known_shape(draw: st.DataObject, varbinds: list[Varbind]) -> None:
    data = answer(varbinds)
    shapes = taught(data)
    assert learned(shapes) == 1
    for _ in range(12):
        other = draw.draw(mutated(st.just(data)))
        assert told(other, shapes) == told(other, None)


@given(st.sampled_from(NUMBERS), st.binary(max_size=10), st.lists(st.binary(min_size=1, max_size=10), max_size=5))
def test_numbers_of_any_octets(tag: int, first: bytes, others: list[bytes]) -> None:
    shapes = taught(message(varbind(tlv(tag, first)), FILLER_OCTETS))
    for content in others:
        fitted = (content * 10)[: len(first)]
        data = message(varbind(tlv(tag, fitted)), FILLER_OCTETS)
        assert told(data, shapes) == told(data, None)


@pytest.mark.parametrize("tag", NUMBERS)
@pytest.mark.parametrize("octets", range(1, 10))
def test_the_ends_of_every_range(tag: int, octets: int) -> None:
    learned = message(varbind(integer(1, tag, octets)), varbind(tlv(4, b"HP")), FILLER_OCTETS)
    shapes = taught(learned)
    for bits in range(8 * octets):
        for number in (1 << bits, (1 << bits) - 1, -1 << bits, (-1 << bits) - 1):
            content = (number & (1 << 8 * octets) - 1).to_bytes(octets, "big")
            data = message(varbind(tlv(tag, content)), varbind(tlv(4, b"IB")), FILLER_OCTETS)
            assert told(data, shapes) == told(data, None)


def test_a_triple_with_another_length_before_it_is_not_of_the_shape() -> None:
    name = SYS_DESCR
    known = tlv(0x30, tlv(6, name) + tlv(0x41, b"\x01\x02\x03")) + tlv(0x30, tlv(6, name) + tlv(4, b"abc"))
    shapes = taught(message(known, FILLER_OCTETS))
    for length in range(256):
        data = message(known.replace(b"\x41\x03", bytes((0x41, length))), FILLER_OCTETS)
        assert told(data, shapes) == told(data, None)


@given(st.lists(varbind_lists, min_size=2, max_size=6), st.lists(st.integers(0, 5), max_size=30))
def test_any_order_of_answers(lists: list[list[Varbind]], order: list[int]) -> None:
    shapes = Shapes()
    for number in order:
        data = answer(lists[number % len(lists)])
        assert told(data, shapes) == told(data, None)


def test_every_type_in_one_answer() -> None:
    def every(text: bytes, number: int) -> bytes:
        varbinds: list[Varbind] = [(SYS_DESCR, tag, number) for tag in NUMBERS]
        varbinds += [(SYS_DESCR, tag, text) for tag in (codec.OCTET_STRING, codec.OPAQUE, codec.NSAP)]
        varbinds += [(SYS_DESCR, tag, None) for tag in (codec.NULL, codec.NO_SUCH_OBJECT, codec.END_OF_MIB_VIEW)]
        varbinds += [(SYS_DESCR, codec.IP_ADDRESS, text[:4]), (SYS_DESCR, codec.OBJECT_IDENTIFIER, SYS_DESCR)]
        return answer([*varbinds, (SYS_DESCR, codec.INTEGER, -number)])

    shapes = taught(every(b"HP LaserJet", 70_000))
    for data in (every(b"HP DesignJe", 80_000), every(b"HP LaserJet", 0x7F_FFFF), every(b"HP LaserJet", 1 << 20)):
        assert told(data, shapes) == told(data, None)


def work(data: bytes, shapes: Shapes) -> int:
    return lines_run(lambda: decode_message(data, shapes))


@pytest.mark.parametrize("long_form", [False, True])
def test_an_answer_of_a_known_shape_takes_a_fraction_of_the_work(long_form: bool) -> None:
    def page(counter: int, text: bytes) -> bytes:
        octets = 2 if long_form else 0
        row = tlv(0x30, tlv(6, SYS_DESCR) + integer(counter, 0x41), octets)
        return message(*[row, tlv(0x30, tlv(6, SYS_DESCR) + tlv(4, text), octets)] * 30)

    shapes = taught(page(70_000, b"HP"))
    assert work(page(80_000, b"IB"), shapes) * 5 < work(page(80_000, b"IBM"), shapes)


def test_a_shape_is_learned_at_the_second_sight_and_anew_where_it_fails() -> None:
    def page(text: bytes) -> bytes:
        texts = (b"first", text, b"x" * (10 - len(text)))
        return answer([(SYS_DESCR, codec.OCTET_STRING, text) for text in texts])

    shapes = Shapes()
    told(page(b"HP"), shapes)
    assert learned(shapes) == 0
    told(page(b"HP"), shapes)
    assert learned(shapes) == 1
    for _ in range(8):
        told(page(b"IBM"), shapes)
    assert work(page(b"HPE"), shapes) < work(page(b"HP"), shapes)


class TestLimits:
    def test_shapes(self) -> None:
        shapes = Shapes()
        for size in range(1, limits.MAX_SHAPES + 20):
            data = answer([(SYS_DESCR, codec.OCTET_STRING, bytes(100 + size))])
            for _ in range(2):
                told(data, shapes)
            assert learned(shapes) == min(size, limits.MAX_SHAPES)

    def test_sightings(self) -> None:
        shapes = Shapes()
        for size in range(1, limits.MAX_SIGHTINGS + 20):
            told(answer([(SYS_DESCR, codec.OCTET_STRING, bytes(100 + size))]), shapes)
            assert len(shapes._sightings) == min(size, limits.MAX_SIGHTINGS)

    def test_octets_of_a_shape(self) -> None:
        for size, count in ((limits.MAX_SHAPE_OCTETS, 1), (limits.MAX_SHAPE_OCTETS + 1, 0)):
            frame = len(varbind(tlv(4, bytes(size - 100)))) - (size - 100)
            binding = varbind(tlv(4, bytes(size - frame)))
            assert len(binding) == size
            assert learned(taught(message(binding))) == count

    def test_what_was_noted_or_refused_is_not_learned(self) -> None:
        assert learned(taught(message(varbind(tlv(0x41, b"\xff")), FILLER_OCTETS))) == 0
        assert learned(taught(message(varbind(tlv(0x41, b"")), FILLER_OCTETS))) == 0
        assert learned(taught(message())) == 0

    def test_octets_that_are_worth_while(self) -> None:
        for size, count in ((63, 0), (64, 1)):
            binding = varbind(tlv(4, bytes(size - 14)))
            assert len(binding) == size
            assert learned(taught(message(binding))) == count
