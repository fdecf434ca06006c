"""``ptscan sim``: plays recordings and made-up fleets on loopback until it is told to stop."""

from pathlib import Path
from typing import Annotated, Final

import trio

from ptscan.cli.destination import open_destination
from ptscan.cli.endpoints import shown
from ptscan.cli.exits import Exit
from ptscan.cli.interrupt import until_interrupted
from ptscan.cli.options import AnyPort, Count, Option, Seed, Speed
from ptscan.cli.words import Words
from ptscan.simulator import (
    DEFAULT_PORT,
    Playing,
    SimulatorPlan,
    load_recordings,
    make_fleet,
    make_plan,
    parse_fault,
    run_simulator,
)

DEFAULT_SEED: Final = 7


def sim(
    *recordings: Annotated[Path, Option(name="FILE|DIR", help="Recordings (.snmprec), or folders of them.")],
    fleet: Count | None = None,
    seed: Seed = DEFAULT_SEED,
    network: Annotated[str | None, Option(metavar="CIDR")] = None,
    listen: Annotated[str | None, Option(metavar="ADDRESS:PORT")] = None,
    port: AnyPort = DEFAULT_PORT,
    community: Annotated[str, Option(metavar="C")] = "public",
    map: Annotated[Path | None, Option(metavar="FILE")] = None,
    speed: Speed = 1.0,
    fault: Annotated[tuple[str, ...], Option(metavar="NAME[=AMOUNT]", show_default=False)] = (),
    quiet: Annotated[bool, Option(show_default=False)] = False,
) -> int:
    """Play printers on loopback until Ctrl-C: recordings, and fleets made up of a dozen models.

    Parameters
    ----------
    fleet
        Also make up this many devices, switches and servers among them.
    seed
        Make up another fleet: the same number gives the same devices.
    network
        Loopback network that the devices live in, one an address.
    listen
        Play a single device on this address instead.
    port
        UDP port of all devices; 0 takes a free one.
    community
        Community that the devices answer to.
    map
        Write which device lives at which address, a line each.
    speed
        Simulated seconds in one: counters grow and toners sink by them.
    fault
        Let every device misbehave, as loss=0.2, v1-only or endless; give it again for more.
    quiet
        No words on standard error.
    """
    words = Words(quiet=quiet)
    played = load_recordings(recordings)
    for recording in played:
        for note in recording.notes:
            words.say(f"{recording.path}: {note}")
    made_up = make_fleet(fleet, seed).devices if fleet else ()
    plan = make_plan(
        [*played, *made_up],
        network=network,
        listen=listen,
        port=port,
        community=community,
        speed=speed,
        faults=[parse_fault(text) for text in fault],
    )
    if map is not None:
        with open_destination(map, whole=True) as destination:
            destination.write("".join(f"{line}\n" for line in plan.lines).encode())
    return trio.run(_play, plan, words)


async def _play(plan: SimulatorPlan, words: Words) -> Exit:
    began: list[Playing] = []

    async def play() -> None:
        async with trio.open_nursery() as nursery:
            playing: Playing = await nursery.start(run_simulator, plan)
            began.append(playing)
            with open_destination(None, whole=False) as destination:
                destination.write(f"ready: {_described(plan, playing.port)}\n".encode())
            words.say("Ctrl-C ends it")

    await until_interrupted(play)
    for playing in began:
        words.say(f"{playing.received} requests came, {playing.answered} answers left")
    return Exit.DONE  # to be interrupted is its normal end


def _described(plan: SimulatorPlan, port: int) -> str:
    first, last = plan.stations[0], plan.stations[-1]
    if first is last:
        return f"{first.what} at {shown(first.address, port)}"
    return f"{len(plan.stations)} devices at {first.address} to {last.address}, port {port}"
