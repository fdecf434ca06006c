"""``ptscan sim``: plays recordings and made-up fleets on loopback until it is told to stop."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import trio

from ptscan.cli.destination import open_destination, print_data
from ptscan.cli.endpoints import shown
from ptscan.cli.exits import Exit
from ptscan.cli.interrupt import until_interrupted
from ptscan.cli.options import AnyPort, Count, Option, Seed, Speed
from ptscan.cli.trying import DEFAULT_COMMUNITY
from ptscan.cli.words import Words
from ptscan.simulator import (
    DEFAULT_PORT,
    Playing,
    SimulatedUser,
    SimulatorPlan,
    load_recordings,
    make_fleet,
    make_plan,
    make_user,
    parse_fault,
    run_simulator,
)
from ptscan.snmp import Community, Credential, Secret, User, key_octets, load_credentials

DEFAULT_SEED: Final = 7


def sim(
    *recordings: Annotated[Path, Option(name="FILE|DIR", help="Recordings (.snmprec), or folders of them.")],
    fleet: Count | None = None,
    seed: Seed = DEFAULT_SEED,
    network: Annotated[str | None, Option(metavar="CIDR")] = None,
    listen: Annotated[str | None, Option(metavar="ADDRESS:PORT")] = None,
    port: AnyPort = DEFAULT_PORT,
    community: Annotated[str | None, Option(metavar="C")] = None,
    credentials: Annotated[Path | None, Option(metavar="FILE")] = None,
    map: Annotated[Path | None, Option(metavar="FILE")] = None,
    speed: Speed = 1.0,
    fault: Annotated[tuple[str, ...], Option(metavar="NAME[=AMOUNT]", show_default=False)] = (),
    quiet: Annotated[bool, Option(show_default=False)] = False,
) -> int:
    """Play printers on loopback until Ctrl-C: recordings, and fleets made up of forty models.

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
        Community that the devices answer to. [default: public; with --credentials, the first one of that file]
    credentials
        TOML file, as for scan: the devices answer to its SNMPv3 users, and without a community to them alone.
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
    known = None if credentials is None else load_credentials(credentials)
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
        community=played_community(community, known),
        users=played_users(known),
        speed=speed,
        faults=[parse_fault(text) for text in fault],
    )
    if map is not None:
        with open_destination(map, whole=True) as destination:
            destination.write("".join(f"{line}\n" for line in plan.lines).encode())
    return trio.run(_play, plan, words)


def played_community(given: str | None, known: Sequence[Credential] | None) -> str | None:
    """The community that the devices answer to, None for none: credentials without one switch v1 and v2c off."""
    if given is not None:
        return given
    if known is None:
        return DEFAULT_COMMUNITY
    return next((one.name.reveal() for one in known if isinstance(one, Community)), None)


def played_users(known: Sequence[Credential] | None) -> list[SimulatedUser]:
    """The SNMPv3 users that the devices know; raises PlanError. Takes milliseconds for each password."""
    return [
        make_user(
            one.name,
            auth=one.auth,
            auth_secret=_secret(one.auth_password, one.auth_key),
            priv=one.priv,
            priv_secret=_secret(one.priv_password, one.priv_key),
            localised=one.key_kind == "localised",
            context=one.context,
        )
        for one in known or ()
        if isinstance(one, User)
    ]


def _secret(password: Secret | None, key: Secret | None) -> str | bytes:
    if password is not None:
        return password.reveal()
    return b"" if key is None else key_octets(key)


async def _play(plan: SimulatorPlan, words: Words) -> Exit:
    began: list[Playing] = []

    async def play() -> None:
        async with trio.open_nursery() as nursery:
            playing: Playing = await nursery.start(run_simulator, plan)
            began.append(playing)
            print_data(f"ready: {_described(plan, playing.port)}\n")
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
