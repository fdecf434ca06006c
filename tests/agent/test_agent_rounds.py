"""One round: every printer that may be asked is in the spool as it is, whatever devices and spool do."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, cast

import msgspec
import pytest
import trio
from spooling import WallClock
from working import ALL, SILENT, Log, config_of, fleet, playing, printers, readings

from proto_schema import Identity, Reading
from ptscan.agent import (
    AgentConfig,
    Bounds,
    Entry,
    Spool,
    SpoolFullError,
    SpoolUnwritableError,
    limits,
    open_spool,
)
from ptscan.agent.keeping import Keeper
from ptscan.agent.orders import OrderError, Wish, order_of
from ptscan.agent.results import Result
from ptscan.agent.rounds import Rounds
from ptscan.simulator import make_fleet, make_plan, make_user, run_simulator
from ptscan.targets import TargetError


def unheard(done: int, total: int) -> None:
    """A round whose progress nobody looks at."""


async def done(config: AgentConfig, spool: Spool, wish: Wish, log: Log) -> Result:
    rounds = Rounds(config, spool, report=log, wall_clock=WallClock(), doubles=set())
    return await rounds.do(await order_of(wish, config, is_remote=True), unheard)


async def test_every_printer_is_in_the_spool_as_it_is_and_nothing_else(tmp_path: Path) -> None:
    log = Log()
    async with playing() as sim, open_spool(tmp_path / "spool") as spool:
        result = await done(config_of(tmp_path, sim.port), spool, Wish("scan", [ALL]), log)
        found = {one.address: one for one in await readings(spool)}
    assert found.keys() == printers()
    for address, reading in found.items():
        truth = fleet()[address].truth(0)
        assert reading.identity.serial == truth.serial
        assert reading.meters["total"] == truth.meters["total"]
        assert reading.time == "2026-11-21T12:00:00Z"
    assert (result.printers, result.spooled, result.answered) == (len(printers()), len(printers()), 40)
    assert result.others == 40 - len(printers())
    assert result.is_whole
    assert not log.troubles


async def test_what_is_excluded_is_not_asked(tmp_path: Path) -> None:
    async with playing() as sim, open_spool(tmp_path / "spool") as spool:
        config = config_of(tmp_path, sim.port, exclude=("127.72.1.1-20",))
        await done(config, spool, Wish("scan", [ALL], ["127.72.1.30"]), Log())
        asked = {one.address for one in await readings(spool)}
    last = {f"127.72.1.{number}" for number in (*range(21, 30), *range(31, 41))}
    assert asked == printers() & last


async def test_a_sweep_spools_nothing_and_says_what_it_found(tmp_path: Path) -> None:
    async with playing() as sim, open_spool(tmp_path / "spool") as spool:
        result = await done(config_of(tmp_path, sim.port), spool, Wish("sweep", [ALL]), Log())
        assert await readings(spool) == []
    assert result.kinds.total() == 40
    assert result.text.startswith("40 of 62 addresses answered; ")
    assert "127.72.1.1 " in result.text
    assert len(result.text) <= 1_024


async def test_addresses_are_read_without_a_sweep_and_the_silent_are_told(tmp_path: Path) -> None:
    log = Log()
    one = min(printers())
    async with playing() as sim, open_spool(tmp_path / "spool") as spool:
        result = await done(config_of(tmp_path, sim.port), spool, Wish("read", [one, "127.72.3.9"]), log)
        assert [reading.address for reading in await readings(spool)] == [one]
    assert (result.printers, result.unread) == (1, 1)
    assert not result.is_whole
    assert [trouble.address for trouble in log.troubles] == ["127.72.3.9"]


async def test_a_network_without_printers_is_a_whole_round(tmp_path: Path) -> None:
    async with open_spool(tmp_path / "spool") as spool:
        result = await done(config_of(tmp_path, 9), spool, Wish("scan", [SILENT]), Log())
    assert result.is_whole
    assert result.text == "0 printers read; 0 of 62 addresses answered"


async def test_devices_that_let_nobody_in_are_counted(tmp_path: Path) -> None:
    devices = make_fleet(4, 3).devices
    user = make_user("monitor", auth="sha256", auth_secret="a long password")
    plan = make_plan(devices, network="127.72.1.0/24", port=0, community=None, users=[user], speed=0)
    async with trio.open_nursery() as nursery, open_spool(tmp_path / "spool") as spool:
        sim = await nursery.start(run_simulator, plan)
        config = config_of(tmp_path, sim.port)
        config = config._replace(snmp=msgspec.structs.replace(config.snmp, version="3"), credentials=())
        result = await done(config, spool, Wish("scan", ["127.72.1.1-4"]), Log())
        nursery.cancel_scope.cancel()
    assert (result.closed, result.printers) == (4, 0)
    assert "4 let nobody in" in result.text


async def test_a_full_spool_is_told_once_and_the_round_goes_on(tmp_path: Path) -> None:
    log = Log()
    async with playing() as sim, open_spool(tmp_path / "spool", bounds=Bounds(octets=60_000)) as spool:
        result = await done(config_of(tmp_path, sim.port), spool, Wish("scan", [ALL]), log)
        state = await spool.state()
        kept = await readings(spool)
    assert len(kept) == result.spooled > 0
    assert result.turned_away == len(printers()) - result.spooled == state.refused
    assert len(log.of("spool-full")) < result.turned_away
    assert "not taken by the spool" in result.text
    assert not result.is_whole


class SlowSpool:
    """A spool that takes what it is given slowly, or fails now and then; it counts who waits."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.taken: list[Entry] = []
        self.waiting = self.most_waiting = 0

    async def put(self, entries: Sequence[Entry]) -> range:
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        try:
            await trio.sleep(0.02)
        finally:
            self.waiting -= 1
        if self.faults:
            raise self.faults.pop(0)
        self.taken += entries
        return range(1)


async def test_reading_goes_no_faster_than_the_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "READ_AT_ONCE", 3)
    slow = SlowSpool()
    async with playing() as sim:
        result = await done(config_of(tmp_path, sim.port), cast(Spool, slow), Wish("scan", [ALL]), Log())
    assert len(slow.taken) == result.spooled == len(printers())
    assert 1 <= slow.most_waiting <= 3


async def test_each_misfortune_of_the_spool_is_told_when_it_comes_and_not_again_until_it_went(tmp_path: Path) -> None:
    log = Log()
    full, broken = SpoolFullError(tmp_path, "is full"), SpoolUnwritableError(tmp_path, "the disk failed")
    spool = SlowSpool(full, full, broken, broken, full)
    keeper = Keeper(cast(Spool, spool), result := Result("scan", 9), set(), report=log, wall_clock=WallClock())
    for number in range(7):
        await keeper.keep(reading_of(f"hp:{number}", number))
    spool.faults = [full]
    await keeper.keep(reading_of("hp:9", 9))
    assert (result.spooled, result.turned_away) == (2, 6)
    assert [trouble.kind for trouble in log.troubles] == ["spool-full", "spool-failed", "spool-full"]


async def test_a_bug_costs_one_reading(tmp_path: Path) -> None:
    log, spool = Log(), SlowSpool(ValueError("a bug"))
    async with playing() as sim:
        result = await done(config_of(tmp_path, sim.port), cast(Spool, spool), Wish("scan", [ALL]), log)
    assert len(spool.taken) == len(printers()) - 1
    assert result.unread == 1
    assert "ValueError: a bug" in log.of("reading-bug")[0]


async def test_a_round_that_is_cancelled_leaves_what_is_in_the_spool(tmp_path: Path) -> None:
    async with playing() as sim, open_spool(tmp_path / "spool") as spool:
        config = config_of(tmp_path, sim.port)
        with trio.move_on_after(60) as scope:

            def cancel_when_something_is_read(done: int, total: int) -> None:
                if done:
                    scope.cancel()

            rounds = Rounds(config, spool, report=Log(), wall_clock=WallClock(), doubles=set())
            order = await order_of(Wish("scan", [ALL]), config._replace(rate=100.0), is_remote=False)
            await rounds.do(order, cancel_when_something_is_read)
        assert scope.cancelled_caught
        await rounds.do(await order_of(Wish("scan", [ALL]), config, is_remote=False), unheard)
        assert {one.address for one in await readings(spool)} == printers()


def reading_of(device_id: str, number: int, *, model: str = "M1", mac: str | None = None) -> Reading:
    return Reading(
        device_id=device_id,
        address=f"10.0.0.{number}",
        port=161,
        time="2026-11-21T12:00:00Z",
        via=["snmp-2c"],
        identity=Identity(model=model, mac=mac, serial=device_id.partition(":")[2]),
        meters={"total": number},
    )


async def test_devices_that_share_a_serial_keep_their_ids_from_round_to_round(tmp_path: Path) -> None:
    """Whoever is read first: what they are called depends on them alone, from the second round on."""
    one, other = reading_of("hp:X", 1, model="A"), reading_of("hp:X", 2, model="B")
    doubles: set[str] = set()
    rounds: list[dict[str, str]] = []
    for order in ([one, other], [one, other], [other, one], [other], [one]):
        spool = SlowSpool()
        keeper = Keeper(cast(Spool, spool), Result("scan", 9), doubles, report=Log(), wall_clock=WallClock())
        for reading in order:
            await keeper.keep(reading)
        await keeper.finish()
        told = [msgspec.msgpack.decode(entry.body, type=Reading) for entry in spool.taken]
        rounds.append({reading.address: reading.device_id for reading in told})
        assert [entry.subject for entry in spool.taken] == [reading.device_id for reading in told]
    assert rounds[0]["10.0.0.1"] != rounds[0]["10.0.0.2"]
    assert rounds[1]["10.0.0.1"] != rounds[1]["10.0.0.2"]
    assert rounds[2] == rounds[1]
    assert rounds[3] == {"10.0.0.2": rounds[1]["10.0.0.2"]}
    assert rounds[4] == {"10.0.0.1": rounds[1]["10.0.0.1"]}


async def test_one_device_at_two_addresses_counts_once(tmp_path: Path) -> None:
    spool, result = SlowSpool(), Result("scan", 9)
    keeper = Keeper(cast(Spool, spool), result, doubles := set(), report=Log(), wall_clock=WallClock())
    await keeper.keep(reading_of("hp:X", 1))
    await keeper.keep(reading_of("hp:X", 2))
    await keeper.finish()
    assert (result.printers, result.spooled, doubles) == (1, 2, set())


async def test_what_waits_for_the_end_of_a_round_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HELD_READINGS", 2)
    spool = SlowSpool()
    keeper = Keeper(cast(Spool, spool), Result("scan", 9), {"hp:X"}, report=Log(), wall_clock=WallClock())
    for number in (1, 2, 3):
        await keeper.keep(reading_of("hp:X", number, model=f"M{number}"))
    assert len(spool.taken) == 1
    await keeper.finish()
    assert len(spool.taken) == 3


async def test_a_reading_that_is_too_large_is_told_and_turned_away(tmp_path: Path) -> None:
    log, result = Log(), Result("scan", 1)
    async with open_spool(tmp_path / "spool") as spool:
        keeper = Keeper(spool, result, set(), report=log, wall_clock=WallClock())
        huge = reading_of("hp:" + "é" * 5_000, 1)
        await keeper.keep(huge)
        assert [one.device_id for one in await readings(spool)] == [huge.device_id]
        await keeper.keep(reading_of("hp:1", 1, model="x" * (1 << 20)))
        await keeper.keep(reading_of("hp:2", 1, model="x" * (5 << 20)))
    assert (result.spooled, result.turned_away) == (1, 2)
    assert len(log.of("reading-unfit")) == 2


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (Wish("scan", ["10.0.0.1"]), "target '10.0.0.1': agent.toml of this agent does not allow it"),
        (Wish("scan", ["127.72.1.0/24"]), "target '127.72.1.63': agent.toml"),
        (Wish("scan", ["127.72.0.250-127.72.1.5"]), "target '127.72.0.250': agent.toml"),
        (Wish("scan", ["::1"]), "target '::1': agent.toml"),
        (Wish("scan", ["127.72.1.63"]), "target '127.72.1.63': agent.toml"),
        (Wish("scan", ["nonsense/99"]), "target 'nonsense/99'"),
        (Wish("scan", ["@/etc/passwd"]), "a file of targets is read for the agent's own settings alone"),
        (Wish("scan", [], ["@/etc/passwd"]), "a file of targets is read for the agent's own settings alone"),
        (Wish("scan", [ALL], [ALL]), "nothing is left to probe"),
        (Wish("format", [ALL]), '"format" is nothing that this agent does'),
        (Wish("", [ALL]), '"" is nothing that this agent does'),
    ],
)
async def test_what_may_not_be_asked_is_refused(tmp_path: Path, wish: Wish, says: str) -> None:
    with pytest.raises((OrderError, TargetError)) as caught:
        await order_of(wish, config_of(tmp_path), is_remote=True)
    assert says in str(caught.value)
    assert "root:" not in str(caught.value)


async def test_what_may_be_asked_and_how_fast(tmp_path: Path) -> None:
    config = config_of(tmp_path, exclude=("127.72.1.9",), rate=300.0)
    order = await order_of(Wish("scan", ["127.72.1.8-10"]), config, is_remote=True)
    assert (order.targets.count, order.rate) == (2, 300.0)
    assert (await order_of(Wish("scan", [ALL], rate=100.0), config, is_remote=True)).rate == 100.0
    assert (await order_of(Wish("scan", [ALL], rate=9_000.0), config, is_remote=True)).rate == 300.0
    assert (await order_of(Wish("scan"), config, is_remote=True)).targets.count == 62 + 62 - 1
    assert (await order_of(Wish("scan", [], [SILENT]), config, is_remote=True)).targets.count == 62 - 1


async def test_nothing_may_be_asked_until_somebody_allows_it(tmp_path: Path) -> None:
    with pytest.raises(OrderError, match="allows no targets"):
        await order_of(Wish("scan", ["127.72.1.1"]), config_of(tmp_path, targets=()), is_remote=True)


async def test_a_read_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_of(tmp_path)
    monkeypatch.setattr(limits, "READ_ADDRESSES", 62)
    assert (await order_of(Wish("read", [ALL]), config, is_remote=True)).targets.count == 62
    with pytest.raises(OrderError, match="too many to read without a sweep"):
        await order_of(Wish("read", [ALL, "127.72.3.1"]), config, is_remote=True)


async def test_the_agents_own_file_of_targets_is_read(tmp_path: Path) -> None:
    (tmp_path / "sites.txt").write_text("127.72.1.1-5\n")
    config = config_of(tmp_path, targets=(f"@{tmp_path / 'sites.txt'}",))
    assert (await order_of(Wish("scan"), config, is_remote=True)).targets.count == 5


class SilentNames(trio.abc.HostnameResolver):
    """A name service that never answers."""

    async def getaddrinfo(self, *_: object, **__: object) -> NoReturn:  # type: ignore[override]
        await trio.sleep_forever()

    async def getnameinfo(self, *_: object) -> NoReturn:
        await trio.sleep_forever()


async def test_names_that_nobody_knows_are_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOOKUP_SECONDS", 0.1)
    trio.socket.set_custom_hostname_resolver(SilentNames())
    with trio.fail_after(10), pytest.raises(OrderError, match="host names are not found in time"):
        await order_of(Wish("scan", ["printer.example"]), config_of(tmp_path), is_remote=True)
