"""What the link's tests share: the certificates of this run."""

import pytest

from .certificates import Certificates, issue_all


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """The authority of this run, and what it issued."""
    return issue_all(tmp_path_factory.mktemp("certificates"))
