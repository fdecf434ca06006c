"""Canaries leave at the places that were drawn for them, among the probes, however they are asked."""

from hypothesis import given
from hypothesis import strategies as st

from ptscan.datagram import Stencil
from ptscan.sweep.grains import Canary, Run, Shot, grain_of

OURS, OTHER = Stencil(b"ours....", 4), Stencil(b"other....", 5)
BASE = 1000


def run_of(count: int, begin: int = 0) -> Run:
    positions = [3 * place for place in range(count)]
    return Run(OURS, False, BASE, positions, [100 + place for place in range(count)], list(range(count)), begin)


@given(st.integers(0, 5), st.sets(st.integers(0, 29), max_size=29), st.lists(st.booleans(), min_size=29, max_size=29))
def test_a_grain_is_the_probes_in_turn_with_canaries_at_their_places(
    begin: int, wanted: set[int], like: list[bool]
) -> None:
    places = sorted(wanted)
    canaries = [
        Canary(OURS if same else OTHER, False, -place, 5000 + place)
        for place, same in zip(places, like, strict=False)
    ]  # fmt: skip
    run = run_of(40, begin)
    shots = grain_of(run, 30, places, canaries)
    stamps = [stamp for shot in shots for stamp in shot.stamps]
    assert len(stamps) == 30
    assert [place for place, stamp in enumerate(stamps) if stamp <= 0] == places
    probes = [stamp for stamp in stamps if stamp > 0]
    assert probes == list(run.stamps[begin : begin + len(probes)])
    for shot in shots:
        assert [place for place, stamp in enumerate(shot.stamps) if stamp <= 0] == list(shot.canaries)
        assert shot.stencil is OURS or len(shot.stamps) == len(shot.canaries) == 1
        ours = [stamp for stamp in shot.stamps if stamp > 0]
        assert shot.first == (BASE + run.positions[ours[0] - 100] if ours else None)
        assert len(shot.addresses) == len(shot.stamps)


def test_a_shot_that_is_cut_keeps_its_beginning() -> None:
    shot = Shot(OURS, False, [100, -1, 101], [0, 9, 1], BASE, (1,))
    assert shot.cut(2) == Shot(OURS, False, [100, -1], [0, 9], BASE, (1,))
    assert shot.cut(1).canaries == ()
    assert Shot(OURS, False, [-1, 100], [9, 0], BASE, (0,)).cut(1).first is None
