"""SQLite's write-ahead log, read before SQLite does: what it holds, and whether SQLite then took all of it.

SQLite takes a log up to the first frame whose checksum is wrong, and says nothing of what stood behind it
(sqlite.org/fileformat2.html, section 4). What was acknowledged may stand there.
"""

import struct
from os import SEEK_END
from typing import BinaryIO, Final

from ptscan.agent.spool import limits
from ptscan.agent.spool.files import FULL, Files, write_whole
from ptscan.agent.spool.frame import Framed, find_frames
from ptscan.agent.spool.search import search

_HEADER_OCTETS: Final = 32
_HEADER_SALTS: Final = slice(16, 24)
_HEADER_SUM: Final = slice(24, 32)
_FRAME: Final = struct.Struct(">II8s8x")
_BEGINNINGS: Final = [struct.pack(">III", magic, 3_007_000, limits.PAGE_OCTETS) for magic in (0x377F0682, 0x377F0683)]


def records_in_log(files: Files, octets: bytes, key: bytes) -> dict[int, Framed]:
    """Return the records in the log's ``octets``, newest copy last, and keep a copy of them while it is opened.

    The copy of an earlier opening that did not come to its end is searched, too. Raises OSError where no copy can be
    made and SQLite would not take all of the log: it would be gone with the first fault.
    """
    found = {}
    if files.log_copy.exists():
        found = {record.sequence: record for record in search(files.log_copy, key)}
    elif octets:
        try:
            write_whole(files.log_copy, octets)
        except OSError as error:
            is_kept = files.records.exists() and files.records.stat().st_size and not is_cut(octets, proven(octets))
            if error.errno not in FULL or not is_kept:
                raise
    return found | {record.sequence: record for record, _ in find_frames(octets, key)}


def is_cut(octets: bytes, taken: int) -> bool:
    """Whether SQLite, which took the first ``taken`` frames of the log ``octets``, left what was written whole.

    What a process leaves that was killed before its commit proves itself and ends no commit. Anything else is damage;
    or a page of which a part was written, in the instant of the kill.
    """
    if len(octets) < _HEADER_OCTETS:
        return False
    before = octets[_HEADER_SUM]
    order = _order(octets)
    for number, (_, pages, place) in enumerate(_present_lap(octets), 1):
        header = octets[place - _FRAME.size : place]
        if number > taken and (pages or _frame_sum(octets, place, before, order) != header[16:]):
            return True
        before = header[16:]
    return False


def proven(octets: bytes) -> int:
    """Return how many frames of a log SQLite takes: up to the last commit before the first that is not as written.

    For a log that SQLite can no longer be asked about: an earlier opening ended on the way.
    """
    if len(octets) < _HEADER_OCTETS or octets[:12] not in _BEGINNINGS:
        return 0
    order = _order(octets)
    before = _checksum(octets[: _HEADER_SUM.start], bytes(8), order)
    if before != octets[_HEADER_SUM]:
        return 0
    last = 0
    for number, place in enumerate(_places(octets), 1):
        page, pages, salts = _FRAME.unpack_from(octets, place - _FRAME.size)
        before = _frame_sum(octets, place, before, order)
        if not page or salts != octets[_HEADER_SALTS] or before != octets[place - 8 : place]:
            break
        last = number if pages else last
    return last


def _order(octets: bytes) -> str:
    return ">" if octets[3] & 1 else "<"


def _places(octets: bytes) -> range:
    """Where the pages of a log's frames begin, those of earlier laps as well."""
    size = _FRAME.size + limits.PAGE_OCTETS
    return range(_HEADER_OCTETS + _FRAME.size, len(octets) - limits.PAGE_OCTETS + 1, size)


def _frame_sum(octets: bytes, place: int, before: bytes, order: str) -> bytes:
    """Return the checksum that the frame whose page is at ``place`` should have; its salts have no part in it."""
    begin = place - _FRAME.size
    return _checksum(octets[begin : begin + 8] + octets[place : place + limits.PAGE_OCTETS], before, order)


def _checksum(octets: bytes, before: bytes, order: str) -> bytes:
    """Return the log's running checksum behind ``octets`` (fileformat2, section 4.2)."""
    one, two = struct.unpack(">II", before)
    words = iter(struct.unpack(f"{order}{len(octets) // 4}I", octets))
    for even, odd in zip(words, words, strict=True):
        one = (one + even + two) & 0xFFFFFFFF
        two = (two + odd + one) & 0xFFFFFFFF
    return struct.pack(">II", one, two)


def lay_over(file: BinaryIO, octets: bytes) -> None:
    """Write the pages of a log's present lap into ``file``, up to its last commit, whatever their checksums say."""
    frames = _present_lap(octets)
    most = file.seek(0, SEEK_END) // limits.PAGE_OCTETS + len(octets) // limits.PAGE_OCTETS  # a number may be damaged
    last = max((number for number, (_, pages, _) in enumerate(frames, 1) if pages), default=0)
    for page, _, place in frames[:last]:
        if 1 <= page <= most:
            file.seek((page - 1) * limits.PAGE_OCTETS)
            file.write(octets[place : place + limits.PAGE_OCTETS])


def _present_lap(octets: bytes) -> list[tuple[int, int, int]]:
    """Return the frames of a log's present lap: page, pages of the file after the commit that it ends or 0, place."""
    frames = [(*_FRAME.unpack_from(octets, place - _FRAME.size), place) for place in _places(octets)]
    if not frames:
        return []
    laps = []
    for salts in {octets[_HEADER_SALTS], frames[0][2]}:  # one of the two may be damaged, and so may a frame's
        ours = [of[:4] == salts[:4] or of[4:] == salts[4:] for _, _, of, _ in frames]
        last = max((number for number, is_ours in enumerate(ours) if is_ours), default=-1)
        laps.append(
            [
                (page, pages if is_ours else 0, place)
                for (page, pages, _, place), is_ours in zip(frames[: last + 1], ours, strict=False)
            ]
        )
    return max(laps, key=len)
