"""The file of settings: what is read, what is refused with its line, and what makes a collector."""

import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto_schema import PORT
from ptscan.collector import ConfigFile, Endpoint, StoreUrlError, found_collector, limits, load_config, write_config
from ptscan.collector.endpoints import read_endpoint
from ptscan.errors import InputError
from ptscan.tls import PrivateFileError

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def written(folder: Path, text: str) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "collector.toml"
    path.write_text(text)
    path.chmod(0o600)
    return folder


def test_what_is_written_is_read(tmp_path: Path) -> None:
    settings = ConfigFile(
        listen="[::1]:7000", names=["a.example", "::1"], database="postgresql://u:sec\"ret@h/d", pages="off",
        retention_days=0,
    )  # fmt: skip
    config = write_config(tmp_path / "c", settings)
    assert load_config(tmp_path / "c") == config
    assert (config.listen, config.pages) == (Endpoint("::1", 7000), None)
    assert "sec" not in repr(config), "a password is not printed"
    assert stat.S_IMODE((tmp_path / "c" / "collector.toml").stat().st_mode) == 0o600


def test_the_defaults_are_all_addresses_the_own_port_and_pages_on_loopback(tmp_path: Path) -> None:
    config = load_config(written(tmp_path / "c", 'names = ["a"]'))
    assert (config.listen, config.pages) == (Endpoint("*", PORT), Endpoint("127.0.0.1", 8080))
    assert config.database == f"sqlite:///{tmp_path / 'c' / 'collector.db'}"
    assert config.retention_days == 730


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('names = ["a"]\n\nlistn = "x"', 3, "there is no setting 'listn': write one of listen, names"),
        ("names = [1]", 1, "names: expected `str`, got `int`: correct it"),
        ('names = ["a b"]', 1, "'a b' is neither a host name nor an address"),
        ('# names\nnames = ["a"]\nlisten = "x:99999"', 3, "is no place to listen: write HOST:PORT"),
        ('names = ["a"]\npages = "[::1"', 2, "is no place to listen"),
        ('names = ["a"]\nretention_days = -1', 2, "write 0 (for ever) to 36500"),
        (f'names = ["a"]\nretention_days = {limits.RETENTION_DAYS + 1}', 2, "write 0 (for ever) to 36500"),
        ('names = ["a"]\nretention_days = "x"', 2, "expected `int`, got `str`"),
        ('names = ["a"]\n[pages]\nx = 1', 2, "pages: expected `str`, got `object`"),
        ('names = ["a"\n', 0, "it is no TOML"),
        ("", 0, "names: none is given"),
        ('names = ["a"]\ndatabase = "a\\u0000b"', 2, "can't be printed"),
    ],
)
def test_a_wrong_line_is_named_with_the_mend(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        load_config(written(tmp_path / "c", text))
    assert str(caught.value).startswith(str(tmp_path / "c" / "collector.toml"))
    assert "\n" not in str(caught.value)
    assert (f", line {line}:" in str(caught.value)) == bool(line)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"names = " + b"[" * 60_000,
        b"retention_days = " + b"9" * 5_000,
        b"#" * (limits.CONFIG_OCTETS + 1),
    ],
)
def test_what_is_no_file_of_settings_is_refused(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path / "c", "") / "collector.toml"
    path.write_bytes(content)
    with pytest.raises(InputError):
        load_config(tmp_path / "c")


def test_a_file_of_the_greatest_size_is_read(tmp_path: Path) -> None:
    text = 'names = ["a"]\n'
    text += "#" * (limits.CONFIG_OCTETS - len(text))
    assert load_config(written(tmp_path / "c", text)).names == ("a",)


def test_an_absent_file_says_how_a_collector_is_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ptscan collector init"):
        load_config(tmp_path / "c")


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    (written(tmp_path / "c", 'names = ["a"]') / "collector.toml").chmod(0o644)
    with pytest.raises(PrivateFileError, match="chmod 600"):
        load_config(tmp_path / "c")


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("", Endpoint("*", 5)),
        ("*", Endpoint("*", 5)),
        (":7", Endpoint("*", 7)),
        ("*:0", Endpoint("*", 0)),
        ("host.example:65535", Endpoint("host.example", 65_535)),
        ("::1", Endpoint("::1", 5)),
        ("[fe80::1%eth0]:7", Endpoint("fe80::1%eth0", 7)),
        ("10.0.0.1", Endpoint("10.0.0.1", 5)),
    ],
)
def test_a_place_to_listen_is_read_as_people_write_it(text: str, endpoint: Endpoint) -> None:
    assert read_endpoint(text, 5) == endpoint
    assert read_endpoint(str(endpoint), 9) == endpoint


@pytest.mark.parametrize("text", ["h:", "h:x", "h:65536", "h:123456", "a b:1", "[h]:1", "-a:1", "a..b:1", "http://h:1"])
def test_what_is_no_place_to_listen_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_endpoint(text, 5)


@given(st.text(max_size=40))
def test_any_text_is_a_place_or_an_input_error(text: str) -> None:
    try:
        endpoint = read_endpoint(text, 5)
    except InputError:
        return
    assert 0 <= endpoint.port <= 65_535
    assert endpoint.host


@pytest.mark.parametrize(
    ("written_as", "meant"),
    [
        ("", "sqlite:///{folder}/collector.db"),
        ("other.db", "sqlite:///{folder}/other.db"),
        ("sqlite:///other.db", "sqlite:///{folder}/other.db"),
        ("sqlite:////srv/a.db", "sqlite:////srv/a.db"),
        ("/srv/a.db", "sqlite:////srv/a.db"),
        ("postgresql:///ptscan", "postgresql:///ptscan"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
    ],
)
def test_a_file_of_the_store_is_looked_for_beside_the_settings(tmp_path: Path, written_as: str, meant: str) -> None:
    config = write_config(tmp_path / "c", ConfigFile(names=["a"], database=written_as))
    assert config.database == meant.format(folder=tmp_path / "c")


def test_a_collector_is_made_once_and_finished_where_it_was_cut(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    config, authority = found_collector(folder, now_at=NOW, names=["a.example"])
    again, same = found_collector(folder, now_at=NOW)
    assert (again, same.collector_id, same.roots) == (config, authority.collector_id, authority.roots)
    for lost in ("authority/server.pem", "collector.db"):
        (folder / lost).unlink()
        found_collector(folder, now_at=NOW, names=["a.example"])
        assert (folder / lost).exists()


def test_a_collector_that_is_there_is_not_made_another(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    found_collector(folder, now_at=NOW, names=["a.example"])
    before = (folder / "collector.toml").read_text()
    for other in ({"names": ["b.example"]}, {"listen": "*:1"}, {"database": "other.db"}, {"pages": "off"}):
        with pytest.raises(InputError, match=f"has another {next(iter(other))}"):
            found_collector(folder, now_at=NOW, **other)  # type: ignore[arg-type]
    assert (folder / "collector.toml").read_text() == before


def test_without_names_those_of_the_machine_are_taken(tmp_path: Path) -> None:
    config, _ = found_collector(tmp_path / "c", now_at=NOW)
    assert {"localhost", "127.0.0.1", "::1"} <= set(config.names)


def test_a_store_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUrlError):
        found_collector(tmp_path / "c", now_at=NOW, names=["a"], database="mysql://h/d")
