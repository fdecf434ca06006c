"""What to sweep: target texts become one exact, unexpanded set of addresses and a computed order of probing.

I/O: lookup (target files, host names, the attached networks).
"""

from ptscan.targets.address import IPV6, Address, format_address, parse_address
from ptscan.targets.errors import TargetError
from ptscan.targets.lookup import resolve_targets
from ptscan.targets.order import TargetOrder
from ptscan.targets.parse import Lookups, parse_targets
from ptscan.targets.target_set import TargetSet

__all__ = [
    "IPV6",
    "Address",
    "Lookups",
    "TargetError",
    "TargetOrder",
    "TargetSet",
    "format_address",
    "parse_address",
    "parse_targets",
    "resolve_targets",
]
