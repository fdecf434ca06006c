"""A memory of one message changes the time that it takes to take others apart, and nothing else."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec import DecodeError, SecureMessage, decode_secure, limits
from codec.secure_frame import SecureDecoder

from .messages import integer, mutated, tlv, varbind
from .messages_v3 import ENGINE, LEVELS, SALT, TIMES, USER, scoped, secure, security
from .tracing import lines_run

OFTEN = 2  # messages after which there is a frame
ODD = (0, 1, 2, 3, 4, 5, 0x20, 0x30, 0x7F, 0x80, 0x81, 0x82, 0x83, 0x84, 0xFF)
Verdict = SecureMessage | tuple[int, str]


def told(data: bytes, decoder: SecureDecoder | None) -> Verdict:
    """What the decoder says, or the plain one."""
    try:
        return decode_secure(data) if decoder is None else decoder.decode(data)
    except DecodeError as error:
        return error.offset, error.reason


def taught(data: bytes, times: int = OFTEN) -> SecureDecoder:
    decoder = SecureDecoder()
    for _ in range(times):
        assert told(data, decoder) == told(data, None)
    return decoder


def sealed(
    auth: str | None = "sha1",
    priv: str | None = "aes128",
    *,
    number: int = 1 << 24,
    times: tuple[int, int] = TIMES,
    salt: bytes = SALT,
    size: int = 60,
) -> bytes:
    data = scoped(varbind(tlv(4, bytes(size))))
    return security(auth, priv).seal(number, data, times, salt, reportable=False)


def work(data: bytes, decoder: SecureDecoder | None) -> int:
    return lines_run(lambda: told(data, decoder))


def is_of_the_frame(data: bytes, decoder: SecureDecoder) -> bool:
    return work(data, decoder) < 0.5 * work(data, None)


class TestTheSame:
    @pytest.mark.parametrize(("auth", "priv"), LEVELS)
    @pytest.mark.parametrize("size", [0, 100, 300])
    def test_any_octet_in_the_place_of_any_other_one(self, auth: str | None, priv: str | None, size: int) -> None:
        data = sealed(auth, priv, size=size)
        for place in range(decode_secure(data).begin + 6):
            for octet in {*ODD, data[place] ^ 1, data[place] - 1 & 0xFF, data[place] + 1 & 0xFF}:
                other = data[:place] + bytes((octet,)) + data[place + 1 :]
                assert told(other, taught(data)) == told(other, None)

    @given(st.sampled_from(LEVELS), st.integers(0, 300), st.data())
    def test_mutations_of_a_known_message(
        self, level: tuple[str | None, str | None], size: int, draw: st.DataObject
    ) -> None:
        data = sealed(*level, size=size)
        decoder = taught(data)
        for _ in range(12):
            other = draw.draw(mutated(st.just(data)))
            assert told(other, decoder) == told(other, None)

    @given(
        st.sampled_from(LEVELS),
        st.integers(1, 2**31 - 1),
        st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1)),
        st.lists(st.tuples(st.integers(0, 400), st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1)), max_size=12),
    )
    def test_other_ids_times_and_sizes(
        self,
        level: tuple[str | None, str | None],
        number: int,
        times: tuple[int, int],
        others: list[tuple[int, int, int]],
    ) -> None:
        decoder = taught(sealed(*level, number=number, times=times))
        for size, msg_id, time in others:
            data = sealed(*level, number=msg_id, times=(times[0], time), size=size)
            assert told(data, decoder) == told(data, None)

    @given(st.lists(st.sampled_from(range(6)), max_size=60))
    def test_any_order_of_messages_of_two_engines_levels_and_boots(self, order: list[int]) -> None:
        messages = [
            *(sealed(*level) for level in LEVELS),
            sealed(times=(8, 4_711)),
            security(engine_id=ENGINE + b"\0").seal(1 << 24, scoped(), TIMES, SALT, reportable=True),
        ]
        decoder = SecureDecoder()
        for number in order:
            assert told(messages[number], decoder) == told(messages[number], None)

    def test_the_ends_of_every_range(self) -> None:
        for octets in (1, 2, 3, 4, 5, limits.MAX_INTEGER_OCTETS):
            for field in ("msg_id", "time"):
                decoder = taught(secure(**{field: integer(1, octets=octets)}))
                for bit in range(8 * octets):
                    for number in (1 << bit, (1 << bit) - 1, -1 << bit, (-1 << bit) - 1):
                        content = (number & (1 << 8 * octets) - 1).to_bytes(octets, "big")
                        data = secure(**{field: tlv(2, content)})
                        assert told(data, decoder) == told(data, None)

    def test_every_form_of_the_two_lengths_that_are_read_each_time(self) -> None:
        decoder = taught(secure())
        frame = secure(data=b"")[2:]
        for size in (0, 1, 100, 0x7F, 0x80, 0xFF, 0x100, 300):
            for inner, outer in product(range(5), repeat=2):
                if (size < 0x100 or inner != 1) and (size < 100 or outer != 1):
                    data = tlv(0x30, frame + tlv(0x30, bytes(size), inner), outer)
                    assert told(data, decoder) == told(data, None)

    @pytest.mark.parametrize("first", range(0x80, 0x100))
    def test_what_is_no_length_in_the_short_form_is_none_though_so_many_octets_follow(self, first: int) -> None:
        frame = secure(data=b"")[2:]
        for data in (
            tlv(0x30, frame + bytes((0x30, first)) + bytes(first)),
            bytes((0x30, first)) + frame + tlv(0x30, bytes(first - len(frame) - 2)),
            bytes((0x30, first)) + frame + tlv(0x30, bytes(first - len(frame) - 3)),
        ):
            assert told(data, taught(secure())) == told(data, None)

    def test_every_prefix_and_a_trailing_octet(self) -> None:
        for level in LEVELS:
            data = sealed(*level)
            decoder = taught(data)
            for size in range(len(data)):
                assert told(data[:size], decoder) == told(data[:size], None)
            assert told(data + b"\0", decoder) == told(data + b"\0", None)

    def test_octets_of_a_datagram(self) -> None:
        decoder = taught(secure())
        room = limits.MAX_DATAGRAM - len(secure(data=tlv(0x30, bytes(60_000))))
        assert is_of_the_frame(secure(data=tlv(0x30, bytes(60_000 + room))), decoder)
        longer = secure(data=tlv(0x30, bytes(60_001 + room)))
        assert told(longer, decoder) == told(longer, None) == (65_507, "65508 octets, at most 65507 are allowed")


class TestLessWork:
    @pytest.mark.parametrize(("auth", "priv"), LEVELS)
    def test_for_other_ids_seconds_salts_and_sizes(self, auth: str | None, priv: str | None) -> None:
        decoder = taught(sealed(auth, priv))
        for size in (0, 60, 90, 150, 300, 2_000):
            other = sealed(auth, priv, number=1 << 25, times=(TIMES[0], TIMES[1] + 7), salt=bytes(8), size=size)
            assert is_of_the_frame(other, decoder)

    @pytest.mark.parametrize("octets", [1, 2, 3, 4])
    def test_for_a_time_of_any_size(self, octets: int) -> None:
        time = (1 << 8 * octets - 1) - 1
        assert is_of_the_frame(sealed(times=(1, time)), taught(sealed(times=(1, time - 9))))

    def test_not_learned_for_one_message_alone(self) -> None:
        assert not is_of_the_frame(sealed(), taught(sealed(), 1))

    def test_after_a_reboot_another_frame_is_learned(self) -> None:
        decoder = taught(sealed())
        later = sealed(times=(8, 0))
        assert not is_of_the_frame(later, decoder)
        for _ in range(9):
            told(later, decoder)
        assert is_of_the_frame(later, decoder)

    def test_messages_that_are_always_strange_cost_hardly_more_than_the_walk(self) -> None:
        decoder = SecureDecoder()
        strange = [sealed(times=(boots, 0)) for boots in range(100, 164)]
        with_memory = sum(work(data, decoder) for data in strange)
        assert with_memory < 1.4 * sum(work(data, None) for data in strange)

    def test_octets_of_a_frame(self) -> None:
        def data(size: int) -> bytes:  # of a frame of so many octets
            return secure(mac=tlv(4, bytes(size - len(secure(data=b"", mac=tlv(4, bytes(128)))) + 4 + 127)))

        for size, fits in ((limits.MAX_FRAME_OCTETS, True), (limits.MAX_FRAME_OCTETS + 1, False)):
            assert is_of_the_frame(data(size), taught(data(size))) == fits

    def test_a_user_that_is_spoken_to_remembers_one_frame(self) -> None:
        user = security()
        for size in range(100):
            data = sealed(size=size)
            assert user.unseal(data).message == decode_secure(data)
        assert user.unseal(sealed()).message.user == USER
