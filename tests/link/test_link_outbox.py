"""What waits to be sent comes out as it went in, and no longer holds what it came in."""

import gc

from hypothesis import given
from hypothesis import strategies as st

from ptscan.link import limits
from ptscan.link.outbox import Outbox

STEPS = st.lists(st.binary(max_size=40) | st.integers(-1, 50))


@given(STEPS)
def test_octets_come_out_in_their_order_in_any_pieces(steps: list[bytes | int]) -> None:
    box, waiting = Outbox(), b""
    for step in steps:
        if isinstance(step, bytes):
            box.add(step)
            waiting += step
        else:
            most = max(0, step)
            assert box.take(step) == waiting[:most]
            waiting = waiting[most:]
        assert len(box) == len(waiting)
        assert bool(box) == bool(waiting)
    assert box.take(len(waiting)) == waiting


def test_of_a_long_message_that_has_nearly_gone_the_rest_alone_is_kept() -> None:
    box = Outbox()
    box.add(b"x" * (1 << 20))
    while len(box) >= limits.UNSENT_STREAM_OCTETS:
        box.take(16_384)
    kept = [part for part in gc.get_referents(box._parts) if isinstance(part, bytes)]
    assert sum(map(len, kept)) < limits.UNSENT_STREAM_OCTETS
    assert box.take(1 << 20) == b"x" * (sum(map(len, kept)))


def test_what_is_forgotten_is_gone() -> None:
    box = Outbox()
    box.add(b"hello")
    box.take(2)
    box.clear()
    assert (len(box), box.take(9)) == (0, b"")
    box.add(b"again")
    assert box.take(9) == b"again"
