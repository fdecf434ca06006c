"""What every room's tests share: the folder beside the project, and properties that don't hang on luck or the clock."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

SHARED = Path(__file__).resolve().parents[2] / "shared"

# The same examples in every run and no time limit on one: a busy machine is no failure. `make fuzz` rolls the dice.
settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of vectors and recordings beside the project; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("../shared is absent: no vectors or recordings to hold the project against")
    return SHARED
