"""How a range is asked with what credentials there are, and which ends of an asking mean what."""

from ipaddress import ip_network

from ptscan.snmp import Community, Outcome, Secret, User, is_strange, is_unfit, ways_of

PUBLIC = Community(Secret("public"))
HERE, THERE = ip_network("10.1.0.0/16"), ip_network("10.2.0.0/16")
USER = User("monitor")


def test_communities_alone_discover_nobody() -> None:
    ways = ways_of([PUBLIC], "auto")
    assert (ways.version, ways.communities, ways.users, ways.discovery) == ("auto", (PUBLIC,), (), None)


def test_users_alone_are_asked_in_version_3() -> None:
    ways = ways_of([USER], "auto")
    assert (ways.version, ways.communities, ways.users) == ("3", (), (USER,))


def test_both_are_discovered_where_any_user_may_go() -> None:
    users = [User("a", networks=(HERE,)), User("b", networks=(HERE, THERE))]
    assert ways_of([PUBLIC, *users], "auto").discovery == (HERE, THERE)
    assert ways_of([PUBLIC, *users, USER], "auto").discovery == ()


def test_a_version_leaves_out_who_does_not_speak_it() -> None:
    assert ways_of([PUBLIC, USER], "2c").users == ()
    assert ways_of([PUBLIC, USER], "3").communities == ()


def test_every_way_to_end_is_told_apart() -> None:
    """What is neither is a loss on the way: such a device is named."""
    neither = {outcome for outcome in Outcome if not is_strange(outcome) and not is_unfit(outcome)}
    assert not any(is_strange(outcome) and is_unfit(outcome) for outcome in Outcome)
    assert neither == {
        Outcome.OK,
        Outcome.SILENT,
        Outcome.UNREACHABLE,
        Outcome.NOT_SENT,
        Outcome.MALFORMED,
        Outcome.DEVICE_ERROR,
        Outcome.ENDED_EARLY,
    }
