"""From what was typed to what is tried: the credentials, and the version of SNMP."""

import os
from typing import TYPE_CHECKING, Final

from ptscan.cli.options import Asking
from ptscan.cli.words import Words
from ptscan.errors import InputError
from ptscan.snmp import Community, Credential, Secret, describe_unread_users, load_credentials

if TYPE_CHECKING:
    from ptscan.snmp import Version

COMMUNITY_VARIABLE: Final = "PTSCAN_COMMUNITY"
DEFAULT_COMMUNITY: Final = "public"


class WayError(InputError):
    """The options name no way to ask a device."""


def credentials_of(asking: Asking, words: Words) -> tuple[Credential, ...]:
    """Return the credentials to try, in order: those of the options, then of the file, else of the environment.

    ``public`` is tried only where none was given. Raises WayError and CredentialsError.
    """
    credentials: tuple[Credential, ...] = tuple(Community(Secret(text)) for text in asking.community)
    if asking.credentials is not None:
        from_file = load_credentials(asking.credentials)
        unread = describe_unread_users(from_file)
        if unread is not None:
            if not any(isinstance(credential, Community) for credential in from_file):
                raise WayError(f"{asking.credentials}: {unread}")
            words.complain(unread)
        credentials += from_file
    if not credentials:
        credentials = (Community(Secret(os.environ.get(COMMUNITY_VARIABLE) or DEFAULT_COMMUNITY)),)
    return credentials


def version_of(asking: Asking) -> "Version":
    """Return the version to speak; raises WayError for the one that is not built yet."""
    if asking.snmp_version == "3":
        raise WayError("--snmp-version 3: this version of ptscan does not speak SNMPv3 yet: use 1, 2c or auto")
    return asking.snmp_version
