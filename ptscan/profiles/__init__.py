"""What vendors' printers tell, as data: profiles, how to choose them, and how to read a device's answers by them.

The data are ``data/*.toml``, described in FORMAT.md.

I/O: loader (files).
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ptscan.profiles.allow_list import allowed
from ptscan.profiles.decoders import ieee1284
from ptscan.profiles.deny_list import (
    ACTING,
    DENIED_SUBTREES,
    MAKER_OF_ACTING,
    denied,
    denied_walk,
    leads_to_action,
    never_shown,
)
from ptscan.profiles.loader import ProfileError, load_profile, load_profiles
from ptscan.profiles.matching import Kind, ProfileSet
from ptscan.profiles.meters import METERS, spoken
from ptscan.profiles.profile import Ask, Profile, Rule, ScalarRule, SumCheck, SupplyRule
from ptscan.profiles.values import NO_COUNT

if TYPE_CHECKING:
    from ptscan.profiles.describing import describe, describe_all
    from ptscan.profiles.extracting import DRIFT, check_sums, extract
    from ptscan.profiles.fact import Counter, Extraction, Fact

__all__ = [
    "ACTING",
    "DENIED_SUBTREES",
    "DRIFT",
    "MAKER_OF_ACTING",
    "METERS",
    "NO_COUNT",
    "Ask",
    "Counter",
    "Extraction",
    "Fact",
    "Kind",
    "Profile",
    "ProfileError",
    "ProfileSet",
    "Rule",
    "ScalarRule",
    "SumCheck",
    "SupplyRule",
    "allowed",
    "check_sums",
    "denied",
    "denied_walk",
    "describe",
    "describe_all",
    "extract",
    "ieee1284",
    "leads_to_action",
    "load_profile",
    "load_profiles",
    "never_shown",
    "spoken",
]

# A sweep knows printers by these profiles and reads none: what understands answers is loaded when it is first named.
_LATER = {
    **dict.fromkeys(("describe", "describe_all"), "describing"),
    **dict.fromkeys(("DRIFT", "check_sums", "extract"), "extracting"),
    **dict.fromkeys(("Counter", "Extraction", "Fact"), "fact"),
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
