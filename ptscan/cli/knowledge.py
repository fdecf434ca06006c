"""From what was typed to the profiles that are used."""

import os
from pathlib import Path
from typing import Final

from ptscan.cli.options import Knowing
from ptscan.profiles import ProfileSet, load_profile, load_profiles

PROFILES_VARIABLE: Final = "PTSCAN_PROFILES"


def profiles_of(knowing: Knowing) -> ProfileSet:
    """Return ptscan's profiles, those of a person's folder in place of them, and single files in place of either.

    The folder is that of the environment where none was named. Raises ProfileError.
    """
    named = os.environ.get(PROFILES_VARIABLE)
    profiles = load_profiles(knowing.profiles or (Path(named) if named else None))
    if not knowing.profile:
        return profiles
    single = [load_profile(Path(file)) for file in knowing.profile]
    return ProfileSet(tuple({profile.name: profile for profile in (*profiles.profiles, *single)}.values()))
