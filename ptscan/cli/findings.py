"""What a sweep finds, on its way to who takes it. Pure."""

from typing import Final, TypeAlias

from ptscan.snmp import Community
from ptscan.sweep import Found

LISTS_AT_ONCE: Final = 8
"""Lists of findings that wait between a sweep and who takes them."""

Finding: TypeAlias = Found[Community]
