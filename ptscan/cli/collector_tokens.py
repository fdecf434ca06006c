"""``ptscan collector token create``, ``list`` and ``revoke``: who may become an agent."""

import time
from typing import Annotated, Final

import msgspec
from sqlalchemy import Connection

from ptscan.cli.collector_place import (
    Folder,
    NoSuchThingError,
    give_out,
    open_collector,
    path_of,
    paths_of,
    settings_of,
    typed,
)
from ptscan.cli.destination import print_data
from ptscan.cli.exits import Exit
from ptscan.cli.flat import Shape
from ptscan.cli.listing import listed
from ptscan.cli.options import DEFAULT_SHOWING, Option, Showing, whole
from ptscan.cli.times import DAY, instant, span
from ptscan.cli.words import Words, counted
from ptscan.collector import (
    Entity,
    Token,
    add_token,
    ensure_entity,
    list_tokens,
    new_token,
    open_authority,
    open_store,
    revoke_token,
    token_digest,
)
from ptscan.tls import write_token

MOST_USES: Final = 10_000
LIFE: Final = 3_600.0
SHORTEST_LIFE: Final = 60.0
LONGEST_LIFE: Final = 365 * DAY


class TokenRow(msgspec.Struct, frozen=True):
    """A token as it is shown: all but what would let anybody use it."""

    id: int
    entity: str
    state: str
    uses: int
    used: int
    created_at: str | None
    expires_at: str | None
    used_at: str | None
    revoked_at: str | None
    note: str | None


def token_create(
    *,
    entity: Annotated[str, Option(metavar="NAME")],
    uses: Annotated[int, Option(whole("number of uses", 1, MOST_USES), metavar="N")] = 1,
    expires: Annotated[
        float, Option(span(SHORTEST_LIFE, LONGEST_LIFE), metavar="1h|24h|7d", show_default=False)
    ] = LIFE,
    note: Annotated[str | None, Option(metavar="TEXT")] = None,
    quiet: Annotated[bool, Option(show_default=False)] = False,
    folder: Folder = None,
) -> int:
    """Make a token, the only thing on standard output: whoever shows it becomes an agent of an entity.

    Parameters
    ----------
    entity
        Where its agents belong: a path such as "ACME/Berlin", made where it is not there.
    uses
        How many agents may enrol with it.
    expires
        How long it is good. [default: 1h]
    note
        What it is for, shown in the list.
    quiet
        No words on standard error.
    """
    words = Words(quiet=quiet)
    config = settings_of(folder)
    with open_store(config.database, create=False) as store:
        token = new_token(open_authority(config.authority).root)
        now = time.time()

        def add(connection: Connection) -> tuple[Entity, int]:
            place = ensure_entity(connection, typed(entity), now=now)
            digest = token_digest(token)
            return place, add_token(
                connection, digest, entity_id=place.id, now=now, expires_at=now + expires, uses=uses, note=note
            )

        place, number = store.write(add)
        print_data(f"{write_token(token)}\n")
        words.say(
            f"token {number}: for {path_of(place)}, good for {counted(uses, 'agent')} until {instant(now + expires)}; "
            f"it is shown this once. On the agent's machine: "
            f"ptscan agent enrol https://{config.names[0]}:{config.listen.port} --token TOKEN"
        )
    return Exit.DONE


def token_list(
    *,
    all: Annotated[bool, Option(show_default=False)] = False,
    showing: Showing = DEFAULT_SHOWING,
    folder: Folder = None,
) -> int:
    """List the tokens that are good still.

    Parameters
    ----------
    all
        Also those that are used up, expired or revoked.
    """
    now = time.time()

    def read(connection: Connection) -> list[TokenRow]:
        paths = paths_of(connection)
        rows = [_row(token, paths, now) for token in list_tokens(connection)]
        return [row for row in rows if all or row.state == "open"]

    give_out(TOKENS, showing, folder, read)
    return Exit.DONE


def token_revoke(
    token: Annotated[int, Option(whole("token's number", 1, 2**63 - 1), name="ID", help="As token list shows it.")],
    /,
    *,
    folder: Folder = None,
) -> int:
    """Make a token worthless; agents that enrolled with it stay."""
    with open_collector(folder) as store:
        if not store.write(revoke_token, token, now=time.time()):
            known = any(one.id == token for one in store.read(list_tokens))
            if not known:
                raise NoSuchThingError(f"there is no token {token}: ptscan collector token list --all names them")
            Words().say(f"token {token} was revoked already")
    return Exit.DONE


def _row(token: Token, paths: dict[int, str], now: float) -> TokenRow:
    state = "open"
    if token.revoked_at is not None:
        state = "revoked"
    elif token.used >= token.uses:
        state = "used-up"
    elif token.expires_at <= now:
        state = "expired"
    return TokenRow(
        id=token.id,
        entity=paths[token.entity_id],
        state=state,
        uses=token.uses,
        used=token.used,
        created_at=instant(token.created_at),
        expires_at=instant(token.expires_at),
        used_at=instant(token.used_at),
        revoked_at=instant(token.revoked_at),
        note=token.note,
    )


TOKENS: Final[Shape[TokenRow]] = listed(TokenRow, "id", "entity", "state", "used", "uses", "expires_at", "note")
