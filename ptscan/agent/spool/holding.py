"""A spool held by this process: its directory prepared, its lock taken, its file open, and all of it let go of."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ptscan.agent.spool.errors import Damage, SpoolError
from ptscan.agent.spool.files import fault_of, locked_key, new_epoch, prepare
from ptscan.agent.spool.opening import find_key
from ptscan.agent.spool.store import Bounds, Store


@contextmanager
def hold_store(directory: Path, *, bounds: Bounds, wall_clock: Callable[[], float]) -> Iterator[Store]:
    """Open the spool in ``directory``, new where there is none, and close it at the end of the block.

    ``wall_clock`` tells the seconds since 1970. Blocks, for as long as a large file takes to check. Raises SpoolError;
    a damaged file is no error, and the state's findings tell of it.
    """
    try:
        files = prepare(directory)
        with locked_key(files) as (file, found):
            key = find_key(files, file, found)
            store = Store(files, key, bounds=bounds, new_epoch=new_epoch, wall_clock=wall_clock)
            store.open()
            try:
                yield store
            finally:
                store.close()
    except Damage as damage:
        raise SpoolError(directory, f"is damaged again ({damage}): the disk fails: replace it") from damage
    except OSError as error:
        raise SpoolError(directory, fault_of(error)) from error
