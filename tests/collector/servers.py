"""A PostgreSQL server of a run's own, on a socket in a folder; nothing of the machine's is touched."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

_NUMBERS = count(1)


class AbsentError(Exception):
    """PostgreSQL can't be had here, and why."""


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if found:
        return found[-1].parent
    on_path = shutil.which("pg_ctl")
    return Path(on_path).resolve().parent if on_path else None


@contextmanager
def running_server(*settings: str) -> Iterator[str]:
    """The folder of a running server's socket; ``settings`` as ``fsync=on``. Raises AbsentError."""
    programs = _programs()
    if programs is None:
        raise AbsentError("PostgreSQL is absent: apt-get install postgresql")
    root = os.geteuid() == 0
    if root and not any(user.pw_name == "postgres" for user in pwd.getpwall()):
        raise AbsentError("PostgreSQL's server refuses root, and there is no user postgres to run it")
    # Its programs refuse root, and a socket's path has 107 octets at most: a short folder of the server's own user.
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if root else []
    folder = Path(tempfile.mkdtemp(prefix="ptscan-pg-", dir="/tmp"))
    if root:
        shutil.chown(folder, "postgres", "postgres")

    def run(*words: str) -> None:
        done = subprocess.run([*as_user, *words], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            log = folder / "log"
            said = log.read_text() if log.exists() else ""
            raise RuntimeError(f"{words[0]} failed:\n{done.stdout}{done.stderr}{said}")

    try:
        data = str(folder / "data")
        run(
            str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "ptscan", "-E", "UTF8", "--locale=C", "--no-sync"
        )
        # The log goes to a file: what a server inherits of our pipes would never end.
        chosen = ("listen_addresses=", "fsync=off", "max_connections=60", "shared_buffers=16MB", *settings)
        options = " ".join([f"-k {folder}", *(f"-c {setting}" for setting in chosen)])
        run(str(programs / "pg_ctl"), "-D", data, "-w", "-t", "60", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield str(folder)
        finally:
            run(str(programs / "pg_ctl"), "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """The URL of an empty database on ``server``, which is dropped at the end of the block."""
    import psycopg

    name = f"store_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(host=server, user="ptscan", dbname="postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        yield f"postgresql://ptscan@/{name}?host={server}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def copy_database(url: str) -> None:
    """Copy a database that nobody uses just now."""
    _instead(url, "DROP DATABASE IF EXISTS {name}_copy WITH (FORCE)", "CREATE DATABASE {name}_copy TEMPLATE {name}")


def take_copy(url: str) -> None:
    """Put the copy in the place of the database."""
    _instead(url, "DROP DATABASE {name} WITH (FORCE)", "ALTER DATABASE {name}_copy RENAME TO {name}")


def _instead(url: str, *commands: str) -> None:
    import psycopg

    name, _, server = url.removeprefix("postgresql://ptscan@/").partition("?host=")
    with psycopg.connect(host=server, user="ptscan", dbname="postgres", autocommit=True) as connection:
        for command in commands:
            connection.execute(command.format(name=name).encode())
