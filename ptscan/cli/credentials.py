"""``ptscan credentials check``: which entries of a credentials file a device lets in, and why not the others."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
import trio

from codec import AUTH_PROTOCOLS, PRIV_PROTOCOLS, Oid, parse_oid
from ptscan.cli.delivery import open_delivery
from ptscan.cli.endpoints import parse_endpoint, shown
from ptscan.cli.exits import Exit
from ptscan.cli.flat import Grid, Shape
from ptscan.cli.formats import format_of
from ptscan.cli.options import DEFAULT_SHOWING, Address, Asking, Option, Port, Retries, Seconds, Showing
from ptscan.cli.ways import address_of, client_settings, what_failed
from ptscan.cli.words import Words, counted
from ptscan.snmp import (
    Answer,
    Client,
    Community,
    Credential,
    Outcome,
    Session,
    User,
    Version,
    credentials_for,
    load_credentials,
    open_client,
    out_of_turn,
)

DEFAULT_RETRIES: Final = 1  # a wrong community is met by silence, and each has its wait

_SYS_OBJECT_ID: Final[Oid] = parse_oid("1.3.6.1.2.1.1.2.0")
_MANY: Final = "they try 16 communities and 16 users on a device: limit entries by networks"
_SHOWS_NOTHING: Final = "shows not even what it is (sysObjectID): see the rights (views) on the device"
_REEDER: Final = "-reeder"
_DECIPHERED_NOTHING: Final = frozenset({Outcome.SILENT, Outcome.DECRYPTION_ERROR})
_SAYS_NOTHING: Final = frozenset({Outcome.SILENT, Outcome.MALFORMED})


class Check(msgspec.Struct, frozen=True):
    """What became of one entry: ``entry`` is its name in errors of the file, ``version`` the one that it works in.

    ``outcome`` is an ``Outcome``'s value and ``text`` tells a person what to do about it, and of one
    that works that it may read nothing; both without any secret.
    """

    entry: str
    user: str | None
    level: str | None
    auth: str | None
    priv: str | None
    works: bool
    version: str | None
    outcome: str
    text: str | None


def credentials_check(
    file: Annotated[Path, Option(name="FILE", help="A credentials file (TOML), readable by you alone.")],
    address: Address,
    /,
    *,
    port: Port = 161,
    timeout: Seconds | None = None,
    retries: Retries = DEFAULT_RETRIES,
    showing: Showing = DEFAULT_SHOWING,
) -> int:
    """Try each entry of a credentials file on its own against one device, and say which of them it lets in.

    Parameters
    ----------
    port
        UDP port of the device.
    timeout
        How long to wait for an answer before asking again, 1 if not said.
    retries
        How often to ask again.
    """
    asking = Asking(port=port, timeout=timeout, retries=retries)
    return trio.run(_check, file, address, asking, showing)


async def _check(file: Path, text: str, asking: Asking, showing: Showing) -> Exit:
    words = Words(quiet=showing.quiet)
    format_of(showing)  # what is wrong with it is said before anything else happens
    endpoint = parse_endpoint(text, asking.port)
    entries = _named(load_credentials(file))
    address = await address_of(endpoint)
    checks: list[Check] = []
    with open_delivery(CHECKS, showing, words) as delivery:

        async def check_each() -> None:
            async with open_client(client_settings(asking)) as client:
                device = _Device(client, address, endpoint.port)
                for name, credential in entries:
                    delivery.screen.step("trying", len(checks), len(entries))
                    checks.append(await device.check(name, credential))
                    delivery.give(checks[-1:])

        interrupted = await delivery.run(check_each)
    working = sum(check.works for check in checks)
    verb = "works" if 1 in (working, len(entries)) else "work"
    words.say(f"{working:,} of {counted(len(entries), 'entry', 'entries')} {verb} at {shown(address, endpoint.port)}")
    if late := out_of_turn([credential for _, credential in entries], address):
        those = counted(len(late), "entry", "entries")
        words.complain(f"{those} that may go there come too late in the file for other verbs: {_MANY}")
    if interrupted:
        words.complain(f"interrupted: {len(checks):,} of {counted(len(entries), 'entry', 'entries')} were tried")
        return Exit.INTERRUPTED
    return Exit.DONE if working else Exit.FAILED


def _named(credentials: Sequence[Credential]) -> list[tuple[str, Credential]]:
    """Return each with its name in the file."""
    communities = [one for one in credentials if isinstance(one, Community)]
    users = [one for one in credentials if isinstance(one, User)]
    return [
        *((f"community[{place}]", community) for place, community in enumerate(communities)),
        *((f"user[{place}]", user) for place, user in enumerate(users)),
    ]


class _Device:
    """Tries one credential after the other on a device."""

    def __init__(self, client: Client, address: str, port: int) -> None:
        self._client = client
        self._place = address, port
        self._deaf: Answer | None = None
        """What came of asking for its engine where nothing came: it would not hear another user either."""

    async def check(self, name: str, credential: Credential) -> Check:
        """Ask with one credential: as a user in version 3, with a community in 2c and, where nothing comes, in 1."""
        version: Version
        if isinstance(credential, User):
            answer, version = await self._ask_as_user(credential), "3"
        else:
            answer, version = await self._ask_in("2c", credential), "2c"
            if answer.outcome in _SAYS_NOTHING:
                second = await self._ask_in("1", credential)
                if second.outcome is not Outcome.SILENT:
                    answer, version = second, "1"
        text = None if answer.values else _SHOWS_NOTHING
        if answer.outcome is not Outcome.OK:
            text = what_failed(self._place, answer.problems[0].text, answer.outcome)
            if answer.outcome in _DECIPHERED_NOTHING and answer is not self._deaf:
                text += _other_extension(credential)
        return _check_of(name, credential, version, answer.outcome, text)

    async def _ask_as_user(self, user: User) -> Answer:
        if self._deaf is not None and credentials_for((user,), self._place[0]):
            return self._deaf
        session = self._session(user, "3")
        answer = await session.get([_SYS_OBJECT_ID])
        if answer.outcome in _SAYS_NOTHING and session.engine_id is None:
            self._deaf = answer
        return answer

    async def _ask_in(self, version: Version, community: Community) -> Answer:
        return await self._session(community, version).get([_SYS_OBJECT_ID])

    def _session(self, credential: Credential, version: Version) -> Session:
        return self._client.session(*self._place, credentials=(credential,), version=version, accept_other_source=True)


def _check_of(name: str, credential: Credential, version: Version, outcome: Outcome, text: str | None) -> Check:
    user = credential if isinstance(credential, User) else None
    works = outcome is Outcome.OK
    return Check(
        entry=name,
        user=user.name if user else None,
        level=user.level if user else None,
        auth=user.auth if user else None,
        priv=user.priv if user else None,
        works=works,
        version=version if works else None,
        outcome=outcome.value,
        text=text,
    )


def _other_extension(credential: Credential) -> str:
    """Return the hint at the cipher of the same name whose keys are extended in the other way, where there is one."""
    if isinstance(credential, Community) or credential.auth is None or credential.priv is None:
        return ""
    cipher, suffix, _ = credential.priv.partition(_REEDER)
    other = cipher if suffix else cipher + _REEDER
    extended = PRIV_PROTOCOLS[credential.priv].key_octets > AUTH_PROTOCOLS[credential.auth].key_octets
    return f", or try {other}, which makes its key in another way" if extended and other in PRIV_PROTOCOLS else ""


def _wide(checks: Sequence[Check]) -> Grid:
    return Grid(Check.__struct_fields__, [msgspec.structs.astuple(check) for check in checks])


def _short(checks: Sequence[Check]) -> Grid:
    header = ("entry", "user", "security", "works", "what the device says")
    return Grid(header, [_short_row(check) for check in checks])


def _short_row(check: Check) -> tuple[str | None, ...]:
    security = " ".join(filter(None, (check.level, check.auth, check.priv))) or "community"
    works = f"in v{check.version}" if check.works else "no"
    if check.outcome == Outcome.NO_CREDENTIAL.value:
        works = "not tried"
    text = check.text and check.text.removeprefix(f"SNMPv3 user {check.user!r} ")
    return check.entry, check.user, security, works, text


CHECKS: Final = Shape[Check](_wide, _short)
