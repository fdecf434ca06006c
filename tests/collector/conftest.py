"""Stores to test with: a file, and a database on a PostgreSQL server of this run's own, on a socket in a folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ptscan.collector.storage import Store, open_store

from .servers import AbsentError, new_database, running_server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The folder of a running server's socket; the tests that need it skip where PostgreSQL is absent."""
    try:
        with running_server() as folder:
            yield folder
    except AbsentError as absent:
        pytest.skip(str(absent))


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """An empty database."""
    with new_database(postgresql_server) as url:
        yield url


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
