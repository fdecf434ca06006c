"""Puts this folder and the collector's on the path, as the soak itself does; and a store of each kind."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "collector")]

from servers import AbsentError, new_database, running_server  # noqa: E402


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The folder of a running server's socket; the tests that need it skip where PostgreSQL is absent."""
    try:
        with running_server() as folder:
            yield folder
    except AbsentError as absent:
        pytest.skip(str(absent))


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A store that is not there yet, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'collector.db'}"
        return
    with new_database(request.getfixturevalue("postgresql_server")) as url:
        yield url
