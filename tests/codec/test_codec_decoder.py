"""A decoder's memory changes the time that decoding takes, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import codec
from codec import (
    DecodeError,
    Decoder,
    Message,
    TrapV1,
    Varbind,
    decode_message,
    encode_response,
    limits,
    peek_request_id,
)

from .messages import SYS_DESCR, integer, message, mutated, tlv, varbind, varbind_lists
from .tracing import lines_run

NUMBERS = (codec.INTEGER, codec.COUNTER32, codec.GAUGE32, codec.TIMETICKS, codec.COUNTER64, codec.UINTEGER32)
OFTEN = 33  # sights of a list after which its shape is known
FILLER: Varbind = (SYS_DESCR, codec.OCTET_STRING, bytes(256))  # with it, any list is one whose shape is worth while
FILLER_OCTETS = varbind(tlv(4, bytes(256)))

Verdict = Message | TrapV1 | tuple[int, str]


def told(data: bytes, decoder: Decoder | None) -> Verdict:
    """What the decoder says, or the plain one."""
    try:
        return decode_message(data) if decoder is None else decoder.decode(data)
    except DecodeError as error:
        return error.offset, error.reason


def agree(data: bytes, decoder: Decoder) -> None:
    """Hold the decoder against the plain one, as it learns and when it has learned."""
    plain = told(data, None)
    for _ in range(2):
        assert told(data, decoder) == plain
        assert decoder.peek_request_id(data) == peek_request_id(data)


def taught(data: bytes, times: int = OFTEN) -> Decoder:
    decoder = Decoder()
    for _ in range(times):
        assert told(data, decoder) == told(data, None)
    return decoder


def answer(varbinds: list[Varbind]) -> bytes:
    return encode_response(1, b"public", 1 << 24, [*varbinds, FILLER])


def revalued(draw: st.DataObject, data: bytes, varbinds: list[Varbind]) -> bytes:
    """The same with other octets in its values; their sizes stay."""
    octets = bytearray(data)
    at = len(data)
    for name, _, _ in reversed(varbinds):
        at = data.rindex(name, 0, at)
        value = at + len(name) + 2  # where the value begins, if its length is short
        for place in range(value, min(value + 5, len(data))):
            octets[place] = draw.draw(st.sampled_from((0, 0x7F, 0x80, 0xFF, octets[place])))
    return bytes(octets)


def work(data: bytes, decoder: Decoder | None) -> int:
    return lines_run(lambda: told(data, decoder))


class TestTheSame:
    @given(st.data(), varbind_lists, st.sampled_from((1, OFTEN)))
    def test_other_values_in_known_heads_and_shapes(
        self, draw: st.DataObject, varbinds: list[Varbind], times: int
    ) -> None:
        data = answer(varbinds)
        decoder = taught(data, times)
        for _ in range(3):
            agree(revalued(draw, data, varbinds), decoder)

    @given(st.data(), varbind_lists, st.sampled_from((1, OFTEN)))
    def test_mutations_of_a_known_answer(self, draw: st.DataObject, varbinds: list[Varbind], times: int) -> None:
        data = answer(varbinds)
        decoder = taught(data, times)
        for _ in range(12):
            agree(draw.draw(mutated(st.just(data))), decoder)

    @given(st.sampled_from(NUMBERS), st.binary(max_size=10), st.lists(st.binary(min_size=1, max_size=10), max_size=5))
    def test_numbers_of_any_octets(self, tag: int, first: bytes, others: list[bytes]) -> None:
        decoder = Decoder()
        for content in (first, *others):
            fitted = (content * 10)[: len(first)]
            agree(message(varbind(tlv(tag, fitted)), FILLER_OCTETS), decoder)

    @pytest.mark.parametrize("tag", NUMBERS)
    @pytest.mark.parametrize("octets", range(1, 10))
    @pytest.mark.parametrize("times", [1, OFTEN])
    def test_the_ends_of_every_range(self, tag: int, octets: int, times: int) -> None:
        decoder = taught(message(varbind(integer(1, tag, octets)), varbind(tlv(4, b"HP")), FILLER_OCTETS), times)
        for bits in range(8 * octets):
            for number in (1 << bits, (1 << bits) - 1, -1 << bits, (-1 << bits) - 1):
                content = (number & (1 << 8 * octets) - 1).to_bytes(octets, "big")
                agree(message(varbind(tlv(tag, content)), varbind(tlv(4, b"IB")), FILLER_OCTETS), decoder)

    @pytest.mark.parametrize("times", [1, OFTEN])
    def test_any_octet_in_the_place_of_any_other_one(self, times: int) -> None:
        data = answer([(SYS_DESCR, tag, 70_000) for tag in NUMBERS])
        decoder = taught(data, times)
        for place in range(len(data) - 256):
            for octet in (0, 1, 2, 4, 6, 0x30, 0x7F, 0x80, 0x81, 0xA2, 0xFF):
                agree(data[:place] + bytes((octet,)) + data[place + 1 :], decoder)

    @given(st.lists(varbind_lists, min_size=2, max_size=6), st.lists(st.integers(0, 5), max_size=40))
    def test_any_order_of_answers(self, lists: list[list[Varbind]], order: list[int]) -> None:
        decoder = Decoder()
        for number in order:
            agree(answer(lists[number % len(lists)]), decoder)

    def test_every_prefix_and_a_trailing_octet(self) -> None:
        data = answer([(SYS_DESCR, tag, 70_000) for tag in NUMBERS])
        decoder = taught(data)
        for size in range(len(data)):
            agree(data[:size], decoder)
        agree(data + b"\x00", decoder)
        agree(data[:-1] + b"\x00\x00", decoder)

    def test_a_list_that_ends_within_a_known_varbind(self) -> None:
        bindings = [varbind(integer(1)), varbind(tlv(4, b"HP"))]
        decoder = taught(message(*bindings))
        for cut in range(1, 20):  # the datagram goes on, the list does not
            octets = b"".join(bindings)
            pdu = tlv(0xA2, integer(1) + integer(0) * 2 + tlv(0x30, octets[:-cut]))
            agree(tlv(0x30, integer(1) + tlv(4, b"public") + pdu) + octets[-cut:], decoder)

    @pytest.mark.parametrize("count", [limits.MAX_VARBINDS, limits.MAX_VARBINDS + 1, limits.MAX_VARBINDS + 2])
    def test_too_many_known_varbinds(self, count: int) -> None:
        binding = varbind(tlv(5, b""), name=b"\x2b")
        decoder = taught(message(binding))
        agree(message(*[binding] * count), decoder)
        agree(message(*[binding] * count, varbind(b"\xff\x00")), decoder)

    def test_long_form_lengths(self) -> None:
        decoder = Decoder()
        for octets in (1, 2, 3, 4):
            for text in (b"HP", b"IB"):
                for head in (tlv(0x06, SYS_DESCR), tlv(0x06, SYS_DESCR, octets)):
                    for value in (tlv(4, text), tlv(4, text, octets)):
                        agree(message(tlv(0x30, head + value, octets), FILLER_OCTETS), decoder)
                        agree(message(tlv(0x30, head + value), FILLER_OCTETS), decoder)

    def test_one_frame_with_other_request_ids(self) -> None:
        decoder = taught(answer([]))
        for number in (-0x8000_0000, -1, 0x0080_0000, 0x7FFF_FFFF, 1, 0x8000):
            agree(message(FILLER_OCTETS, request_id=integer(number)), decoder)
            agree(message(FILLER_OCTETS, request_id=integer(number, octets=4 if number != 1 << 31 else 5)), decoder)

    def test_one_length_with_other_frames(self) -> None:
        decoder = taught(answer([]))
        for community in (b"public", b"secret", b"pUblic"):
            for pdu_tag in range(0xA0, 0xA9):
                for version in (0, 1, 2, 3):
                    for numbers in (integer(0) * 2, integer(0) + integer(1), integer(2) + integer(0)):
                        agree(
                            message(
                                FILLER_OCTETS, version=version, community=community, pdu_tag=pdu_tag, numbers=numbers
                            ),
                            decoder,
                        )

    def test_a_triple_with_another_length_before_it_is_not_of_the_shape(self) -> None:
        name = SYS_DESCR
        known = tlv(0x30, tlv(6, name) + tlv(0x41, b"\x01\x02\x03")) + tlv(0x30, tlv(6, name) + tlv(4, b"abc"))
        decoder = taught(message(known, FILLER_OCTETS))
        for length in range(256):
            agree(message(known.replace(b"\x41\x03", bytes((0x41, length))), FILLER_OCTETS), decoder)

    def test_every_type_in_one_answer(self) -> None:
        def every(text: bytes, number: int) -> bytes:
            varbinds: list[Varbind] = [(SYS_DESCR, tag, number) for tag in NUMBERS]
            varbinds += [(SYS_DESCR, tag, text) for tag in (codec.OCTET_STRING, codec.OPAQUE, codec.NSAP)]
            varbinds += [(SYS_DESCR, tag, None) for tag in (codec.NULL, codec.NO_SUCH_OBJECT, codec.END_OF_MIB_VIEW)]
            varbinds += [(SYS_DESCR, codec.IP_ADDRESS, text[:4]), (SYS_DESCR, codec.OBJECT_IDENTIFIER, SYS_DESCR)]
            return answer([*varbinds, (SYS_DESCR, codec.INTEGER, -number)])

        for times in (1, OFTEN):
            decoder = taught(every(b"HP LaserJet", 70_000), times)
            agree(every(b"HP DesignJe", 80_000), decoder)
            agree(every(b"HP LaserJet", 0x7F_FFFF), decoder)
            agree(every(b"HP LaserJet", 1 << 20), decoder)

    def test_what_one_message_holds_can_be_changed_without_a_trace_in_the_next(self) -> None:
        data = answer([(SYS_DESCR, codec.INTEGER, 1)])
        decoder = taught(data)
        for _ in range(2):
            one = decoder.decode(data)
            one.varbinds.clear()
            agree(data, decoder)


def page(counter: int, text: bytes, *, long_form: bool = False) -> bytes:
    octets = 2 if long_form else 0
    row = tlv(0x30, tlv(6, SYS_DESCR) + integer(counter, 0x41), octets)
    return message(*[row, tlv(0x30, tlv(6, SYS_DESCR) + tlv(4, text), octets)] * 30, request_id=integer(1 << 24))


class TestLessWork:
    @pytest.mark.parametrize("long_form", [False, True])
    def test_with_a_known_shape(self, long_form: bool) -> None:
        decoder = taught(page(70_000, b"HP", long_form=long_form))
        other = page(80_000, b"IB", long_form=long_form)
        assert work(other, decoder) * 10 < work(other, None)

    def test_with_known_varbinds_and_heads(self) -> None:
        decoder = taught(page(70_000, b"HP"), 1)
        assert work(page(70_000, b"HP"), decoder) * 3 < work(page(70_000, b"HP"), None)
        rows = [varbind(integer(number, 0x41)) for number in range(70_000, 70_100)]
        assert work(message(*rows), decoder) < work(message(*rows), None)

    def test_with_a_known_frame(self) -> None:
        decoder = taught(message(request_id=integer(1 << 24)), 1)
        other = message(request_id=integer(1 << 25))
        assert work(other, decoder) * 2 < work(other, None)

    def test_a_shape_that_fails_is_learned_anew(self) -> None:
        def texts(first: int) -> bytes:
            sizes = (first, 20 - first, *[9] * 30)
            return answer([(SYS_DESCR, codec.OCTET_STRING, bytes(size)) for size in sizes])

        decoder = taught(texts(2))
        few = work(texts(2), decoder)
        assert work(texts(3), decoder) > 2 * few
        for _ in range(4 * OFTEN):
            told(texts(3), decoder)
        assert work(texts(3), decoder) == few

    def test_answers_that_are_always_new_cost_hardly_more_than_the_walk(self) -> None:
        def news(number: int) -> bytes:
            name = SYS_DESCR + number.to_bytes(3, "big").translate(bytes(range(128)) * 2)
            return message(*(varbind(integer(row), name + bytes((row,))) for row in range(40)))

        decoder = Decoder()
        for number in range(300):
            told(news(number), decoder)
        with_memory = sum(work(news(number), decoder) for number in range(300, 340))
        assert with_memory < 1.05 * sum(work(news(number), None) for number in range(300, 340))

    def test_answers_that_are_always_malformed_cost_hardly_more_than_the_walk(self) -> None:
        bad = message(*[varbind(integer(1))] * 60, varbind(b"\xff\x00"))
        decoder = taught(bad, 300)
        assert sum(work(bad, decoder) for _ in range(64)) < 1.1 * 64 * work(bad, None)


class TestLimits:
    def test_known_varbinds_and_heads(self) -> None:
        decoder = Decoder()
        known = decoder._known
        for number in range(limits.MAX_KNOWN_HEADS + 20):
            name = SYS_DESCR + bytes((1 + (number >> 7), number & 0x7F))
            told(message(varbind(tlv(4, b"HP"), name)), decoder)
            told(message(varbind(tlv(4, b"HP"), name)), decoder)  # pays in what learning drew
            known._credit = 8_192
            assert len(known._heads) <= limits.MAX_KNOWN_HEADS
            assert len(known._varbinds) <= limits.MAX_KNOWN_VARBINDS
        assert len(known._heads) < 100

    def test_known_varbinds_with_one_head(self) -> None:
        decoder = Decoder()
        for number in range(limits.MAX_KNOWN_WITH_HEAD + 20):
            told(message(varbind(integer(number))), decoder)
            assert len(decoder._known._varbinds) == min(number + 1, limits.MAX_KNOWN_WITH_HEAD)

    def test_octets_of_a_known_varbind(self) -> None:
        for size, count in ((limits.MAX_KNOWN_OCTETS, 1), (limits.MAX_KNOWN_OCTETS + 1, 0)):
            binding = varbind(tlv(4, bytes(size - 18)))
            assert len(binding) == size
            assert len(taught(message(binding), 1)._known._varbinds) == count

    def test_what_was_noted_or_refused_is_not_learned(self) -> None:
        for value in (tlv(0x41, b"\xff"), tlv(0x41, b"")):
            assert not taught(message(varbind(value)))._known._varbinds

    def test_frames(self) -> None:
        decoder = Decoder()
        for size in range(limits.MAX_FRAMES + 40):
            told(encode_response(1, b"public", 1 << 24, [(SYS_DESCR, 4, bytes(size))]), decoder)
            assert len(decoder._frames) <= limits.MAX_FRAMES

    def test_octets_of_a_frame(self) -> None:
        for start, count in ((limits.MAX_FRAME_OCTETS, 1), (limits.MAX_FRAME_OCTETS + 1, 0)):
            data = message(community=bytes(start - 25), request_id=integer(1 << 24))
            assert len(data) == start
            assert len(taught(data)._frames) == count

    def test_shapes(self) -> None:
        decoder = Decoder()
        for size in range(1, limits.MAX_SHAPES + 20):
            data = answer([(SYS_DESCR, codec.OCTET_STRING, bytes(100 + size))])
            for _ in range(OFTEN):
                told(data, decoder)
            learned = sum(kind.shape is not None for kind in decoder._shapes._kinds.values())
            assert learned == (size if size <= limits.MAX_SHAPES else size - limits.MAX_SHAPES)

    def test_sightings(self) -> None:
        decoder = Decoder()
        for size in range(1, limits.MAX_SIGHTINGS + 20):
            told(answer([(SYS_DESCR, codec.OCTET_STRING, bytes(100 + size))]), decoder)
            kinds = len(decoder._shapes._kinds)
            assert kinds == (size if size <= limits.MAX_SIGHTINGS else size - limits.MAX_SIGHTINGS)

    def test_octets_of_a_shape(self) -> None:
        for size, count in ((255, 0), (256, 1), (limits.MAX_SHAPE_OCTETS, 1), (limits.MAX_SHAPE_OCTETS + 1, 0)):
            frame = len(varbind(tlv(4, bytes(size - 20)))) - (size - 20)
            binding = varbind(tlv(4, bytes(size - frame)))
            assert len(binding) == size
            assert len(taught(message(binding))._shapes._kinds) == count
