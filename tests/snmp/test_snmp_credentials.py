"""Credentials: the file's every fault is one line that names file, key and mend; no secret is ever printed."""

import copy
import logging
import os
import pickle
import traceback
from ipaddress import ip_network
from pathlib import Path

import pytest

from ptscan.errors import InputError
from ptscan.snmp import (
    Client,
    Community,
    CredentialsError,
    Secret,
    User,
    credentials_for,
    describe_unread_users,
    limits,
    load_credentials,
)

USER = 'name = "monitor"\nauth = "sha256"\nauth_password = "password-1"\n'


def written(tmp_path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path = tmp_path / "credentials.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def test_the_file_of_the_contract(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [[community]]                      # tried in the order of the file
        name = "public"
        networks = ["10.0.0.0/8", "2001:db8::/32"]
        [[community]]
        name = "geheim-ä"
        [[user]]                           # SNMPv3
        name = "monitor"
        auth = "sha256"
        auth_password = "correct horse"
        priv = "aes256-reeder"
        priv_key = "0xdeadBEEF"
        key_kind = "localised"
        context = "Jetdirect"
        """,
    )
    first, second, user = load_credentials(path)
    assert first == Community(Secret("public"), (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")))
    assert isinstance(second, Community)
    assert second.octets == "geheim-ä".encode()
    assert isinstance(user, User)
    assert (user.name, user.auth, user.priv, user.key_kind, user.context) == (
        "monitor",
        "sha256",
        "aes256-reeder",
        "localised",
        "Jetdirect",
    )
    assert user.auth_password == Secret("correct horse")
    assert user.priv_key == Secret("0xdeadBEEF")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["names no credential", "[[community]]"]),
        ("[[community]\n", ["not valid TOML", "line 1"]),
        ("\xff".encode("latin-1"), ["octet 0", "UTF-8"]),
        ("[[comunity]]\nname = 'p'", ["comunity", "only community and user"]),
        ("[[community]]\nnmae = 'p'\nname = 'x'", ["community[0]", "nmae"]),
        ("[[community]]\nname = 'x'\n[[community]]\nnetworks = []", ["community[1]", "name"]),
        ("[[community]]\nname = 7", ["community[0].name", "str"]),
        ("[[community]]\nname = ''", ["community[0].name", "0 octets"]),
        ("[[community]]\nname = '" + "c" * 256 + "'", ["community[0].name", "256 octets"]),
        ("[[community]]\nname = 'p'\nnetworks = '10.0.0.0/8'", ["community[0].networks"]),
        (
            "[[community]]\nname = 'p'\nnetworks = ['10.0.0.0/8', '10.0.0.1/8']",
            ["community[0].networks[1]", "host bits"],
        ),
        ("[[community]]\nname = 'p'\nnetworks = ['lan']", ["community[0].networks[0]", "10.0.0.0/8"]),
        ("community = 'public'", ["community"]),
        ("[[user]]\nname = ''", ["user[0].name"]),
        ("[[user]]\nname = 'm'\nauth = 'sha'", ["user[0].auth", "sha256"]),
        ("[[user]]\nname = 'm'\nauth = 'md5'", ["user[0].auth", "auth_password or auth_key"]),
        ("[[user]]\nname = 'm'\nauth_password = 'password-1'", ["user[0].auth", "is missing"]),
        ("[[user]]\n" + USER + "auth_key = 'aa'", ["user[0].auth", "either"]),
        ("[[user]]\nname = 'm'\nauth = 'md5'\nauth_password = 'short'", ["user[0].auth_password", "8"]),
        ("[[user]]\nname = 'm'\nauth = 'md5'\nauth_key = 'xyz'", ["user[0].auth_key", "hexadecimal"]),
        ("[[user]]\nname = 'm'\npriv = 'des'\npriv_password = 'password-1'", ["user[0].priv", "needs auth"]),
        ("[[user]]\n" + USER + "priv = 'aes512'", ["user[0].priv", "aes192-reeder"]),
        ("[[user]]\n" + USER + "priv = 'des'", ["user[0].priv", "priv_password or priv_key"]),
        ("[[user]]\n" + USER + "key_kind = 'other'", ["user[0].key_kind", "localised"]),
        ("[[user]]\n" + USER + "privacy = 'des'", ["user[0]", "privacy"]),
    ],
)
def test_a_fault_names_file_key_and_mend(tmp_path: Path, text: str | bytes, words: list[str]) -> None:
    path = written(tmp_path, text)
    with pytest.raises(CredentialsError) as caught:
        load_credentials(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    assert [word for word in words if word not in line] == []
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o601, 0o777])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, "[[community]]\nname = 'public'", mode)
    with pytest.raises(CredentialsError, match=f"open to others .mode {mode:04o}.: chmod 600"):
        load_credentials(path)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_is_read(tmp_path: Path, mode: int) -> None:
    assert len(load_credentials(written(tmp_path, "[[community]]\nname = 'public'", mode))) == 1


def test_what_is_no_readable_file(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="No such file"):
        load_credentials(tmp_path / "absent.toml")
    tmp_path.chmod(0o700)
    with pytest.raises(CredentialsError, match="not a file"):
        load_credentials(tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(CredentialsError, match="not a file"):
        load_credentials(pipe)


def test_the_size_of_a_file_is_limited(tmp_path: Path) -> None:
    text = b"[[community]]\nname = 'public'\n"
    whole = text + b"#" * (limits.CREDENTIALS_FILE_OCTETS - len(text))
    assert len(load_credentials(written(tmp_path, whole))) == 1
    with pytest.raises(CredentialsError, match="larger than"):
        load_credentials(written(tmp_path, whole + b"#"))


def test_each_goes_only_where_it_may() -> None:
    here = Community(Secret("here"), (ip_network("10.1.0.0/16"), ip_network("fd00::/8")))
    anywhere = Community(Secret("anywhere"))
    user = User(name="monitor", networks=(ip_network("10.2.0.0/16"),))
    everything = (here, anywhere, user)
    assert credentials_for(everything, "10.1.2.3") == (here, anywhere)
    assert credentials_for(everything, "fd12::1") == (here, anywhere)
    assert credentials_for(everything, "10.2.0.1") == (anywhere, user)
    assert credentials_for(everything, "192.0.2.1") == (anywhere,)


def test_users_are_kept_and_said_to_be_unread() -> None:
    public = Community(Secret("public"))
    assert describe_unread_users([public]) is None
    assert describe_unread_users([]) is None
    assert describe_unread_users([public, User(name="m")]) == (
        "1 SNMPv3 user is in the credentials, but ptscan does not speak SNMPv3 yet: only its communities are tried"
    )
    alone = describe_unread_users([User(name="m"), User(name="n")])
    assert alone is not None
    assert "2 SNMPv3 users are" in alone
    assert "no credential is left" in alone


class TestSecrets:
    MARK = "s3cr3t-mark"

    def test_print_nothing(self) -> None:
        secret = Secret(self.MARK)
        user = User(name="m", auth="md5", auth_password=secret, priv="des", priv_key=secret)
        for shown in (secret, Community(secret), user, [secret], {"a": secret}):
            for text in (str(shown), repr(shown), f"{shown}", f"{shown!r}", "%s %r" % (shown, shown)):  # noqa: UP031
                assert self.MARK not in text
                assert "<secret>" in text
        assert f"{secret:>12}" == "    <secret>"

    def test_compare_by_their_text(self) -> None:
        assert Secret("a") == Secret("a") != Secret("b")
        assert Secret("a") != "a"
        assert hash(Secret("a")) == hash(Secret("a"))
        assert Secret("ä\udcff") == Secret("ä\udcff")

    def test_do_not_leave_the_process(self) -> None:
        for leave in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError, match="pickled"):
                leave(Secret(self.MARK))

    def test_stay_out_of_the_errors_of_the_file(self, tmp_path: Path) -> None:
        for text in (
            f"[[community]]\nname = '{self.MARK}'\nname = '{self.MARK}'",
            f"[[community]]\nname = '{self.MARK}",
            f"[[community]]\nname = '{self.MARK}'\nnetworks = 5",
            f"[[community]]\nname = ['{self.MARK}']",
            f"[[community]]\nname = '{self.MARK * 40}'",
            f"[[user]]\nname = 'm'\nauth = 'md5'\nauth_key = '{self.MARK}'",
            f"[[user]]\nname = 'm'\nauth_password = '{self.MARK}'",
        ):
            with pytest.raises(CredentialsError) as caught:
                load_credentials(written(tmp_path, text))
            assert self.MARK not in "".join(traceback.format_exception(caught.value))

    async def test_stay_out_of_sessions_answers_and_logs(
        self, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        community = Community(Secret(self.MARK))
        session = client.session("127.30.0.97", 9, credentials=(community,), retries=0)
        answer = await session.get([b"\x2b\x06\x01"])
        for shown in (
            session,
            session._device,
            session._device.dialects,
            session._device.manners,
            session.traffic,
            answer,
            client,
        ):
            assert self.MARK not in repr(shown)
        assert self.MARK not in caplog.text


def test_a_community_has_octets_and_not_too_many() -> None:
    assert Community(Secret("c" * limits.COMMUNITY_OCTETS)).octets == b"c" * limits.COMMUNITY_OCTETS
    for name in ("", "c" * (limits.COMMUNITY_OCTETS + 1)):
        with pytest.raises(InputError, match="octets"):
            Community(Secret(name))
