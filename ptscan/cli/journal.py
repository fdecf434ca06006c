"""``--resume FILE``: what a sweep has done, kept so that no kill loses it, and the next run goes on from there.

Theory of operation. The file is mapped into memory: what was noted is in the system's hands at once, and a process that
is killed at any instant loses nothing of it (a power cut may cost the last seconds). It holds

    a header          whose sweep it is, as one line of JSON
    the place         a round and the first position that is not over in it, one word of 8 octets
    the output        how many octets of the output file are accounted for, one word
    a bitmap          the positions that are done with: bit p & 7 of octet p >> 3 is position p

Each note is a single store of an octet or an aligned word, so that none is ever half there. The order of the notes
makes every state between two of them harmless: a finding is first written and handed to the system, then its bit is
set, and the place moves on only past findings whose bits are set. Findings that were written and not yet marked when
the kill came are read back from the output file, see ``salvage``.
"""

import errno
import fcntl
import hashlib
import mmap
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, Final

import msgspec

from ptscan.cli.destination import MENDS
from ptscan.cli.ledger import Place
from ptscan.errors import InputError
from ptscan.snmp import Community
from ptscan.sweep import SweepPlan, default_seed

SCHEMA: Final = "ptscan.resume/2"
_ANY_SCHEMA: Final = b'{"schema":"ptscan.resume/'
HEADER_OCTETS: Final = 4_096
_WORDS: Final = slice(HEADER_OCTETS - 16, HEADER_OCTETS)
_PLACE, _OUTPUT = 0, 1
_CURSOR_BITS: Final = 40
_CURSOR_MASK: Final = (1 << _CURSOR_BITS) - 1
_MOST_ROUNDS: Final = 1_024
_TRIES: Final = 8  # to open a file that another run makes or removes at the same time
_AT_ONCE: Final = 1 << 20  # octets

_MENDS: Final = MENDS | {
    errno.ENOSPC: "free some room, or name another place",
    errno.EDQUOT: "free some room, or name another place",
    errno.EFBIG: "the limit for files is too low (ulimit -f)",
    errno.ENODEV: "name another place: this one cannot be mapped into memory",
}


class JournalError(InputError):
    """The file of --resume cannot be used; the line names it and says how to mend it."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"--resume {path}: {fault}")


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    schema: str
    sweep: str  # fingerprint of what is swept
    rounds: str  # what its rounds ask
    seed: int
    positions: int
    byteorder: str


class Journal:
    """The state of one sweep, in the open ``file``; made by ``open_journal``."""

    def __init__(self, file: int, header: _Header, *, is_new: bool) -> None:
        self._map = mmap.mmap(file, 0)
        self._octets = memoryview(self._map)
        self._words = self._octets[_WORDS].cast("Q")
        self._bits = self._octets[HEADER_OCTETS:]
        self.seed: Final = header.seed
        self.positions: Final = header.positions
        self.is_new: Final = is_new
        self.is_complete = False
        """Set it once nothing is left to do: the file goes then."""

    @property
    def place(self) -> Place:
        """Where the sweep goes on."""
        word = self._words[_PLACE]
        return word >> _CURSOR_BITS, word & _CURSOR_MASK

    def note_place(self, place: Place) -> None:
        """Nobody before ``place`` is left to probe or to take care of."""
        self._words[_PLACE] = place[0] << _CURSOR_BITS | place[1]

    @property
    def given(self) -> bytes:
        """The bitmap of the positions that are done with."""
        return bytes(self._bits)

    def mark(self, positions: Iterable[int]) -> None:
        """These positions are done with."""
        bits = self._bits
        for position in positions:
            bits[position >> 3] |= 1 << (position & 7)

    @property
    def output_octets(self) -> int:
        """How much of the output file the bitmap accounts for."""
        return self._words[_OUTPUT]

    def note_output(self, octets: int) -> None:
        """The findings within the first ``octets`` of the output file are marked."""
        self._words[_OUTPUT] = octets

    def is_needless(self) -> bool:
        """Whether there is nothing in it to go on from."""
        return self.is_complete or (self.is_new and not self._words[_PLACE] and not self.given.strip(b"\0"))

    def release(self) -> None:
        """Let go of the file."""
        for view in (self._bits, self._words, self._octets):
            view.release()
        self._map.close()


@contextmanager
def open_journal(path: Path, plan: SweepPlan[Community]) -> Iterator[Journal]:
    """Open the journal of ``plan`` in ``path``, new where the file does not exist, and lock out other runs.

    At the end of the block the file goes if there is nothing in it to go on from. Raises JournalError.
    """
    target = Path(os.path.realpath(path))  # a link keeps pointing where it points
    with ExitStack() as stack:
        try:
            file, is_new = _locked(path, target, plan)
            stack.callback(os.close, file)
            header = _checked(path, file, plan)
            journal = Journal(file, header, is_new=is_new)
        except OSError as error:
            raise JournalError(path, _fault_of(error)) from error
        stack.callback(journal.release)
        if header.rounds != _rounds(plan):  # other questions are asked: who stayed silent hears them all
            journal.note_place((0, 0))
        try:
            yield journal
        finally:
            if journal.is_needless():
                target.unlink(missing_ok=True)


def _locked(path: Path, target: Path, plan: SweepPlan[Community]) -> tuple[int, bool]:
    """Open and lock the file; say whether it is new."""
    for _ in range(_TRIES):
        is_new = not target.exists()
        if is_new and not _make(target, plan):
            continue
        file = os.open(target, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO would block for ever
        try:
            if not S_ISREG(os.fstat(file).st_mode):
                raise JournalError(path, "is no file: name another one")
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file), os.stat(target)):  # else the run that had it removed it just now
                    return file, is_new
        except BlockingIOError:
            os.close(file)
            raise JournalError(path, "is in use by another run: wait for its end, or name another file") from None
        except BaseException:
            os.close(file)
            raise
        os.close(file)
    raise JournalError(path, "comes and goes: name another file")


def _make(target: Path, plan: SweepPlan[Community]) -> bool:
    """Make the file, under another name first, so that it is whole once it is there; say whether it was not already."""
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    with open(part, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        try:
            header = msgspec.json.encode(_header(plan)) + b"\n"
            file.write(header.ljust(_WORDS.start, b"\0"))
            _write_zeros(file, _WORDS.stop - _WORDS.start + (plan.size + 7) // 8)
            file.flush()
            os.link(part, target)
        except FileExistsError:
            return False
        finally:
            part.unlink()
    return True


def _write_zeros(file: BinaryIO, octets: int) -> None:
    """Write them for good: a mapped file whose octets have no room on the disk kills the process that notes into it."""
    for begin in range(0, octets, _AT_ONCE):
        file.write(bytes(min(_AT_ONCE, octets - begin)))


def _checked(path: Path, file: int, plan: SweepPlan[Community]) -> _Header:
    """Read the header of an open file and hold it against ``plan``; raises JournalError."""
    octets = os.pread(file, HEADER_OCTETS, 0)
    if octets.startswith(_ANY_SCHEMA) and not octets.startswith(f'{{"schema":"{SCHEMA}"'.encode()):
        raise JournalError(path, "was kept by another version of ptscan: finish it with that one, or remove it")
    try:
        header = msgspec.json.decode(octets[: _WORDS.start].rstrip(b"\0"), type=_Header)
    except msgspec.MsgspecError as error:
        raise JournalError(path, "is no file of ours: name another one") from error
    if header.sweep != _fingerprint(plan) or plan.seed not in (None, header.seed):
        raise JournalError(
            path,
            "belongs to another sweep (targets, excludes, port, shard or seed differ): "
            "name another file, or remove it to start anew",
        )
    size = header.positions
    whole = size == plan.size and os.fstat(file).st_size == HEADER_OCTETS + (size + 7) // 8
    if not whole or header.byteorder != sys.byteorder:
        raise JournalError(path, "is damaged: remove it to start anew")
    words = memoryview(octets)[_WORDS].cast("Q")
    last = os.pread(file, 1, HEADER_OCTETS + (size - 1) // 8)[0]
    if (
        words[_PLACE] & _CURSOR_MASK > size
        or words[_PLACE] >> _CURSOR_BITS > _MOST_ROUNDS
        or last >> (size - 1) % 8 + 1
    ):
        raise JournalError(path, "is damaged: remove it to start anew")
    return header


def _header(plan: SweepPlan[Community]) -> _Header:
    seed = plan.seed if plan.seed is not None else default_seed(plan.shard)
    return _Header(
        schema=SCHEMA,
        sweep=_fingerprint(plan),
        rounds=_rounds(plan),
        seed=seed,
        positions=plan.size,
        byteorder=sys.byteorder,
    )


def _fingerprint(plan: SweepPlan[Community]) -> str:
    return hashlib.sha256(repr((plan.targets.intervals, plan.port, plan.shard)).encode()).hexdigest()


def _rounds(plan: SweepPlan[Community]) -> str:
    """What makes a round's number mean something; no community, not even as a hash that could be guessed from."""
    networks = [tuple(map(str, credential.networks)) for credential in plan.credentials]
    discovery = None if plan.discovery is None else tuple(map(str, plan.discovery))
    return hashlib.sha256(repr((plan.version, plan.retries, networks, discovery)).encode()).hexdigest()


def _fault_of(error: OSError) -> str:
    mend = _MENDS.get(error.errno or 0, "name another file")
    return f"cannot be used: {error.strerror or error}: {mend}"
