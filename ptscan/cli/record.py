"""``ptscan record``: keeps a device as a recording that ``ptscan sim`` plays, personal data left out."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from secrets import token_bytes
from typing import Annotated, Final

import trio

from codec import END_OF_MIB_VIEW, Oid, Varbind, format_oid, oid_arcs, oid_precedes
from ptscan.cli.destination import open_destination
from ptscan.cli.endpoints import parse_endpoint
from ptscan.cli.exits import Exit, judged
from ptscan.cli.interrupt import until_interrupted
from ptscan.cli.keeping import ROOTS, behind, closed_around, objects_below, open_around, without_people
from ptscan.cli.live import Display, display
from ptscan.cli.options import DEFAULT_ASKING, SHOWING, Address, Asking, Option
from ptscan.cli.trying import credentials_of
from ptscan.cli.ways import failure_line, open_session
from ptscan.cli.words import Words, counted
from ptscan.errors import InputError, PtscanError
from ptscan.profiles import ACTING, MAKER_OF_ACTING, leads_to_action, load_profiles
from ptscan.simulator import format_recording
from ptscan.snmp import Outcome, Session

MAX_ROWS: Final = 100_000  # of one recording


class RecordError(InputError):
    """The recording has no place to go."""


class NothingRecordedError(PtscanError):
    """The device gave nothing to record; no file was made."""


def record(
    address: Address,
    /,
    *,
    output: Annotated[Path | None, Option(name=["--output", "-o"], metavar="FILE.snmprec", group=SHOWING)] = None,
    mask: Annotated[bool, Option(group=SHOWING, show_default=False)] = False,
    force: Annotated[bool, Option(group=SHOWING, show_default=False)] = False,
    quiet: Annotated[bool, Option(group=SHOWING, show_default=False)] = False,
    asking: Asking = DEFAULT_ASKING,
) -> int:
    """Keep a device as a recording: what a profile needs, without jobs, people and other hosts.

    Parameters
    ----------
    output
        Write the recording to this file.
    mask
        Put something else of the same shape in the place of serial numbers, names and addresses, the same for the same.
    force
        Overwrite the file if it exists.
    quiet
        No words on standard error; errors are still said.
    """
    if output is None:
        raise RecordError("record: no file was given: name one with -o FILE.snmprec")
    if output.exists() and not force:
        raise RecordError(f"{output} exists: name another file, or overwrite it with --force")
    return trio.run(_record, address, output, mask, Words(quiet=quiet), asking)


async def _record(text: str, output: Path, mask: bool, words: Words, asking: Asking) -> Exit:
    endpoint = parse_endpoint(text, asking.port)
    credentials = credentials_of(asking)
    with open_destination(output, whole=True) as destination, display(words, wanted=True) as screen:
        walk = _Walk(screen)

        async def work() -> None:
            async with open_session(endpoint, asking, credentials) as session, trio.open_nursery() as nursery:
                nursery.start_soon(screen.keep_fresh)
                await walk.run(session)
                nursery.cancel_scope.cancel()

        interrupted = await until_interrupted(work)
        secrets = [secret for one in credentials for secret in one.secrets]
        kept, what = _masked(walk.varbinds, secrets) if mask else _emptied(walk.varbinds, secrets)
        if not kept:
            raise NothingRecordedError(walk.failures[0] if walk.failures else "nothing was recorded")
        destination.write(format_recording(kept))
    for failure in walk.failures:
        words.complain(failure)
    left_out = f"jobs, people and other hosts{_listed(walk.left_out)}"
    words.say(f"{output}: {counted(len(kept), 'object')}. Left out: {left_out}; {what}")
    if interrupted:
        words.complain("interrupted: what was recorded until then is kept")
        return Exit.INTERRUPTED
    return judged(right=len(kept), wrong=len(walk.failures))


def _emptied(varbinds: Sequence[Varbind], secrets: Iterable[bytes]) -> tuple[list[Varbind], str]:
    """Return what is kept, and in words what was emptied in it."""
    kept, emptied = without_people(varbinds, secrets)
    return kept, f"emptied: sysContact, sysName, sysLocation and their copies ({counted(emptied, 'text')})"


def _masked(varbinds: Sequence[Varbind], secrets: Iterable[bytes]) -> tuple[list[Varbind], str]:
    """Return what is kept, and in words what was masked in it; the key of the masks is nowhere else."""
    from ptscan.cli.masking import mask

    kept, emptied = without_people(varbinds, secrets, ())
    masked = mask(kept, load_profiles(), key=token_bytes(32))
    told = (
        (masked.serials, "serial number", ""),
        (masked.names, "name", ""),
        (masked.macs, "MAC", ""),
        (masked.addresses, "IP address", "IP addresses"),
        (masked.uuids, "UUID", ""),
    )
    kinds = ", ".join(counted(*one) for one in told if one[0]) or "no more than what the objects of names hold"
    what = f"masked: {kinds} ({counted(masked.objects, 'object')})"
    return masked.varbinds, what + (f"; emptied: {counted(emptied, 'text')} with a secret" if emptied else "")


def _listed(subtrees: list[Oid]) -> str:
    return f" ({', '.join(map(format_oid, subtrees))})" if subtrees else ""


class _Walk:
    """Walks what a recording keeps, round the closed subtrees: one never is asked for an object that lies in one."""

    def __init__(self, screen: Display) -> None:
        self._screen = screen
        self.varbinds: list[Varbind] = []
        self.left_out: list[Oid] = []
        self.failures: list[str] = []

    async def run(self, session: Session) -> None:
        """Walk ROOTS until their ends, until the device stops answering, or up to MAX_ROWS."""
        for root in ROOTS:
            position = root
            while (found := await self._next(session, position)) is not None and found[0].startswith(root):
                name = found[0]
                if not oid_precedes(position, name):
                    self._fail(session, f"after {format_oid(position)} comes {format_oid(name)} again", Outcome.OK)
                    return
                if (closed := closed_around(name)) is not None:
                    self.left_out.append(closed)
                    position = behind(closed)
                    continue
                if leads_to_action(name):
                    await self._by_name(session, found)
                    self.left_out.append(ACTING)
                    position = behind(ACTING)
                    continue
                if (before := len(self.varbinds)) >= MAX_ROWS:
                    self._fail(session, f"it has more than {MAX_ROWS} objects, these were recorded", Outcome.OK)
                    return
                whole = await self._walk(session, open_around(name, root))
                if len(self.varbinds) == before:
                    self.varbinds.append(found)
                if not whole:
                    return
                position = self.varbinds[-1][0]
            if self.failures:
                return

    async def _by_name(self, session: Session, found: Varbind) -> None:
        """Keep what the profiles name of a maker's objects that no walk may step on from."""
        names = objects_below(load_profiles(), MAKER_OF_ACTING) - {found[0]}
        answer = await session.get_many(sorted(names, key=oid_arcs))
        there = [varbind for varbind in answer.varbinds if varbind[2] is not None]
        self.varbinds += sorted((found, *there), key=lambda varbind: oid_arcs(varbind[0]))
        if answer.outcome is not Outcome.OK:
            self._fail(session, answer.problems[0].text, answer.outcome)

    async def _next(self, session: Session, position: Oid) -> Varbind | None:
        answer = await session.get_next([position])
        if answer.outcome is not Outcome.OK:
            self._fail(session, answer.problems[0].text, answer.outcome)
            return None
        found = answer.varbinds[0]
        return None if found[1] == END_OF_MIB_VIEW else found

    async def _walk(self, session: Session, subtree: Oid) -> bool:
        """Keep what lies below ``subtree``; return whether the recording can go on."""
        walk = session.iter_walk(subtree, max_rows=MAX_ROWS - len(self.varbinds))
        async for varbind in walk:
            self.varbinds.append(varbind)
            self._screen.step("recorded", len(self.varbinds), len(self.varbinds), "objects")
        if walk.outcome is Outcome.OK:
            return True
        self._fail(session, walk.problems[0].text, walk.outcome)
        return False

    def _fail(self, session: Session, text: str, outcome: Outcome) -> None:
        self.failures.append(failure_line((session.address, session.port), text, outcome))
