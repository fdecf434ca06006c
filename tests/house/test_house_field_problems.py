"""The thirty problems of the field, by their numbers in the list beside the project: each has its tests."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PROBLEMS = range(1, 31)
NAME = re.compile(r"^ *(?:async )?def (test_problem_(\d\d)_\w+)", re.MULTILINE)


@pytest.fixture(scope="module")
def tests() -> dict[int, list[str]]:
    """Number of a problem -> the tests that bear it in their names."""
    found: dict[int, list[str]] = defaultdict(list)
    for path in sorted(TESTS.glob("*/test_*.py")):
        for name, number in NAME.findall(path.read_text()):
            found[int(number)].append(f"{path.relative_to(TESTS)}: {name}")
    return found


def test_every_problem_has_a_test(tests: dict[int, list[str]]) -> None:
    assert [number for number in PROBLEMS if not tests[number]] == [], "write one called test_problem_NN_…"


def test_no_test_bears_a_number_that_no_problem_has(tests: dict[int, list[str]]) -> None:
    assert sorted(set(tests) - set(PROBLEMS)) == []


def test_the_list_has_as_many_problems_as_this_test_knows(shared: Path) -> None:
    rows = re.findall(r"^\| (\d+) \|", (shared / "printers" / "facts" / "problems.md").read_text(), re.MULTILINE)
    assert [int(number) for number in rows] == list(PROBLEMS)


def test_problems_of_the_wire_are_played_by_the_simulator_and_read_over_loopback() -> None:
    played = {
        int(number)
        for path in (TESTS / "printer").glob("test_*.py")
        if re.search(r"\bplayed\b", path.read_text())
        for _, number in NAME.findall(path.read_text())
    }
    assert {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 27, 28, 29, 30} <= played
