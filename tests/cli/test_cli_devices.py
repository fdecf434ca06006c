"""A device that brings a bug of ours to light costs its own reading alone."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from codec import OBJECT_IDENTIFIER, OCTET_STRING, Varbind, parse_oid
from ptscan.cli.devices import read_at
from ptscan.profiles import Kind, ProfileSet, load_profiles
from ptscan.snmp import Community, Secret, open_client


class Stumbling(ProfileSet):
    """Knowledge with a bug in it."""

    def classify(self, sys_object_id: str | None, sys_descr: str | None) -> Kind:
        raise ZeroDivisionError("too clever")


async def test_a_bug_is_told_and_kept_and_ends_nothing(
    responder_at: Callable[..., AbstractContextManager[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    rows: list[Varbind] = [
        (parse_oid("1.3.6.1.2.1.1.1.0"), OCTET_STRING, b"HP ETHERNET MULTI-ENVIRONMENT"),
        (parse_oid("1.3.6.1.2.1.1.2.0"), OBJECT_IDENTIFIER, parse_oid("1.3.6.1.4.1.11.2.3.9.1")),
    ]
    with responder_at(rows) as endpoint:
        host, _, port = endpoint.partition(":")
        async with open_client() as client:
            session = client.session(host, int(port), credentials=[Community(Secret("public"))])
            done = await read_at(session, Stumbling(load_profiles().profiles))
    assert done.device is None
    assert done.fault is not None
    assert done.fault.startswith("this is a bug in ptscan, ZeroDivisionError: too clever; the detail is in ")
    assert "too clever" in only_text_in(tmp_path)


def only_text_in(folder: Path) -> str:
    (path,) = folder.iterdir()
    return path.read_text()
