"""A search of a file's octets for records, with no regard to the file's structure."""

from collections.abc import Iterator
from pathlib import Path

from ptscan.agent.spool import limits
from ptscan.agent.spool.frame import MOST_OCTETS, Framed, find_frames


def search(path: Path, key: bytes) -> Iterator[Framed]:
    """Yield every whole record in the octets of ``path``, however it came there, with no regard to structure."""
    with path.open("rb") as file:
        kept = b""
        while more := file.read(limits.WINDOW_OCTETS):
            window = kept + more
            last = 0
            for record, end in find_frames(window, key):
                last = end
                yield record
            kept = window[max(last, len(window) - MOST_OCTETS) :]
