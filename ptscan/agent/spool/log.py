"""SQLite's write-ahead log, read before SQLite does: what it holds, and whether SQLite then took all of it.

SQLite takes a log up to the first frame whose checksum is wrong, and says nothing of what stood behind it
(sqlite.org/fileformat2.html, section 4). What was acknowledged may stand there.
"""

import shutil
from typing import Final

from ptscan.agent.spool import limits
from ptscan.agent.spool.files import Files, log_of
from ptscan.agent.spool.frame import Framed
from ptscan.agent.spool.salvage import search

_HEADER_OCTETS: Final = 32
_HEADER_SALTS: Final = slice(16, 24)
_FRAME_HEADER_OCTETS: Final = 24
_PAGES: Final = slice(4, 8)
"""How large the file is after the commit that a frame ends; 0 in every other frame."""
_SALTS: Final = slice(8, 16)


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
    size = _FRAME_HEADER_OCTETS + limits.PAGE_OCTETS
    first = octets[_HEADER_OCTETS + _SALTS.start : _HEADER_OCTETS + _SALTS.stop]
    laps: dict[bytes, list[int]] = {octets[_HEADER_SALTS]: [], first: []}  # one of the two may be damaged
    for number, place in enumerate(range(_HEADER_OCTETS, len(octets) - size + 1, size), 1):
        lap = laps.get(octets[place + _SALTS.start : place + _SALTS.stop])
        if lap is not None and any(octets[place + _PAGES.start : place + _PAGES.stop]):
            lap.append(number)
    return max(laps.values(), key=len)
