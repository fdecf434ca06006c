"""Files that are ours alone: refused where others may look, replaced whole, and told with a mend."""

import os
import stat
from pathlib import Path

import pytest

from ptscan.tls import PrivateFileError, limits, open_private_folder, read_private, remove_private, write_private


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "a" / "keys"
    open_private_folder(path)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folder_and_file_are_made_for_us_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o777)
    try:
        (tmp_path / "b").mkdir()
        (tmp_path / "b").chmod(0o755)
        os.umask(0)
        open_private_folder(tmp_path / "b" / "keys")
        write_private(tmp_path / "b" / "keys" / "key", b"secret")
        os.umask(0o377)
        write_private(tmp_path / "b" / "keys" / "other", b"secret")
    finally:
        os.umask(before)
    assert mode(tmp_path / "b" / "keys") == 0o700
    assert mode(tmp_path / "b" / "keys" / "key") == 0o600
    assert mode(tmp_path / "b" / "keys" / "other") == 0o600


def test_a_file_is_read_as_it_was_written_and_replaced_whole(folder: Path) -> None:
    assert read_private(folder / "key") is None
    write_private(folder / "key", b"first")
    write_private(folder / "key", b"second, and longer")
    assert read_private(folder / "key") == b"second, and longer"
    assert os.listdir(folder) == ["key"]
    remove_private(folder / "key")
    remove_private(folder / "key")
    assert read_private(folder / "key") is None


def test_what_a_kill_left_behind_is_overwritten(folder: Path) -> None:
    (folder / "key.new").write_bytes(b"half")
    write_private(folder / "key", b"whole")
    assert os.listdir(folder) == ["key"]


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777])
def test_a_file_that_others_reach_is_refused_with_a_mend(folder: Path, bits: int) -> None:
    write_private(folder / "key", b"secret")
    (folder / "key").chmod(bits)
    with pytest.raises(PrivateFileError, match="chmod 600") as caught:
        read_private(folder / "key")
    assert caught.value.path == folder / "key"
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("bits", [0o750, 0o705, 0o701, 0o777])
def test_a_folder_that_others_reach_is_refused_with_a_mend(folder: Path, bits: int) -> None:
    folder.chmod(bits)
    with pytest.raises(PrivateFileError, match="chmod 700"):
        open_private_folder(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_belongs_to_another_user_is_refused(folder: Path) -> None:
    write_private(folder / "key", b"secret")
    os.chown(folder / "key", 12345, 12345)
    os.chown(folder, 12345, 12345)
    with pytest.raises(PrivateFileError, match="another user"):
        read_private(folder / "key")
    with pytest.raises(PrivateFileError, match="another user"):
        open_private_folder(folder)


def test_what_is_no_file_is_refused_and_never_waited_for(folder: Path) -> None:
    write_private(folder / "key", b"secret")
    (folder / "link").symlink_to(folder / "key")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe", 0o600)
    for name in ("link", "folder", "pipe"):
        with pytest.raises(PrivateFileError):
            read_private(folder / name)
    with pytest.raises(PrivateFileError, match="no folder"):
        open_private_folder(folder / "key")


def test_a_file_is_read_up_to_its_limit_and_not_beyond(folder: Path) -> None:
    write_private(folder / "key", bytes(limits.PRIVATE_FILE_OCTETS))
    assert read_private(folder / "key") == bytes(limits.PRIVATE_FILE_OCTETS)
    with (folder / "key").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(PrivateFileError, match="more than"):
        read_private(folder / "key")
    with pytest.raises(ValueError, match="more than"):
        write_private(folder / "key", bytes(limits.PRIVATE_FILE_OCTETS + 1))


def test_a_place_that_is_not_there_is_told(folder: Path) -> None:
    with pytest.raises(PrivateFileError, match="cannot write"):
        write_private(folder / "gone" / "key", b"secret")
    with pytest.raises(PrivateFileError, match="cannot make or open"):
        open_private_folder(Path("/proc/version/keys"))
