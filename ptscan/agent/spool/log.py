"""SQLite's write-ahead log, read before SQLite does: what it holds, and whether SQLite then took all of it.

SQLite takes a log up to the first frame whose checksum is wrong, and says nothing of what stood behind it
(sqlite.org/fileformat2.html, section 4). What was acknowledged may stand there.
"""

import shutil
import struct
from os import SEEK_END
from typing import BinaryIO, Final

from ptscan.agent.spool import limits
from ptscan.agent.spool.files import Files, log_of
from ptscan.agent.spool.frame import Framed
from ptscan.agent.spool.search import search

_HEADER_OCTETS: Final = 32
_HEADER_SALTS: Final = slice(16, 24)
_FRAME: Final = struct.Struct(">II8s8x")


def records_in_log(files: Files, key: bytes) -> dict[int, Framed]:
    """Return the records that the log's octets hold, newest copy last, and keep a copy of it while it is opened.

    The copy of an earlier opening that did not come to its end is searched, too.
    """
    log = log_of(files.records)
    found = {}
    if files.log_copy.exists():
        found = {record.sequence: record for record in search(files.log_copy, key)}
    if log.exists():
        found |= {record.sequence: record for record in search(log, key)}
        if not files.log_copy.exists():
            try:
                shutil.copyfile(log, files.log_copy)
            except OSError:  # no room: what was found is in memory
                files.log_copy.unlink(missing_ok=True)
    return found


def commits_in_log(octets: bytes) -> list[int]:
    """Return the numbers, from 1, of the log's frames that end a commit of its present lap, by their headers alone."""
    return [number for number, (_, pages, _) in enumerate(_present_lap(octets), 1) if pages]


def lay_over(file: BinaryIO, octets: bytes) -> None:
    """Write the pages of a log's present lap into ``file``, up to its last commit, whatever their checksums say."""
    commits = commits_in_log(octets)
    most = file.seek(0, SEEK_END) // limits.PAGE_OCTETS + len(octets) // limits.PAGE_OCTETS  # a number may be damaged
    for page, _, place in list(_present_lap(octets))[: commits[-1] if commits else 0]:
        if 1 <= page <= most:
            file.seek((page - 1) * limits.PAGE_OCTETS)
            file.write(octets[place : place + limits.PAGE_OCTETS])


def _present_lap(octets: bytes) -> list[tuple[int, int, int]]:
    """Return the frames of a log's present lap: page, pages of the file after the commit that it ends or 0, place."""
    size = _FRAME.size + limits.PAGE_OCTETS
    places = range(_HEADER_OCTETS, len(octets) - size + 1, size)
    frames = [(*_FRAME.unpack_from(octets, place), place + _FRAME.size) for place in places]
    if not frames:
        return []
    laps = []
    for salts in {octets[_HEADER_SALTS], frames[0][2]}:  # one of the two may be damaged
        last = max((number for number, frame in enumerate(frames) if frame[2] == salts), default=-1)
        laps.append([(page, pages if of == salts else 0, place) for page, pages, of, place in frames[: last + 1]])
    return max(laps, key=len)
