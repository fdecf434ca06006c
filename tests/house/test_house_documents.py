"""The documents stay true: links lead somewhere, the lock answers pyproject, the change log knows the version."""

import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import ptscan

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path
    for path in [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("bench/*.md"),
        *ROOT.glob("ptscan/**/*.md"),
    ]
)
LINK = re.compile(
    r"(?<!!)\[[^\]]*\]\(<?([^)\s>]+)>?[^)]*\)|!\[[^\]]*\]\(([^)\s]+)\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE
)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")


@cache
def prose(path: Path) -> str:
    """A document without its code, where brackets are no links and a # is no heading."""
    return FENCE.sub("", path.read_text())


@cache
def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, made as the usual renderers make them."""
    seen: dict[str, int] = {}
    found = set()
    for heading in re.findall(r"^#+ +(.+?) *#*$", prose(path), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = seen.get(anchor, 0)
        seen[anchor] = count + 1
        found.add(f"{anchor}-{count}" if count else anchor)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_link_is_dead(document: Path) -> None:
    dead = []
    for groups in LINK.findall(CODE.sub("", prose(document))):
        link = next(filter(None, groups))
        if re.match(r"[a-z][a-z+.-]*:", link):  # another scheme leads out of the project: not ours to check
            continue
        file, _, anchor = link.partition("#")
        target = (document.parent / file).resolve() if file else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    if dead:
        pytest.fail(
            f"{document.relative_to(ROOT)}: dead links {dead}; mend: correct the path or the heading", pytrace=False
        )


def test_every_page_of_docs_is_reached_from_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text()
    lost = [page.name for page in (ROOT / "docs").glob("*.md") if page.name != "index.md" and page.name not in index]
    assert not lost, f"mend: link {lost} from docs/index.md"


def test_the_change_log_knows_the_version() -> None:
    assert f"## [{ptscan.__version__}]" in (ROOT / "CHANGELOG.md").read_text(), "mend: give the version its heading"


def test_make_help_tells_every_target() -> None:
    told = subprocess.run(["make", "help"], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    for target in ("demo", "test", "check", "bench", "fuzz", "lock", "clean"):
        assert re.search(rf"^  make {target} +\S", told, re.MULTILINE), (
            f"mend: give {target} its ## line in the Makefile"
        )


def test_the_readme_tells_every_verb() -> None:
    ptscan_help = [Path(sys.executable).with_name("ptscan"), "--help"]
    told = subprocess.run(ptscan_help, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    verbs = set(re.findall(r"^│ ([a-z]+) ", told, re.MULTILINE))
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    in_readme = {verb for row in rows for verb in re.findall(r"`([a-z]+)", row)}
    assert verbs == in_readme, "mend: the table of verbs in README.md"


def _pinned(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", (ROOT / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_the_lock_answers_pyproject(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    wanted += [each for each in project["dependency-groups"]["build"] if isinstance(each, str)]
    if lock == "requirements-dev.lock":
        wanted += [each for each in project["dependency-groups"]["dev"] if isinstance(each, str)]
    pinned = _pinned(lock)
    for requirement in map(Requirement, wanted):
        version = pinned.get(requirement.name, "0")
        assert requirement.specifier.contains(version), f"{lock} lacks {requirement}; mend: make lock"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_the_lock_has_a_hash_for_each_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text, f"{lock} names a registry; mend: make lock"
    for block in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block, f"{lock}: {block.splitlines()[0]} has no hash; mend: make lock"
