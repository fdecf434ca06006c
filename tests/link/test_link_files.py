"""A server asks for as many open files as it needs, and says so where it gets fewer."""

import subprocess
import sys

import pytest

ASK = """
import resource, sys
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
from ptscan.link.files import room_for_files
print(room_for_files(wanted), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "told"),
    [
        (256, 512, 400, "400 400 512"),
        (256, 512, 8000, "512 512 512"),
        (256, 512, 100, "256 256 512"),
        (512, 512, 8000, "512 512 512"),
    ],
)
def test_the_limit_is_raised_as_far_as_it_may_and_never_lowered(soft: int, hard: int, wanted: int, told: str) -> None:
    command = [sys.executable, "-c", ASK, str(soft), str(hard), str(wanted)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == told


SERVE = """
import resource, trio
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 256))
from ptscan.link import Server, limits
told = []
server = Server({}, lambda _: None, told.append, for_strangers=(), name_of=None, pages={})
print(*(trouble.kind for trouble in told), told[0].text)
"""


def test_few_files_are_told_with_the_mend() -> None:
    told = subprocess.run([sys.executable, "-c", SERVE], capture_output=True, text=True, check=True).stdout
    assert told.startswith(
        "few-files this process may open 256 files: 128 agents may connect and 64 that have not said"
    )
    assert "LimitNOFILE" in told
