"""Stores to test with: a file, and a database on a PostgreSQL server of this run's own, on a socket in a folder."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from ptscan.collector.storage import Store, open_store

_NUMBERS = count(1)


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if found:
        return found[-1].parent
    on_path = shutil.which("pg_ctl")
    return Path(on_path).resolve().parent if on_path else None


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The folder of a running server's socket; the tests that need it skip where PostgreSQL is absent."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is absent: apt-get install postgresql")
    root = os.geteuid() == 0
    if root and not any(user.pw_name == "postgres" for user in pwd.getpwall()):
        pytest.skip("PostgreSQL's server refuses root, and there is no user postgres to run it")
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
            pytest.fail(f"{words[0]} failed:\n{done.stdout}{done.stderr}{said}")

    try:
        data = str(folder / "data")
        run(
            str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "ptscan", "-E", "UTF8", "--locale=C", "--no-sync"
        )
        # The log goes to a file: what a server inherits of our pipes would never end.
        options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=60 -c shared_buffers=16MB"
        run(str(programs / "pg_ctl"), "-D", data, "-w", "-t", "60", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield str(folder)
        finally:
            run(str(programs / "pg_ctl"), "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """An empty database."""
    import psycopg

    name = f"store_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(host=postgresql_server, user="ptscan", dbname="postgres", autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"'.encode())
        yield f"postgresql://ptscan@/{name}?host={postgresql_server}"
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store that is not there yet, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'collector.db'}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store, once of each kind."""
    with open_store(store_url) as opened:
        yield opened
