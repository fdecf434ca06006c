"""Contestants take turns; who fails is named and does not stop the others."""

import sys
from collections.abc import Callable

import pytest
from harness import Absent, Bench, Case, Contestant, Sample, TurnError, child, timed
from harness.rounds import measure

BENCH = Bench("try", "A try", "", (Case("it", "s"),))


def turns(name: str, order: list[str]) -> Callable[[], dict[str, float | Sample | TurnError]]:
    def turn() -> dict[str, float | Sample | TurnError]:
        order.append(name)
        return {"it": float(len(order))}

    return turn


def test_everybody_has_a_turn_in_each_round_and_another_begins_each_time() -> None:
    order: list[str] = []
    players = [Contestant(name, "1", turns(name, order)) for name in "abc"]
    results = measure(BENCH, players, rounds=3, seconds=60.0)
    assert order == [*"abc", *"bca", *"cab"]
    assert [sample.value for sample in results.entries[1].samples["it"]] == [2.0, 4.0, 9.0]


def test_a_slow_one_may_have_fewer_rounds_and_no_round_begins_after_the_time() -> None:
    order: list[str] = []
    players = [Contestant("quick", "1", turns("quick", order)), Contestant("slow", "1", turns("slow", order), rounds=1)]
    assert measure(BENCH, players, rounds=3, seconds=60.0).rounds == 3
    assert order.count("quick") == 3
    assert order.count("slow") == 1
    assert measure(BENCH, players, rounds=3, seconds=0.0).rounds == 1


def test_who_fails_twice_in_a_row_is_left_out_and_named() -> None:
    tries: list[str] = []

    def fails() -> dict[str, float | Sample | TurnError]:
        tries.append("again")
        raise TurnError("found nobody")

    order: list[str] = []
    results = measure(
        BENCH,
        [Contestant("good", "1", turns("good", order)), Contestant("bad", "1", fails), Absent("gone", "not installed")],
        rounds=4,
        seconds=60.0,
    )
    assert len(order) == 4
    assert len(tries) == 2
    assert {entry.name: entry.missing.get("") for entry in results.entries} == {
        "good": None,
        "bad": "found nobody",
        "gone": "not installed",
    }


def test_a_child_prints_its_figures() -> None:
    figures = child([sys.executable, "-c", 'print(\'{"it": 2.5, "more": {"value": 1, "note": "once"}}\')'])()
    assert figures == {"it": 2.5, "more": Sample(1.0, note="once")}


@pytest.mark.parametrize("text", ["print('nothing')", "raise SystemExit('it was wrong')"])
def test_a_child_without_figures_is_a_failed_turn(text: str) -> None:
    with pytest.raises(TurnError):
        child([sys.executable, "-c", text])()


def test_a_process_that_does_not_end_is_ended() -> None:
    with pytest.raises(TurnError, match="not done after"):
        timed([sys.executable, "-c", "import time; time.sleep(60)"], limit=0.2)


def test_a_process_is_measured_with_what_it_wrote_and_how_it_ended() -> None:
    run = timed([sys.executable, "-c", "print('there'); raise SystemExit(3)"])
    assert (run.stdout, run.code) == ("there\n", 3)
    assert run.seconds > 0
