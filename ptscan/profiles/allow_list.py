"""What may be asked of any printer: the parts of the standard MIBs that a reading is made of.

A profile adds subtrees of its vendor by its ``allow``. What :mod:`ptscan.profiles.deny_list` closes stays closed,
whoever allows it.
"""

from collections.abc import Iterable
from typing import Final

from codec import Oid, parse_oid
from ptscan.profiles.deny_list import denied

ALLOWED_SUBTREES: Final[dict[str, str]] = {
    "1.3.6.1.2.1.1": "the system group (RFC 3418)",
    "1.3.6.1.2.1.2.2.1.3": "ifType (RFC 2863)",
    "1.3.6.1.2.1.2.2.1.6": "ifPhysAddress (RFC 2863)",
    "1.3.6.1.2.1.25.3.2.1": "hrDeviceTable (RFC 2790)",
    "1.3.6.1.2.1.25.3.5.1": "hrPrinterTable (RFC 2790)",
    "1.3.6.1.2.1.43.5.1.1": "prtGeneralTable (RFC 3805)",
    "1.3.6.1.2.1.43.7.1.1.4": "prtLocalizationCharacterSet (RFC 3805)",
    "1.3.6.1.2.1.43.8.2.1": "prtInputTable (RFC 3805)",
    "1.3.6.1.2.1.43.10.2.1": "prtMarkerTable (RFC 3805)",
    "1.3.6.1.2.1.43.11.1.1": "prtMarkerSuppliesTable (RFC 3805)",
    "1.3.6.1.2.1.43.12.1.1.4": "prtMarkerColorantValue (RFC 3805)",
    "1.3.6.1.2.1.43.16.5.1.2": "prtConsoleDisplayBufferText (RFC 3805)",
    "1.3.6.1.2.1.43.18.1.1": "prtAlertTable (RFC 3805)",
}
"""Subtree -> what it is."""

STANDARD: Final[tuple[Oid, ...]] = tuple(map(parse_oid, ALLOWED_SUBTREES))


def allowed(oid: Oid, allow: Iterable[Oid] = ()) -> bool:
    """Whether an object may be asked for: it lies in a standard subtree or one of ``allow``, and is not denied."""
    return oid.startswith((*STANDARD, *allow)) and denied(oid) is None
