"""``--resume FILE``: what an interrupted sweep has done, so that the next run goes on from there.

A sweep with a journal is cut into segments: the shards of the shard that was asked for, each spread over all targets.
The file holds the seed, how many segments are done, and which findings of the one under way were already given out. It
is written when the run is interrupted, for JSON Lines also when a segment ends, and goes when the sweep is complete. A
run that is killed outright repeats what it did since.
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from ptscan.cli.destination import open_destination
from ptscan.errors import InputError
from ptscan.snmp import Community
from ptscan.sweep import SweepPlan

SCHEMA: Final = "ptscan.resume/1"
FEWEST: Final = 4_096  # targets of a segment: its rounds cost seconds whatever its size
MOST: Final = 262_144
SEGMENTS: Final = 16  # of a sweep of middling size
MAX_OCTETS: Final = 64 << 20


class JournalError(InputError):
    """The file of --resume cannot be used; the line names it and says how to mend it."""


class _Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    schema: str
    sweep: str  # fingerprint of what is swept
    seed: int
    segments: int
    done: int
    given: list[str]


class Journal:
    """The state of one sweep by ``plan``, kept in ``path``; new where the file does not exist. Raises JournalError."""

    def __init__(self, path: Path, plan: SweepPlan[Community]) -> None:
        self._path = path
        self._plan = plan
        page = self._read()
        self.is_new = page is None
        self._page = page or self._first_page()
        self.given = set(self._page.given)
        """Addresses of the segment under way whose findings were given out; add to it what is given out now."""

    @property
    def segments(self) -> int:
        """How many segments the sweep has."""
        return self._page.segments

    def remaining(self) -> Iterator[tuple[int, SweepPlan[Community]]]:
        """Give the number (from 0) and the plan of each segment that is left; asking for the next ends the last one.

        Nothing is written: ``save`` when what was found is safe.
        """
        index, count = self._plan.shard
        while self._page.done < self.segments:
            number = self._page.done
            shard = (index + count * number, count * self.segments)
            yield number, replace(self._plan, seed=self._page.seed, shard=shard)
            self._page = msgspec.structs.replace(self._page, done=number + 1)
            self.given.clear()

    def save(self) -> None:
        """Write the file, or remove it once every segment is done; raises OutputError."""
        if self._page.done == self.segments:
            self._path.unlink(missing_ok=True)
            return
        self._page = msgspec.structs.replace(self._page, given=sorted(self.given))
        with open_destination(self._path, whole=True) as destination:
            destination.write(msgspec.json.encode(self._page) + b"\n")

    def _first_page(self) -> _Page:
        _, count = self._plan.shard
        targets = max(1, self._plan.targets.count // count)
        size = min(MOST, max(FEWEST, targets // SEGMENTS))
        return _Page(
            schema=SCHEMA,
            sweep=_fingerprint(self._plan),
            seed=secrets.randbits(63) if self._plan.seed is None else self._plan.seed,
            segments=-(-targets // size),
            done=0,
            given=[],
        )

    def _read(self) -> _Page | None:
        try:
            with self._path.open("rb") as file:
                octets = file.read(MAX_OCTETS)
            page = msgspec.json.decode(octets, type=_Page)
        except FileNotFoundError:
            folder = self._path.absolute().parent  # said before hours of work and not when they are to be kept
            if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
                mend = "name a place where you may write" if folder.is_dir() else "make its folder first"
                raise JournalError(f"--resume {self._path}: cannot be written: {mend}") from None
            return None
        except OSError as error:
            raise JournalError(f"--resume {self._path}: cannot be read: {error.strerror}: name another file") from error
        except msgspec.MsgspecError as error:
            raise JournalError(f"--resume {self._path}: is no file of ours ({error}): name another file") from error
        other_seed = self._plan.seed not in (None, page.seed)
        if page.schema != SCHEMA or page.sweep != _fingerprint(self._plan) or other_seed:
            raise JournalError(
                f"--resume {self._path}: belongs to another sweep (targets, excludes, port, shard or seed differ): "
                "name another file, or remove it to start anew"
            )
        if not 0 <= page.done < page.segments:
            raise JournalError(f"--resume {self._path}: is damaged: remove it to start anew")
        return page


def _fingerprint(plan: SweepPlan[Community]) -> str:
    what = (plan.targets.intervals, plan.port, plan.shard)
    return hashlib.sha256(repr(what).encode()).hexdigest()
