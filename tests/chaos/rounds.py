"""A round: something that happens to a pair, and kills in it; then peace until all is delivered, and a look."""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import trio
from faults import failing_disk, full_disk, links_down
from pair import HEAL_SECONDS, START_SECONDS, STOP_SECONDS, Pair, ptscan
from servers import copy_database, take_copy
from weather import FAIR, Weather, any_weather

_SHORTEST, _LONGEST = 0.005, 3.0
"""Seconds between two kills."""
_RENEWAL_DAYS = 21
"""Of the thirty of a certificate: it is renewed after twenty."""
_JUMPS = (3 * 86_400, -2 * 3_600, -2_000_000_000, 60, -60)
_KINDS = ("agent", "collector")

WEATHERS: dict[str, Weather] = {
    "cut": Weather(cut_every=0.5),
    "delay": Weather(delay=0.15),
    "throttle": Weather(octets_per_second=20_000),
    "dribble": Weather(portion=1),
    "flip": Weather(flip_every=20_000),
    "acks": Weather(cut_after=20_000),
    "silent": Weather(silent=True),
}
"""What the proxy does, by its name."""

Course = Callable[[Pair, int], Awaitable[int]]


async def play(pair: Pair, fault: str, kills: int) -> int:
    """Play one round, and return how many were killed in it."""
    pair.tally.rounds[fault] += 1
    pair.resume()
    done = await _COURSES[fault](pair, kills)
    pair.proxy.weather = FAIR
    await pair.calm(fault)
    await pair.look(fault)
    return done


async def _in_weather(weather: Weather, pair: Pair, kills: int) -> int:
    pair.proxy.weather = weather
    return await _killed_now_and_then(pair, kills)


async def _in_any_weather(pair: Pair, kills: int) -> int:
    done = 0
    while done < kills:
        done += await _in_weather(any_weather(pair.lots), pair, 1)
    return done


async def _silenced(pair: Pair, kills: int) -> int:
    """Who is killed while all is silent comes back to a collector that still believes in the dead connection."""
    done = 0
    while done < kills:
        done += await _in_weather(WEATHERS["silent"], pair, 1)
        pair.proxy.weather = FAIR
        await trio.sleep(_interval(pair))
    return done


async def _dead(pair: Pair, _: int) -> int:
    """All connections die without a word, and nobody is killed: both ends have to find out by themselves."""
    pair.proxy.weather = WEATHERS["silent"]
    await trio.sleep(1)
    pair.proxy.weather = FAIR
    await trio.sleep(1)
    return 0


async def _killed_now_and_then(pair: Pair, kills: int) -> int:
    done = 0
    while done < kills:
        await trio.sleep(_interval(pair))
        done += await pair.kill()
    return done


Misfortune = Callable[[Pair, AsyncExitStack], Awaitable[None]]


async def _suffering(begin: Misfortune, pair: Pair, kills: int, *, may_start: bool = True) -> int:
    """Kills amid misfortunes, and behind them; behind them alone where nobody may start in one."""
    done = 0
    while done < kills:
        async with AsyncExitStack() as stack:
            await begin(pair, stack)
            await trio.sleep(_interval(pair))
            if may_start and pair.lots.random() < 0.5:
                done += await pair.kill()
        await trio.sleep(_interval(pair))
        done += await pair.kill()
    return done


async def _cut_off(pair: Pair, stack: AsyncExitStack) -> None:
    await stack.enter_async_context(links_down())


async def _fill_a_disk(pair: Pair, stack: AsyncExitStack) -> None:
    places = ["agent/spool", "collector"] if pair.is_sqlite else ["agent/spool"]
    await stack.enter_async_context(full_disk(pair.folder / pair.lots.choice(places)))


async def _freeze_one(pair: Pair, stack: AsyncExitStack) -> None:
    life = pair.lives[pair.lots.choice(_KINDS)]
    stack.callback(life.send, signal.SIGCONT)
    life.send(signal.SIGSTOP)


async def _fail_a_disk(pair: Pair, stack: AsyncExitStack) -> None:
    life = pair.lives[pair.lots.choice(_KINDS)]
    error, first = pair.lots.choice(("EIO", "EIO", "ENOSPC")), pair.lots.randint(1, 20)
    with trio.move_on_after(START_SECONDS):
        await life.ready.wait()
    if not life.ended.is_set():
        await stack.enter_async_context(failing_disk(life.pid, error, first))


async def _jumping(pair: Pair, kills: int) -> int:
    """The wall clock of one of the two jumps about, and is right again in the end."""
    done = 0
    kind = pair.lots.choice(_KINDS)
    while done < kills:
        pair.set_clock(kind, pair.lots.choice(_JUMPS))
        done += await _killed_now_and_then(pair, 1)
    pair.set_clock(kind, 0)
    return done


async def _renewing(pair: Pair, kills: int) -> int:
    """So many days go by at once that the agent's certificate has to be renewed, while both are killed."""
    pair.days_later += _RENEWAL_DAYS
    for kind in _KINDS:
        pair.set_clock(kind, 0)
    return await _killed_now_and_then(pair, kills)


async def _restored(pair: Pair, kills: int) -> int:
    """The store is set back to what it was some kills ago."""
    done = await _killed_now_and_then(pair, kills // 2)
    await pair.lives["collector"].ready.wait()
    async with _beside_the_collector(pair):
        await trio.to_thread.run_sync(_back_up, pair)
    done += await _killed_now_and_then(pair, kills - done - 1)
    await trio.sleep(1)
    agent = pair.lives["agent"]
    before = agent.heard
    async with pair.without_collector():
        await trio.to_thread.run_sync(_restore, pair)
    # Nothing waits in a spool that does not know yet what its collector has lost.
    with trio.move_on_after(HEAL_SECONDS):
        while agent.heard == before and not agent.ended.is_set():
            await agent.word.wait()
        await trio.sleep(1)
    return done + 1


@asynccontextmanager
async def _beside_the_collector(pair: Pair) -> AsyncIterator[None]:
    """Of SQLite, a backup is made while the collector runs; PostgreSQL copies only what nobody uses."""
    if not pair.is_sqlite:
        await pair.lives["collector"].stop(STOP_SECONDS)
    yield
    if not pair.is_sqlite:
        await pair.start("collector")


def _back_up(pair: Pair) -> None:
    if not pair.is_sqlite:
        copy_database(pair.url)
        return
    ptscan("collector", "backup", "--folder", str(pair.folders["collector"]), str(pair.folder / "backup.db"))


def _restore(pair: Pair) -> None:
    if not pair.is_sqlite:
        take_copy(pair.url)
        return
    folder = pair.folders["collector"]
    there = set(folder.glob("collector.db*"))
    ptscan("collector", "restore", "--folder", str(folder), str(pair.folder / "backup.db"))
    (pair.folder / "backup.db").unlink()
    for aside in set(folder.glob("collector.db*")) - there:  # the small disk is not to be filled by them
        aside.unlink()


def _interval(pair: Pair) -> float:
    """Log-uniform."""
    return float(_SHORTEST * (_LONGEST / _SHORTEST) ** pair.lots.random())


_COURSES: dict[str, Course] = {
    "none": _killed_now_and_then,
    **{name: partial(_in_weather, weather) for name, weather in WEATHERS.items()},
    "silent": _silenced,
    "random": _in_any_weather,
    "dead": _dead,
    "freeze": partial(_suffering, _freeze_one),
    "fsync": partial(_suffering, _fail_a_disk),
    "disk": partial(_suffering, _fill_a_disk),
    # Nobody can listen where there is no network.
    "links": partial(_suffering, _cut_off, may_start=False),
    "clock": _jumping,
    "renewal": _renewing,
    "restore": _restored,
}
FAULTS = tuple(_COURSES)
"""All that may be asked for; each round has one, and kills."""
