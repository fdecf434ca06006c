"""What an operation brought back: an outcome, the varbinds that were read, and what went wrong on the way."""

from enum import Enum
from typing import Final

import msgspec

from codec import END_OF_MIB_VIEW, NO_SUCH_INSTANCE, NO_SUCH_OBJECT, NULL, Oid, Varbind
from proto_schema import Problem

_NO_VALUE = frozenset({NULL, NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW})


class Outcome(Enum):
    """How an operation ended. Expected misfortune is one of these, never an exception."""

    OK = "ok"
    SILENT = "silent"
    """No answer to any try."""
    REFUSED = "refused"
    """The device answered that this community may not (authorizationError, noAccess)."""
    UNREACHABLE = "unreachable"
    """A router, the device or this machine said that nothing is there (ICMP, no route)."""
    NOT_SENT = "not-sent"
    """This machine refused to send the request."""
    UNKNOWN_USER = "unknown-user"
    """SNMPv3: the device knows none of the users; this and the next six are its own Reports."""
    WRONG_DIGEST = "wrong-digest"
    """It knows the user, but the authentication password or protocol is another one."""
    UNSUPPORTED_LEVEL = "unsupported-security-level"
    """It wants more or less authentication or privacy of this user."""
    DECRYPTION_ERROR = "decryption-error"
    """It could not decipher the request: the privacy password or protocol is another one."""
    NOT_IN_TIME_WINDOW = "not-in-time-window"
    """Its clock does not agree with itself, or has to be set up anew."""
    UNKNOWN_ENGINE = "unknown-engine"
    """It denies the engine ID that it gave."""
    UNKNOWN_CONTEXT = "unknown-context"
    """It has no such context."""
    MALFORMED = "malformed"
    """The device answered, and nothing that it sent could be decoded."""
    DEVICE_ERROR = "device-error"
    """The device answered nothing but errors."""
    NO_CREDENTIAL = "no-credential"
    """No credential may go to this address, so nothing was sent."""
    ENDED_EARLY = "ended-early"
    """Something was read, then it stopped: ``problems`` says why (loop, cap, deadline, silence)."""


_STRANGE: Final = frozenset({Outcome.UNKNOWN_USER, Outcome.NO_CREDENTIAL})
_UNFIT: Final = frozenset(
    {
        Outcome.REFUSED,
        Outcome.WRONG_DIGEST,
        Outcome.UNSUPPORTED_LEVEL,
        Outcome.DECRYPTION_ERROR,
        Outcome.NOT_IN_TIME_WINDOW,
        Outcome.UNKNOWN_ENGINE,
        Outcome.UNKNOWN_CONTEXT,
    }
)


def is_strange(outcome: Outcome) -> bool:
    """Return whether a device knows none of the users, or none may go there: it may well be somebody else's."""
    return outcome in _STRANGE


def is_unfit(outcome: Outcome) -> bool:
    """Return whether a device knows a user and lets nobody in all the same: a password, protocol or level is wrong."""
    return outcome in _UNFIT


class Answer(msgspec.Struct, frozen=True, gc=False):
    """The result of one operation.

    ``varbinds``: for a GET in the order asked, the exceptions (noSuchObject, …) among them; an OID that a v1 device
    refuses by noSuchName stands there as noSuchObject. For a walk in the order read, for columns one column after
    the other, both without exceptions.
    """

    outcome: Outcome
    varbinds: tuple[Varbind, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def values(self) -> dict[Oid, Varbind]:
        """The varbinds that carry a value, by name; made anew at each call."""
        return {varbind[0]: varbind for varbind in self.varbinds if varbind[1] not in _NO_VALUE}
