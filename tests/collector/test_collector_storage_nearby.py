"""Of what was received of a spool, what a batch meets is looked up, however much else there is."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from ptscan.collector.storage import Store, get_agent, ingest, limits, sequences
from ptscan.collector.storage.bulk import add_many
from ptscan.collector.storage.nearby import nearby
from ptscan.collector.storage.tables import received, spools

from .stores import NOW, an_agent, batch, record

_HIGHEST = limits.INTEGER
SEQUENCES = st.one_of(st.integers(1, 60), st.integers(_HIGHEST - 20, _HIGHEST))


def begin(store: Store, *, epoch: str = "e1", agent_id: str = "a1") -> int:
    """A spool that one record was stored of; its number."""
    store.write(ingest, batch([record(1)], epoch=epoch), agent_id=agent_id, now=NOW)
    found = store.read(lambda connection: connection.execute(spools.select()).all())
    return next(int(row.id) for row in found if row.epoch == epoch)


def put(store: Store, spool_id: int, intervals: list[sequences.Interval]) -> None:
    rows = [(spool_id, first, last) for first, last in intervals]

    def write(connection: Connection) -> None:
        connection.execute(received.delete().where(received.c.spool_id == spool_id))
        add_many(connection, received, ("spool_id", "first", "last"), rows)

    store.write(write)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    stored=st.sets(SEQUENCES, max_size=40),
    others=st.sets(SEQUENCES, max_size=10),
    asked=st.sets(SEQUENCES, min_size=1, max_size=20),
)
def test_what_meets_or_touches_is_found(stored: set[int], others: set[int], asked: set[int], store: Store) -> None:
    if store.read(get_agent, "a1") is None:
        an_agent(store)
    mine, other = begin(store), begin(store, epoch="e2")
    intervals = sequences.runs(stored)
    put(store, mine, intervals)
    put(store, other, sequences.runs(others))
    found = store.read(nearby, [(mine, asked)]).get(mine, [])
    wanted = [one for one in intervals if any(one[0] - 1 <= number <= one[1] + 1 for number in asked)]
    assert set(wanted) <= set(found) <= set(intervals)
    assert found == sorted(found)


def test_of_very_many_gaps_few_are_looked_at(store: Store) -> None:
    an_agent(store)
    mine, other = begin(store), begin(store, epoch="e2")
    put(store, mine, [(number, number) for number in range(3, 40_003, 2)])
    put(store, other, [(5, 7)])
    found = store.read(nearby, [(mine, [1, 20_001, 20_002, _HIGHEST]), (other, [8])])
    assert found[other] == [(5, 7)]
    assert found[mine] == [(19_999, 19_999), (20_001, 20_001), (20_003, 20_003), (40_001, 40_001)]
    reply = store.write(ingest, batch([record(2), record(_HIGHEST)]), agent_id="a1", now=NOW)
    assert (reply.upto, reply.refused) == (_HIGHEST, [])
    again = store.read(nearby, [(mine, [1, _HIGHEST])])[mine]
    assert again[0] == (2, 3)
    assert again[-1] == (_HIGHEST, _HIGHEST)
