"""Upload, whole: from a batch on the wire to a reply behind its commit, and what stands in the way."""

from pathlib import Path

from .collecting import Collecting
from .stores import batch, record, what_is_stored


async def test_a_batch_is_stored_and_answered(tmp_path: Path) -> None:
    async with Collecting(tmp_path).open() as collector:
        agent = await collector.enrol()
        replies = await agent.upload(batch([record(1), record(2)]), batch([record(3)]))
        assert [(reply.upto, reply.refused) for reply in replies] == [(2, []), (3, [])]
        with collector.store() as store:
            assert [row[:3] for row in what_is_stored(store)] == [(agent.id, "e1", number) for number in (1, 2, 3)]
