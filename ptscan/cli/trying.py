"""From what was typed to the credentials that are tried."""

import os
from typing import Final

from ptscan.cli.options import Asking
from ptscan.errors import InputError
from ptscan.snmp import Community, Credential, Secret, User

COMMUNITY_VARIABLE: Final = "PTSCAN_COMMUNITY"
DEFAULT_COMMUNITY: Final = "public"


class WayError(InputError):
    """The options name no way to ask a device."""


def credentials_of(asking: Asking, *, needs_user: bool = True) -> tuple[Credential, ...]:
    """Return the credentials to try, in order: those of the options, then of the file, else of the environment.

    ``public`` is tried only where none was given, and never in version 3; that one ``needs_user``, unless a sweep is
    content with what anybody is told. Raises WayError where none of them speaks the version, and CredentialsError.
    """
    version = asking.snmp_version
    credentials: tuple[Credential, ...] = tuple(Community(Secret(text)) for text in asking.community)
    if asking.credentials is not None:
        from ptscan.snmp import load_credentials  # only whoever has a file pays for it at start-up

        credentials += load_credentials(asking.credentials)
    if not credentials and version != "3":
        credentials = (Community(Secret(os.environ.get(COMMUNITY_VARIABLE) or DEFAULT_COMMUNITY)),)
    users = sum(isinstance(credential, User) for credential in credentials)
    if version == "3" and needs_user and not users:
        raise WayError(
            "--snmp-version 3: there is no SNMPv3 user to ask as: write a [[user]] into a file and name it with "
            "--credentials FILE"
        )
    if version in ("1", "2c") and users == len(credentials):
        raise WayError(
            f"--snmp-version {version}: {asking.credentials} has SNMPv3 users only: use 3 or auto, or name a community"
        )
    return credentials
