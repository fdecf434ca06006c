"""What a collector needs before it runs: its settings, its authority, its store; made once. I/O.

Each step is done where it is not done yet, so that what was cut is finished by the same command.
"""

import socket
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from ptscan.collector.ca import Authority, found_authority, new_id
from ptscan.collector.ca.keeping import ID
from ptscan.collector.config import FILE, CollectorConfig, ConfigFile, load_config, read_config, write_config
from ptscan.collector.endpoints import is_host
from ptscan.collector.storage import open_store
from ptscan.errors import InputError
from ptscan.tls import open_private_folder, read_private


def found_collector(
    folder: Path,
    *,
    now_at: datetime,
    names: Sequence[str] = (),
    listen: str = "",
    database: str = "",
    pages: str = "",
) -> tuple[CollectorConfig, Authority]:
    """Make a collector in ``folder``, or what is missing of it; what is there stays as it is.

    ``names`` are how agents reach it (none: as this machine calls itself), the rest is as in the file of settings.

    Raises:
        InputError: something else stands in the file of settings than is asked for, or it can't be.
        StoreError: the store can't be made or opened.
    """
    open_private_folder(folder)
    asked = {"names": list(names), "listen": listen, "database": database, "pages": pages}
    given = {key: value for key, value in asked.items() if value}
    if read_private(folder / FILE) is None:
        settings = msgspec.convert({"names": _own_names()} | given, ConfigFile)
        config = write_config(folder, settings)
    else:
        config = load_config(folder)
        wanted = read_config(folder, msgspec.convert({"names": list(config.names)} | given, ConfigFile))
        for key in given:
            if getattr(wanted, key) != getattr(config, key):
                raise InputError(f"{folder / FILE} has another {key}: change it there, or name another folder")
    with open_store(config.database):
        pass
    open_private_folder(config.authority)
    kept = read_private(config.authority / ID)
    collector_id = new_id() if kept is None else kept.decode("ascii", "replace").strip()
    return config, found_authority(config.authority, collector_id=collector_id, names=config.names, now_at=now_at)


def _own_names() -> list[str]:
    """What this machine calls itself, and how it reaches itself."""
    called = [socket.gethostname().lower(), socket.getfqdn().lower(), "localhost"]
    return [*dict.fromkeys(name for name in called if is_host(name)), "127.0.0.1", "::1"]
