"""The spool against a model of what it promised, in any order of puts, ships, kills, damage and clocks that jump."""

import random
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from spooling import WallClock, entry, killed, lease, opened, reply_to

from proto_schema import Batch, Refusal, UploadReply
from ptscan.agent import Bounds, SpoolFullError
from ptscan.agent.spool import limits

BOUNDS = Bounds(octets=60_000)


class SpoolMachine(RuleBasedStateMachine):
    """``owed`` is what was acknowledged and is not stored; ``stored`` is what the collector has, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="ptscan-spool-"))
        self.lives = 0
        self.count = 0
        self.thinned = 0
        self.owed: set[bytes] = set()
        self.set_aside: set[bytes] = set()
        self.stored: dict[tuple[str, int], bytes] = {}
        self.flying: list[Batch] = []
        self.clock = WallClock()
        self.now = 0.0
        self.was_damaged = False
        self.told = False
        self.directory = self.place / "0"
        self.stack = ExitStack()
        self.store = self.stack.enter_context(opened(self.directory, BOUNDS, self.clock))

    def teardown(self) -> None:
        """Whatever happened: in the end all that is owed comes."""
        self.reopen()
        self.now += 1e6
        while batch := lease(self.store, records=7, now=self.now):
            self._arrive(batch)
            self.store.settle(reply_to(batch), self.now)
        if not self.was_damaged:
            assert len(self.owed) <= self.thinned, "only what a full spool thinned may be missing"
            assert not self.store.state().lost
        elif self.owed:
            assert self.thinned or self.store.state().lost or self.told
        assert not self.store.state().waiting_records
        self.stack.close()
        shutil.rmtree(self.place)

    def _arrive(self, batch: Batch, refused: frozenset[int] = frozenset()) -> None:
        for record in batch.records:
            if record.sequence not in refused:
                known = self.stored.setdefault((batch.epoch, record.sequence), record.body)
                assert known == record.body, "two records of one name"
                self.owed.discard(record.body)
                self.set_aside.discard(record.body)

    @rule(sizes=st.lists(st.integers(0, 9_000), min_size=1, max_size=4), subject=st.sampled_from(["", "x", "y"]))
    def put(self, sizes: list[int], subject: str) -> None:
        bodies = [b"%d " % (self.count + number) + bytes(size) for number, size in enumerate(sizes)]
        self.count += len(bodies)
        thinned = self.store.state().thinned
        (result,) = self.store.put([[entry(body, subject=subject) for body in bodies]])
        self.thinned += self.store.state().thinned - thinned
        if isinstance(result, SpoolFullError):
            assert self.store.state().kept_octets + sum(map(len, bodies)) > BOUNDS.octets // 2
        else:
            self.owed |= set(bodies)

    @rule(octets=st.sampled_from([1, 9_000, 1 << 20]), records=st.integers(1, 6))
    def lease_one(self, octets: int, records: int) -> None:
        if batch := lease(self.store, octets=octets, records=records, now=self.now):
            numbers = [record.sequence for record in batch.records]
            assert numbers == sorted(numbers)
            others = {(batch.epoch, record.sequence) for batch in self.flying for record in batch.records}
            assert not others & {(batch.epoch, number) for number in numbers}, "handed out twice at once"
            self.flying.append(batch)

    @precondition(lambda self: self.flying)
    @rule(lots=st.integers(0, 1 << 16), poison=st.booleans())
    def arrive_and_settle(self, lots: int, poison: bool) -> None:
        batch = self.flying.pop(0)
        record = batch.records[lots % len(batch.records)]
        refused = frozenset({record.sequence} if poison else ())
        self._arrive(batch, refused)
        refusals = [Refusal(sequence=number, code="malformed", text="") for number in refused]
        upto = batch.records[-1].sequence
        aside = self.store.settle(UploadReply(epoch=batch.epoch, upto=upto, refused=refusals), self.now)
        if aside:
            self.owed.discard(record.body)
            self.set_aside.add(record.body)

    @precondition(lambda self: self.flying)
    @rule()
    def arrive_and_lose_the_reply(self) -> None:
        self._arrive(self.flying[0])
        self.release()

    @rule()
    def release(self) -> None:
        self.store.release()
        self.flying.clear()

    @rule(seconds=st.sampled_from([1.0, 60.0, 4_000.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.clock.seconds += seconds

    @rule(seconds=st.sampled_from([0.0, -7_200.0, 3 * 86_400.0, 40 * 86_400.0, -50 * 86_400.0]))
    def jump(self, seconds: float) -> None:
        self.clock.seconds = self.clock.seconds + seconds if seconds else 0.0

    @rule()
    def tidy(self) -> None:
        self.store.tidy()

    @rule()
    def reopen(self) -> None:
        self.stack.close()
        self._open()

    @rule()
    def kill(self) -> None:
        self.lives += 1
        left = killed(self.directory, self.place / f"{self.lives}")
        self.stack.close()
        shutil.rmtree(self.directory)
        self.directory = left
        self._open()

    @rule(seed=st.integers(0, 1 << 32), name=st.sampled_from(["spool.db", "spool.db-wal"]))
    def kill_and_damage(self, seed: int, name: str) -> None:
        self.lives += 1
        left = killed(self.directory, self.place / f"{self.lives}")
        self.stack.close()
        shutil.rmtree(self.directory)
        self.directory = left
        octets = bytearray((left / name).read_bytes()) if (left / name).exists() else bytearray()
        if octets:
            octets[random.Random(seed).randrange(len(octets))] ^= 1 << seed % 8
            (left / name).write_bytes(octets)
            self.was_damaged = True
        self._open()

    def _open(self) -> None:
        self.flying.clear()
        self.stack = ExitStack()
        self.store = self.stack.enter_context(opened(self.directory, BOUNDS, self.clock))
        self.told = self.told or bool(self.store.state().findings)

    @invariant()
    def never_more_than_the_bound(self) -> None:
        state = self.store.state()
        assert state.kept_octets <= BOUNDS.octets
        assert state.leased_records <= limits.LEASED_RECORDS

    @invariant()
    def what_waits_is_counted(self) -> None:
        if not self.was_damaged:
            state = self.store.state()
            flying = sum(len(batch.records) for batch in self.flying)
            assert state.waiting_records >= max(flying, len(self.owed) - self.thinned)


SpoolMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=30)
TestSpool = SpoolMachine.TestCase
