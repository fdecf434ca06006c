"""Credentials: the file's every fault is one line that names file, key and mend; no secret is ever printed."""

import copy
import logging
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict, astuple
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ptscan.errors import InputError
from ptscan.snmp import (
    Client,
    Community,
    CredentialsError,
    Secret,
    User,
    credentials_for,
    limits,
    load_credentials,
    out_of_turn,
)
from ptscan.snmp.credentials import Network, find_double

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
        priv_key = "0xdeadBEEFdeadBEEFdeadBEEFdeadBEEFdeadBEEFdeadBEEFdeadBEEFdeadBEEF"
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
    assert user.priv_key == Secret("0x" + "deadBEEF" * 8)
    assert user.level == "authPriv"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["names no credential", "[[community]]"]),
        ("[[community]\n", ["not valid TOML", "line 1"]),
        ("\xff".encode("latin-1"), ["octet 0", "UTF-8"]),
        ("x = " + "[" * 100_000, ["nested too deeply"]),
        ("x = " + "1" * 5_000, ["number", "too long"]),
        ("[[comunity]]\nname = 'p'", ["unknown field, community mistyped?", "only community and user"]),
        ("[[community]]\nnmae = 'p'\nname = 'x'", ["community[0]", "unknown field, name mistyped?"]),
        ("[[community]]\nname = 'x'\n[[community]]\nnetworks = []", ["community[1]: has no name"]),
        ("[[user]]\nauth = 'md5'", ["user[0]: has no name: write it as name"]),
        ("[[community]]\nname = 7", ["community[0].name", "put it in quotes"]),
        ("[[user]]\nname = 'm'\nauth = 'md5'\nauth_password = 12345678", ["user[0].auth_password", "in quotes"]),
        ("[[community]]\nname = ''", ["community[0].name", "0 octets"]),
        ("[[community]]\nname = '" + "c" * 256 + "'", ["community[0].name", "256 octets"]),
        ("[[community]]\nname = 'p'\nnetworks = '10.0.0.0/8'", ["community[0].networks", 'as ["…"]']),
        (
            "[[community]]\nname = 'p'\nnetworks = ['10.0.0.0/8', '10.0.0.1/8']",
            ["community[0].networks[1]", "host bits"],
        ),
        ("[[community]]\nname = 'p'\nnetworks = ['lan']", ["community[0].networks[0]", "as 10.0.0.0/8"]),
        ("community = 'public'", ["community", "as [[community]], with two brackets"]),
        ("[user]\nname = 'm'", ["user", "as [[user]], with two brackets"]),
        ("[[user]]\nname = ''", ["user[0].name", "1 to 32 are allowed"]),
        ("[[user]]\nname = '" + "ü" * 16 + "m'", ["user[0].name", "33 octets", "1 to 32"]),
        ("[[user]]\n" + USER + "context = '" + "c" * 256 + "'", ["user[0].context", "256 octets", "0 to 255"]),
        ("[[user]]\nname = 'm'\nauth = 'sha'", ["user[0].auth", "sha1", "sha256"]),
        ("[[user]]\nname = 'm'\nauth = 'md5'", ["user[0].auth", "auth_password or auth_key"]),
        ("[[user]]\nname = 'm'\nauth_password = 'password-1'", ["user[0].auth", "is missing"]),
        ("[[user]]\n" + USER + "auth_key = 'aa'", ["user[0].auth", "either"]),
        ("[[user]]\nname = 'm'\nauth = 'md5'\nauth_password = 'short-1'", ["user[0].auth_password", "7 octets", "8"]),
        ("[[user]]\n" + USER + "priv = 'des'\npriv_password = ''", ["user[0].priv_password", "0 octets", "8"]),
        ("[[user]]\nname = 'm'\nauth = 'md5'\nauth_key = 'xyz'", ["user[0].auth_key", "hexadecimal"]),
        ("[[user]]\nname = 'm'\npriv = 'des'\npriv_password = 'password-1'", ["user[0].priv", "needs auth"]),
        ("[[user]]\n" + USER + "priv = 'aes512'", ["user[0].priv", "aes192-reeder"]),
        ("[[user]]\n" + USER + "priv = 'des'", ["user[0].priv", "priv_password or priv_key"]),
        (
            "[[user]]\n" + USER + "priv = 'des'\npriv_password = 'password-1'\npriv_key = 'aa'",
            ["user[0].priv", "either"],
        ),
        ("[[user]]\nname = 'm'\nauth = 'md5'\nauth_key = '" + "a" * 31 + "'", ["user[0].auth_key", "two digits"]),
        ("[[user]]\nname = 'm'\nauth = 'md5'\nauth_key = '0x'", ["user[0].auth_key", "hexadecimal"]),
        ("[[user]]\nname = 'm'\npriv_key = 'aa'", ["user[0].priv", "is missing"]),
        ("[[user]]\n" + USER + "key_kind = 'other'", ["user[0].key_kind", "localised"]),
        ("[[user]]\n" + USER + "\n[[user]]\n" + USER, ["user[1]", "same as user[0]", "leave one"]),
        ("[[community]]\nname='p'\n[[community]]\nname='p'", ["community[1]", "same as community[0]", "leave one"]),
        ("[[community]]\nname = 'p'\n" * 513 + "[[user]]\nname = 'u'\n" * 512, ["1025 credentials", "1024"]),
        (
            "[[community]]\nname = 'p'\nnetworks = [" + "'10.0.0.1'," * 1025 + "]",
            ["community[0].networks", "1025", "1024"],
        ),
        ("[[user]]\n" + USER + "privacy = 'des'", ["user[0]", "priv mistyped?", "docs/snmpv3.md"]),
        ("[[user]]\n" + USER + "colour = 'des'", ["user[0]: there is an unknown field; only"]),
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


SOUND = """[[community]]
name = "s3cr3t-mark"
networks = ["10.0.0.0/8", "fd00::/8"]
[[user]]
name = "monitor"
auth = "sha256"
auth_password = "s3cr3t-mark"
priv = "aes256"
priv_key = "5ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4"
key_kind = "localised"
"""
WORDS = [
    "[",
    "]",
    '"',
    "\n",
    "=",
    "name",
    "auth",
    "priv",
    "user",
    "community",
    "s3cr3t-mark",
    "5ec4e7",
    "{",
    "0",
    "\\",
    "ü",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SOUND)), st.integers(0, 12), st.sampled_from(WORDS)), max_size=4))
def test_a_file_with_slips_is_read_or_refused_in_one_line_without_a_secret(
    tmp_path: Path, slips: list[tuple[int, int, str]]
) -> None:
    text = SOUND
    for at, length, word in slips:
        text = text[:at] + word + text[at + length :]
    line = told = ""
    try:
        load_credentials(written(tmp_path, text))
    except CredentialsError as error:
        line, told = str(error), "".join(traceback.format_exception(error))
    assert "\n" not in line
    assert "s3cr3t" not in told
    assert "5ec4e7" not in told


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


def test_of_very_many_the_last_are_out_of_turn() -> None:
    here = (ip_network("10.1.0.0/16"),)
    many = limits.CREDENTIALS_PER_DEVICE
    communities = [Community(Secret(f"c-{number}")) for number in range(many + 1)]
    users = [User(name=f"u-{number}", networks=here) for number in range(many + 2)]
    everything = [*communities, *users]
    assert out_of_turn(everything, "10.1.2.3") == (communities[-1], *users[-2:])
    assert out_of_turn(everything, "10.2.0.1") == (communities[-1],)
    assert out_of_turn([*communities[1:], *users[2:]], "10.1.2.3") == ()


# Octets of a key by auth, by priv, and whether a localised key of the first has to be stretched again for the second.
HASHES = {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
CIPHERS = {
    "des": 16,
    "3des": 32,
    "aes128": 16,
    "aes192": 24,
    "aes256": 32,
    "aes192-reeder": 24,
    "aes256-reeder": 32,
}
STRETCHED = {"3des", "aes192-reeder", "aes256-reeder"}


@pytest.mark.parametrize("auth", HASHES)
@pytest.mark.parametrize("priv", CIPHERS)
def test_a_key_has_the_octets_of_its_protocols_and_no_other(auth: str, priv: str) -> None:
    hash_octets, cipher_octets = HASHES[auth], CIPHERS[priv]
    right = {
        "master": {hash_octets},
        "localised": {hash_octets, cipher_octets}
        if hash_octets >= cipher_octets or priv not in STRETCHED
        else {cipher_octets},
    }
    for kind, sizes in right.items():
        for size in range(1, 70):
            secret = Secret("0x" * (size % 2) + "5a" * size)
            key = {"auth": auth, "auth_key": secret, "key_kind": kind}
            if size == hash_octets:
                User(name="m", **key)
            else:
                with pytest.raises(InputError, match=f"auth_key has {size} octets: .* has {hash_octets}$"):
                    User(name="m", **key)
            key = {"auth": auth, "auth_password": Secret("password-1"), "priv": priv, "priv_key": secret}
            if size in sizes:
                User(name="m", key_kind=kind, **key)
            else:
                with pytest.raises(InputError, match=f"priv_key has {size} octets"):
                    User(name="m", key_kind=kind, **key)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "name has 0 octets"),
        ({"name": "n" * 33}, "name has 33 octets"),
        ({"name": "m\udcff"}, "name has characters that UTF-8 cannot write"),
        ({"name": "m", "context": "\ud800"}, "context has characters"),
        ({"name": "m", "auth": "md5", "auth_password": Secret("\udcff" * 9)}, "auth_password has characters"),
        ({"name": "m", "auth": "MD5", "auth_password": Secret("password-1")}, "auth is none of md5, sha1"),
        ({"name": "m", "priv": "des", "priv_password": Secret("password-1")}, "priv needs auth"),
        ({"name": "m", "auth": "md5"}, "auth needs either"),
        ({"name": "m", "auth": "md5", "auth_password": Secret("passwor")}, "auth_password has 7 octets: 8 at least"),
    ],
)
def test_a_user_made_in_code_is_held_to_the_same(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=f"an SNMPv3 user's {words}"):
        User(**fields)


def test_what_is_just_long_enough() -> None:
    User(name="ü" * 16, context="c" * 255)
    User(name="m", auth="md5", auth_password=Secret("ümläutß"))  # octets count, as in the hash that is made of them
    User(name="m", auth="md5", auth_password=Secret("p" * 8), priv="des", priv_password=Secret("q" * 8))


def test_a_user_says_its_level() -> None:
    secret = Secret("password-1")
    assert User(name="m").level == "noAuthNoPriv"
    assert User(name="m", auth="md5", auth_password=secret).level == "authNoPriv"
    assert User(name="m", auth="md5", auth_password=secret, priv="des", priv_password=secret).level == "authPriv"


def test_nobody_loads_the_keys_of_users_without_having_one() -> None:
    lines = (
        "import sys; from pathlib import Path; from ptscan.snmp import Secret, User, load_credentials",
        "print('codec.usm' in sys.modules, 'tomllib' in sys.modules)",
        "User(name='m'); print('codec.usm' in sys.modules)",
        "User(name='m', auth='md5', auth_password=Secret('password-1')); print('codec.usm' in sys.modules)",
        "print('cryptography' in sys.modules)",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False", "True", "False"]


class TestDoubles:
    """Of two that are the same, and may go to one address, the second is in vain."""

    HERE = (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))
    BESIDE = (ip_network("10.0.0.0/16"), ip_network("10.2.0.0/15"), ip_network("fe80::/10"))
    WITHIN = (ip_network("192.0.2.0/24"), ip_network("10.1.2.3/32"))

    @staticmethod
    def user(**changes: Any) -> User:
        fields = {"name": "m", "auth": "md5", "auth_password": Secret("password-1"), **changes}
        return User(**fields)

    @pytest.mark.parametrize(
        ("first", "second", "double"),
        [
            ((), (), True),
            ((), HERE, True),
            (HERE, (), True),
            (HERE, HERE, True),
            (HERE, WITHIN, True),
            (WITHIN, HERE, True),
            (BESIDE, HERE[1:] + WITHIN[1:], False),
            (HERE, BESIDE, False),
            (HERE[:1], HERE[1:], False),
        ],
    )
    def test_networks_tell_them_apart(
        self, first: tuple[Network, ...], second: tuple[Network, ...], double: bool
    ) -> None:
        other = Community(Secret("other"))
        pair = [other, Community(Secret("c"), first), other, Community(Secret("c"), second)]
        assert find_double(pair[1:]) == ((0, 2) if double else None)
        users = [self.user(networks=first), self.user(name="other"), self.user(networks=second)]
        assert find_double(users) == ((0, 2) if double else None)

    def test_networks_of_one_may_lie_within_each_other(self) -> None:
        assert find_double([Community(Secret("c"), (ip_network("10.0.0.0/8"), ip_network("10.1.0.0/16")))]) is None

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": "n"},
            {"auth": "sha1"},
            {"auth_password": Secret("password-2")},
            {"auth_password": None, "auth_key": Secret("aa" * 16)},
            {"priv": "des", "priv_password": Secret("password-1")},
            {"context": "Jetdirect"},
        ],
    )
    def test_devices_may_differ_in_a_user(self, changes: dict[str, Any]) -> None:
        assert find_double([self.user(), self.user(**changes)]) is None

    def test_a_key_is_the_same_however_it_is_written(self) -> None:
        key: dict[str, Any] = {"auth_password": None, "auth_key": Secret("aB" * 16)}
        written = {**key, "auth_key": Secret("0X" + "Ab" * 16)}
        assert find_double([self.user(**key), self.user(**written)]) == (0, 1)
        assert find_double([self.user(**key), self.user(**written, key_kind="localised")]) is None

    def test_many_networks_are_compared_at_once(self) -> None:
        """1,024 entries of 1,024 networks each would be 10^12 pairs."""
        whole = list(ip_network("10.0.0.0/8").subnets(new_prefix=21))
        entries = [Community(Secret("c"), tuple(whole[start::64])) for start in range(64)]
        assert find_double(entries) is None
        assert find_double([*entries, Community(Secret("c"), (whole[9],))]) == (9, 64)


class TestSecrets:
    MARK = "s3cr3t-mark"

    def test_print_nothing(self) -> None:
        secret = Secret(self.MARK)
        key = Secret("5ec4e7" * 5 + "00")
        user = User(name="m", auth="md5", auth_password=secret, priv="des", priv_key=key)
        for shown in (secret, Community(secret), user, [secret], {"a": secret}):
            for text in (str(shown), repr(shown), f"{shown}", f"{shown!r}", "%s %r" % (shown, shown)):  # noqa: UP031
                assert self.MARK not in text
                assert "5ec4e7" not in text
                assert "<secret>" in text
        assert f"{secret:>12}" == "    <secret>"

    def test_compare_by_their_text(self) -> None:
        assert Secret("a") == Secret("a") != Secret("b")
        assert Secret("a") != "a"
        assert hash(Secret("a")) == hash(Secret("a"))
        assert Secret("ä\udcff") == Secret("ä\udcff")

    @pytest.mark.parametrize("leave", [pickle.dumps, copy.copy, copy.deepcopy, msgspec.json.encode, vars])
    def test_do_not_leave_the_process(self, leave: Callable[[object], object]) -> None:
        with pytest.raises(TypeError) as caught:
            leave(Secret(self.MARK))
        assert self.MARK not in str(caught.value)

    @pytest.mark.parametrize("leave", [asdict, astuple, pickle.dumps, msgspec.json.encode, msgspec.to_builtins])
    def test_nor_do_users_that_have_one(self, leave: Callable[[object], object]) -> None:
        with pytest.raises(TypeError) as caught:
            leave(User(name="m", auth="md5", auth_password=Secret(self.MARK)))
        assert self.MARK not in str(caught.value)

    def test_stay_out_of_the_errors_of_the_file(self, tmp_path: Path) -> None:
        for text in (
            f"[[community]]\nname = '{self.MARK}'\nname = '{self.MARK}'",
            f"[[community]]\nname = '{self.MARK}",
            f"[[community]]\nname = '{self.MARK}'\nnetworks = 5",
            f"[[community]]\nname = ['{self.MARK}']",
            f"[[community]]\nname = '{self.MARK * 40}'",
            f"[[user]]\nname = 'm'\nauth = 'md5'\nauth_key = '{self.MARK}'",
            f"[[user]]\nname = 'm'\nauth_password = '{self.MARK}'",
            f"[[user]]\nname = 'm'\nauth = '{self.MARK}'",
            f"[[user]]\nname = 'm'\nauth = 'md5'\nauth_password = '{self.MARK}'\npriv = '{self.MARK}'",
            f"[[user]]\nname = 'm'\nauth = 'md5'\nauth_password = '{self.MARK}'\nauth_key = 'aa'",
            f"[[user]]\nname = 'm'\nkey_kind = '{self.MARK}'",
            f"[[user]]\nname = '{self.MARK * 4}'",
            f"[[community]]\nname = 'p'\nnetworks = ['{self.MARK}']",
            f"[[community]]\nname = '{self.MARK}'\n" * 2,
        ):
            with pytest.raises(CredentialsError) as caught:
                load_credentials(written(tmp_path, text))
            assert self.MARK not in "".join(traceback.format_exception(caught.value))

    def test_are_known_to_who_keeps_them_out_of_a_recording(self) -> None:
        assert Community(Secret("ä")).secrets == ("ä".encode(),)
        assert User(name="m").secrets == ()
        user = User(
            name="m",
            auth="md5",
            auth_password=Secret("password-1"),
            priv="des",
            priv_key=Secret("0x" + "5A" * 16),
        )
        assert user.secrets == (b"password-1", b"0x" + b"5A" * 16, b"\x5a" * 16)

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
