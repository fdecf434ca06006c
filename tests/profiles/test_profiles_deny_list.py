"""What is never asked, of no device and by no profile."""

import pytest

from codec import format_oid, parse_oid
from ptscan.profiles import DENIED_SUBTREES, ProfileSet, denied, denied_walk


@pytest.mark.parametrize(
    "oid",
    [
        "1.3.6.1.4.1.2699.1.1.1.5.1.1.3.1.1",  # jmJobOwner and its like
        "1.3.6.1.4.1.11.2.3.9.4.2.1.1.6.5.1.0",  # HP's job information
        "1.3.6.1.4.1.367.3.2.1.3.2.1.1.1.4.1",  # Ricoh's document names
        "1.3.6.1.4.1.1248.1.2.2.44.1.1.2.1.124.124.4.0.39.128.176.16",  # Epson's control channel
        "1.3.6.1.2.1.25.4.2.1.2.1",
        "1.3.6.1.2.1.4.22.1.2.1",
        "1.3.6.1.6.3.15.1.2.2.1.3",
    ],
)
def test_jobs_users_and_control_channels_are_closed(oid: str) -> None:
    assert denied(parse_oid(oid))


@pytest.mark.parametrize("oid", ["1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.43.18.1.1.8", "1.3.6.1.4.1.2699.1.2.1.2.1.1.3.1"])
def test_the_rest_is_open(oid: str) -> None:
    assert denied(parse_oid(oid)) is None
    assert denied_walk(parse_oid(oid)) is None


def test_a_walk_that_would_pass_a_closed_subtree_is_closed() -> None:
    for text in DENIED_SUBTREES:
        root = parse_oid(text)
        assert denied_walk(root)
        assert denied_walk(parse_oid(text.rpartition(".")[0]))
        assert denied(parse_oid(text.rpartition(".")[0])) is None


def test_no_profile_asks_for_anything_that_is_denied(profiles: ProfileSet) -> None:
    for profile in profiles.profiles:
        for oid in (*profile.ask.scalars, *profile.identify):
            assert denied(oid) is None, f"{profile.name}: {format_oid(oid)}"
        for oid in (*profile.trees, *(column for table in profile.ask.tables for column in table)):
            assert denied_walk(oid) is None, f"{profile.name}: {format_oid(oid)}"
