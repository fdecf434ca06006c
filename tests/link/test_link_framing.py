"""Messages, deadlines, statuses and headers of gRPC: both ways, cut anywhere, at each limit and one beyond."""

import gzip
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptscan.link import CallError, Status
from ptscan.link.budget import Budget
from ptscan.link.frames import PREFACE, Frame, FrameCutter
from ptscan.link.framing import Deframer, frame
from ptscan.link.limits import FRAME_LEAST_OCTETS, FRAME_OCTETS, MESSAGE_OCTETS

from . import wire


@given(st.lists(st.binary(max_size=300), max_size=5), st.booleans(), st.integers(1, 40))
def test_what_was_framed_comes_out_however_it_is_cut(messages: list[bytes], compress: bool, size: int) -> None:
    deframer = Deframer(encoding="gzip" if compress else "identity")
    octets = b"".join(part for message in messages for part in frame(message, compress=compress))
    assert [found for part in wire.pieces(octets, size) for found in deframer.feed(part)] == messages
    assert deframer.is_whole
    assert deframer.octets == 0


def test_gzip_is_used_only_where_it_makes_a_message_shorter() -> None:
    assert frame(b"x" * 1000, compress=True)[0][0] == 1
    assert frame(b"x", compress=True) == (b"\0\0\0\0\1", b"x")
    assert frame(b"") == (b"\0\0\0\0\0", b"")


def test_no_prefix_of_a_message_is_one() -> None:
    octets = b"".join(frame(b"a reading"))
    for end in range(len(octets)):
        deframer = Deframer()
        assert list(deframer.feed(octets[:end])) == []
        assert deframer.is_whole is (end == 0)


@pytest.mark.parametrize(
    ("octets", "encoding", "status"),
    [
        (b"\2\0\0\0\0", "identity", Status.INTERNAL),
        (b"\xff\0\0\0\0", "gzip", Status.INTERNAL),
        (b"\0" + (MESSAGE_OCTETS + 1).to_bytes(4, "big"), "identity", Status.RESOURCE_EXHAUSTED),
        (b"\0\xff\xff\xff\xff", "identity", Status.RESOURCE_EXHAUSTED),
        (b"\1\xff\xff\xff\xff", "gzip", Status.RESOURCE_EXHAUSTED),
        (wire.message(gzip.compress(b"x", mtime=0), flag=1), "identity", Status.INTERNAL),
        (wire.message(b"no gzip", flag=1), "gzip", Status.INTERNAL),
        (wire.message(b"", flag=1), "gzip", Status.INTERNAL),
        (wire.message(gzip.compress(b"x", mtime=0)[:-1], flag=1), "gzip", Status.INTERNAL),
        (wire.message(gzip.compress(b"x", mtime=0) + b"y", flag=1), "gzip", Status.INTERNAL),
    ],
)
def test_what_breaks_the_form_or_the_limit_is_refused(octets: bytes, encoding: str, status: Status) -> None:
    with pytest.raises(CallError) as caught:
        list(Deframer(encoding=encoding).feed(octets))
    assert caught.value.status is status
    assert "\n" not in str(caught.value)


def test_the_limit_of_a_message_holds_at_it_and_one_beyond_plain_and_inflated() -> None:
    assert list(Deframer(most=10).feed(b"".join(frame(b"x" * 10)))) == [b"x" * 10]
    with pytest.raises(CallError, match="11 octets"):
        list(Deframer(most=10).feed(b"".join(frame(b"x" * 11))))
    most = 100_000
    packed = wire.message(gzip.compress(bytes(most), mtime=0), flag=1)
    assert list(Deframer(encoding="gzip", most=most).feed(packed)) == [bytes(most)]
    with pytest.raises(CallError, match="inflated"):
        list(Deframer(encoding="gzip", most=most).feed(wire.message(gzip.compress(bytes(most + 1), mtime=0), flag=1)))


@given(st.binary(max_size=200), st.sampled_from(["identity", "gzip", "snappy"]))
def test_random_octets_are_messages_or_refused(octets: bytes, encoding: str) -> None:
    with suppress(CallError):
        assert all(len(message) <= 1000 for message in Deframer(encoding=encoding, most=1000).feed(octets))


FRAMES = wire.settings((4, 1)) + wire.frame(0, 1, 3, b"hello") + wire.frame(6, 0, 0, b"12345678") + wire.frame(99)


@given(st.integers(1, 60), st.booleans())
def test_frames_are_cut_apart_however_they_come(size: int, preface: bool) -> None:
    cutter = FrameCutter(preface=preface)
    octets = (PREFACE if preface else b"") + FRAMES
    found = [item for part in wire.pieces(octets, size) for item in cutter.feed(part)]
    assert b"".join(item.octets if isinstance(item, Frame) else item for item in found) == octets
    assert [item.kind for item in found if isinstance(item, Frame)] == [4, 0, 6, 99]
    assert not cutter.has_begun_frame
    assert not cutter.awaits_preface


def test_a_frame_is_too_long_one_octet_beyond_the_limit_and_is_seen_by_its_head() -> None:
    for kind, most in ((0, FRAME_OCTETS), (1, FRAME_LEAST_OCTETS), (99, FRAME_LEAST_OCTETS)):
        fits, beyond = wire.frame(kind, 0, 1, bytes(most)), wire.frame(kind, 0, 1, bytes(most + 1))
        assert [found.is_whole for found in wire.frames_of(fits)] == [True]
        assert [found.is_whole for found in wire.frames_of(beyond[:9])] == [False]


def test_a_false_preface_is_handed_on_at_its_first_false_octet() -> None:
    cutter = FrameCutter(preface=True)
    assert list(cutter.feed(b"PRI * HTTP/2.0\r\n\r\nSM")) == []
    assert cutter.awaits_preface
    assert next(iter(cutter.feed(b"x"))) == b"PRI * HTTP/2.0\r\n\r\nSMx"


@pytest.mark.parametrize(
    ("octets", "is_empty"),
    [
        (wire.frame(0, 0, 1), True),
        (wire.frame(0, 0, 1, b"x"), False),
        (wire.frame(0, 8, 1, b"\x03\0\0\0"), True),
        (wire.frame(0, 8, 1, b"\x03x\0\0\0"), False),
        (wire.frame(9, 0, 1), True),
        (wire.frame(9, 8, 1, b"\x01x"), False),
    ],
)
def test_padding_alone_is_nothing(octets: bytes, is_empty: bool) -> None:
    assert wire.frames_of(octets)[0].is_empty is is_empty


def test_a_begun_frame_is_seen_unless_it_is_data() -> None:
    for octets, begun in ((b"", False), (b"\0", True), (wire.frame(1, 0, 1, b"xy")[:-1], True), (FRAMES, False)):
        cutter = FrameCutter(preface=False)
        list(cutter.feed(octets))
        assert cutter.has_begun_frame is begun
    cutter = FrameCutter(preface=False)
    list(cutter.feed(wire.frame(0, 0, 1, b"xy")[:-1]))
    assert not cutter.has_begun_frame


def test_a_budget_holds_its_burst_refills_with_time_and_by_what_is_earned() -> None:
    budget = Budget(3, 2.0, now=0.0)
    assert [budget.spend(now=0.0) for _ in range(4)] == [True, True, True, False]
    assert budget.spend(now=1.0)
    assert not budget.spend(now=1.0)
    budget.earn(2)
    assert budget.spend(now=1.0)
    assert not budget.spend(now=0.5)  # a time that goes back earns nothing
    budget.earn(100)
    assert [budget.spend(now=1.0) for _ in range(4)] == [True, True, True, False]
