"""Whatever happens how often, a log says what happened and stays short."""

from ptscan.cli.repeats import EVERY_SECONDS, MOST_KNOWN, MOST_OF_A_KIND, Key, Line, Repeats

STORE = Key("store", "", "the disk is full")


def test_what_repeats_is_told_at_once_and_then_once_a_minute_with_how_often_it_came() -> None:
    repeats = Repeats()
    assert repeats.hear(STORE, 0.0) == [Line(STORE)]
    assert [repeats.hear(STORE, 1.0 + number) for number in range(5)] == [[]] * 5
    assert repeats.hear(STORE, EVERY_SECONDS) == [Line(STORE, 5)]
    assert repeats.rest() == [Line(STORE, 1)]
    assert repeats.rest() == []


def test_another_address_or_text_is_another_thing() -> None:
    repeats = Repeats()
    for key in (STORE, STORE._replace(address="10.0.0.1"), STORE._replace(text="the disk is gone")):
        assert repeats.hear(key, 0.0) == [Line(key)]


def test_what_was_counted_is_told_by_whatever_comes_after_a_minute() -> None:
    repeats = Repeats()
    repeats.hear(STORE, 0.0)
    repeats.hear(STORE, 1.0)
    other = Key("ready", "", "listening")
    assert repeats.hear(other, EVERY_SECONDS - 0.1) == [Line(other)]
    assert repeats.due(EVERY_SECONDS) == [Line(STORE, 1)]
    assert repeats.due(3 * EVERY_SECONDS) == []
    assert repeats.hear(STORE, 3 * EVERY_SECONDS) == [Line(STORE)]


def test_of_one_kind_so_many_lines_are_told_in_a_minute_and_the_number_of_the_others() -> None:
    repeats = Repeats()
    keys = [Key("handshake-failed", f"10.0.{number >> 8}.{number & 255}", "no") for number in range(MOST_OF_A_KIND + 3)]
    told = [line for key in keys for line in repeats.hear(key, 1.0)]
    assert told == [Line(key) for key in keys[:MOST_OF_A_KIND]]
    assert repeats.hear(STORE, 2.0) == [Line(STORE)]  # another kind has room of its own
    [left_out] = repeats.due(1.0 + EVERY_SECONDS)
    assert left_out == Line(Key("handshake-failed", "", "3 more of this kind in a minute were not told"))
    assert repeats.hear(keys[-1], 1.0 + EVERY_SECONDS) == [Line(keys[-1])]


def test_no_more_is_remembered_than_the_limit_and_no_count_is_lost_by_that() -> None:
    repeats = Repeats()
    repeats.hear(STORE, 0.0)
    repeats.hear(STORE, 0.0)
    others = [Key(f"kind-{number % 100}", "", str(number)) for number in range(MOST_KNOWN)]
    lines = [line for key in others for line in repeats.hear(key, 1.0)]
    assert lines.count(Line(STORE, 1)) == 1
    assert [line for line in lines if line.key != STORE] == list(map(Line, others))
    assert repeats.hear(others[-1], 2.0) == []
