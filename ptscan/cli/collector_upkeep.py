"""``ptscan collector backup``, ``restore``, ``check`` and ``root``: what a person does to keep one for years."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec

from ptscan.cli.collector_place import Folder, settings_of
from ptscan.cli.delivery import open_delivery
from ptscan.cli.exits import Exit
from ptscan.cli.flat import Shape
from ptscan.cli.listing import listed
from ptscan.cli.options import DEFAULT_SHOWING, Option, Showing
from ptscan.cli.times import instant
from ptscan.cli.words import Words
from ptscan.collector import (
    Authority,
    CollectorConfig,
    announce_root,
    back_up,
    drop_roots,
    open_authority,
    open_store,
    renew_server,
    switch_root,
)
from ptscan.collector import restore as put_back
from ptscan.errors import PtscanError
from ptscan.tls import fingerprint_of

NEAR_END: Final = timedelta(days=30)
"""So long before the issuing certificate ends a person is told, for then the root's key is wanted."""


class CheckRow(msgspec.Struct, frozen=True):
    """One thing that was looked at: ``mend`` says what to do where it is not as it should be."""

    name: str
    ok: bool
    text: str
    mend: str | None = None


def backup(
    file: Annotated[Path, Option(name="FILE", help="The backup: a new file.")], /, *, folder: Folder = None
) -> int:
    """Copy the store to a new file, while the collector runs; the copy is checked before it has its name."""
    config = settings_of(folder)
    octets = back_up(config.database, file)
    Words().say(
        f"{file}: {octets:,} octets, checked; it holds what customers' devices said: keep it as you keep the store, "
        f"and {config.authority} beside it"
    )
    return Exit.DONE


def restore(file: Annotated[Path, Option(name="FILE", help="A backup.")], /, *, folder: Folder = None) -> int:
    """Put a backup in the place of the store; the collector must be stopped. The store that was there is set aside."""
    config = settings_of(folder)
    aside = put_back(file, config.database)
    words = Words()
    if aside is not None:
        words.say(f"the store that was there is now {aside}")
    words.say("start the collector: agents send again what they sent since the backup, as far as they keep it")
    return Exit.DONE


def check(*, showing: Showing = DEFAULT_SHOWING, folder: Folder = None) -> int:
    """Look at settings, store and authority, read all of the store, and say what is wrong and how to mend it."""
    with open_delivery(CHECKS, showing, Words(quiet=showing.quiet)) as delivery:
        rows = list(_checked(folder))
        delivery.give(rows)
    return Exit.DONE if all(row.ok for row in rows) else Exit.FAILED


def root_announce(*, folder: Folder = None) -> int:
    """Make the next root: from now on every agent learns it with its next certificate. It signs nothing yet."""
    config, authority = _authority(folder)
    changed = announce_root(config.authority, authority, now_at=datetime.now(UTC))
    name = _short_name(changed.roots[-1])
    Words().say(f"the next root is {name}: switch to it when every agent knows it, thirty days from now")
    return Exit.DONE


def root_switch(*, folder: Folder = None) -> int:
    """Sign below the newest root from now on, thirty days after it was announced. Tokens from before end with it."""
    config, authority = _authority(folder)
    now_at = datetime.now(UTC)
    changed = switch_root(config.authority, authority, now_at=now_at)
    renew_server(config.authority, changed, names=config.names, now_at=now_at)
    Words().say(
        f"certificates hang on root {_short_name(changed.root)} now; a collector that runs takes it within a minute; "
        f"make new tokens, and drop the old root in thirty days"
    )
    return Exit.DONE


def root_drop(*, folder: Folder = None) -> int:
    """Trust the roots before the one in use no more, thirty days after the switch."""
    config, authority = _authority(folder)
    changed = drop_roots(config.authority, authority, now_at=datetime.now(UTC))
    gone = len(authority.roots) - len(changed.roots)
    Words().say(f"{gone} dropped; trusted: {', '.join(map(_short_name, changed.roots))}")
    return Exit.DONE


def _authority(folder: Path | None) -> tuple[CollectorConfig, Authority]:
    config = settings_of(folder)
    return config, open_authority(config.authority)


def _checked(folder: Path | None) -> Iterator[CheckRow]:
    """One step after the other, each told whatever became of those before, but for the settings."""
    try:
        config = settings_of(folder)
    except PtscanError as error:
        yield CheckRow("settings", False, str(error))
        return
    yield CheckRow("settings", True, f"{config.folder}: {', '.join(config.names)}, listening at {config.listen}")
    yield from _told("store", lambda: _store(config))
    yield from _told("authority", lambda: _dates(config.authority, open_authority(config.authority)))


def _told(name: str, look: Callable[[], Iterator[CheckRow]]) -> Iterator[CheckRow]:
    try:
        yield from look()
    except PtscanError as error:
        yield CheckRow(name, False, str(error))


def _store(config: CollectorConfig) -> Iterator[CheckRow]:
    began = time.monotonic()
    with open_store(config.database, create=False) as store:
        found = store.check()
        seconds = time.monotonic() - began
        if found:
            yield CheckRow("store", False, f"{store.name}: {'; '.join(found)}", "restore a backup")
        else:
            yield CheckRow("store", True, f"{store.name}: whole, read in {seconds:.1f} s")
        yield CheckRow("guard", True, store.guard())


def _dates(folder: Path, authority: Authority) -> Iterator[CheckRow]:
    now_at = datetime.now(UTC)
    roots = ", ".join(map(_short_name, authority.roots))
    yield CheckRow("authority", True, f"collector {authority.collector_id}, trusted: {roots}")
    ends_at = authority.not_after_at
    text = f"the issuing certificate is good until {instant(ends_at.timestamp())}"
    mend = f"put root-{_short_name(authority.root)}.key back, and let the collector run: it renews by itself"
    near = ends_at - now_at < NEAR_END
    yield CheckRow("issuing", not near, text, mend if near else None)
    key = folder / f"root-{_short_name(authority.root)}.key"
    where = (
        f"{key} is here, and may be kept elsewhere: it is wanted once a year" if key.exists() else "is kept elsewhere"
    )
    yield CheckRow("root key", True, where)


def _short_name(root: bytes) -> str:
    """As in the name of its key's file."""
    return fingerprint_of(root).hex()[:16]


CHECKS: Final[Shape[CheckRow]] = listed(CheckRow, "name", "ok", "text", "mend")
