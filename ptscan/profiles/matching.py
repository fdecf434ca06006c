"""Which devices are printers, and which profiles describe them.

The enterprise number tells who made the network board, a text or the IEEE 1284 id whose name is on the case: HP's
number is answered by boards of Brother, OKI, Samsung and Kyocera, Ricoh's by six brands. So a brand outranks a number,
and both profiles serve.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Literal

from codec import Oid, OidError, parse_oid
from ptscan.profiles.decoders import ieee1284
from ptscan.profiles.profile import MAX_TEXT, Profile

GENERIC: Final = "printer-mib"
"""The profile of the standard MIBs; it serves every printer, last."""
MAX_PROFILES: Final = 3
"""Vendor profiles that one device gets: each costs it requests."""

Kind = Literal["printer", "other", "unknown"]

MAX_MEMO: Final = 4096
"""Answers of classify that are remembered: most devices of a network say the same few things."""

_BRAND, _NUMBER = 2, 1


class ProfileSet:
    """All profiles, searched by what a device says of itself."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        """Take profiles of which one is named printer-mib."""
        self.generic = next(profile for profile in profiles if profile.name == GENERIC)
        self.profiles = tuple(profiles)
        self._named = {profile.name: profile for profile in profiles}
        self.identify: tuple[Oid, ...] = self.generic.identify
        """Objects whose texts tell the vendor: to be read first of a device that may be a printer."""
        self.trees: tuple[Oid, ...] = tuple(tree for profile in profiles for tree in profile.trees)
        """Objects that only printers have, for one GETNEXT to a device of unknown kind: what lies in them proves it."""
        self._kinds: Mapping[Oid, Kind] = {
            **{oid: "printer" for profile in profiles for oid in profile.printers},
            **{oid: "other" for profile in profiles for oid in profile.others},
        }
        self._lengths = sorted({len(oid) for oid in self._kinds}, reverse=True)
        self._memo: dict[tuple[str | None, str | None], Kind] = {}

    def classify(self, sys_object_id: str | None, sys_descr: str | None) -> Kind:
        """Tell a printer from other devices by what a sweep hears; ``unknown`` may be either.

        The longest known sysObjectID decides, and where none is known the text. A text that names something else
        outdoes a printer's number, unless it names a printer too.
        """
        sys_descr = sys_descr and sys_descr[:MAX_TEXT]  # what lies behind is not looked at, and not remembered
        said = sys_object_id, sys_descr
        kind = self._memo.get(said)
        if kind is None:
            if len(self._memo) >= MAX_MEMO:
                self._memo.clear()
            kind = self._memo[said] = self._classify(*said)
        return kind

    def _classify(self, sys_object_id: str | None, sys_descr: str | None) -> Kind:
        oid = _oid(sys_object_id)
        kinds = (self._kinds.get(oid[:length]) for length in self._lengths) if oid is not None else ()
        kind: Kind = next((kind for kind in kinds if kind is not None), "unknown")
        if sys_descr is None or kind == "other":
            return kind
        if any(profile.other_texts.search(sys_descr) for profile in self.profiles):
            # Under a printer's number there are scanners and projectors of the same maker.
            named = kind == "printer" and any(profile.texts.search(sys_descr) for profile in self.profiles)
            return "printer" if named else "other"
        if kind == "printer":
            return kind
        if any(profile.texts.search(sys_descr) or profile.boards.search(sys_descr) for profile in self.profiles):
            return "printer"
        return "unknown"

    def match(
        self, sys_object_id: str | None, texts: Sequence[str], *, answered: Collection[Oid] = ()
    ) -> tuple[Profile, ...]:
        """Choose the profiles for a printer, the most specific first, the generic one always last.

        ``texts`` are sysDescr, hrDeviceDescr and IEEE 1284 ids; ``answered`` are objects that it was seen to have. A
        model that is known to be fragile gets the generic profile alone.
        """
        if self.fragile(texts):
            return (self.generic,)
        oid = _oid(sys_object_id)
        ids = (ieee1284(text.encode("latin-1", "replace")) for text in texts)
        makers = {found["MFG"].decode("latin-1") for found in ids if "MFG" in found}
        ranked = [(rank, profile) for profile in self.profiles if (rank := _rank(profile, oid, texts, makers)) > (0, 0)]
        ranked.sort(key=lambda item: item[0], reverse=True)
        chosen = [profile for _, profile in ranked]
        if chosen:
            chosen += [profile for profile in self._also(chosen) if _has(profile, answered)]
        else:
            chosen += (profile for profile in self.profiles if _has(profile, answered))
            chosen += (profile for profile in self.profiles if any(profile.boards.search(text) for text in texts))
        vendors = {profile.name: profile for profile in chosen if profile is not self.generic}
        return tuple(profile.for_model(texts) for profile in (*list(vendors.values())[:MAX_PROFILES], self.generic))

    def also_trees(self, chosen: Sequence[Profile], values: Iterable[Oid] = ()) -> tuple[Oid, ...]:
        """What to ask by GETNEXT to learn whether the printer is of another maker's making, whose trees it has.

        ``values`` is what it told so far: one that has told counters of its own maker's is not asked.
        """
        told = tuple(values)
        silent = [one for one in chosen if one.also and not any(oid.startswith(one.counted) for oid in told)]
        return tuple(
            tree for one in self._also(silent) if one.name not in {c.name for c in chosen} for tree in one.trees
        )

    def _also(self, chosen: Sequence[Profile]) -> list[Profile]:
        return [self._named[name] for profile in chosen for name in profile.also if name in self._named]

    def may_be_fragile(self, sys_object_id: str | None, sys_descr: str | None) -> bool:
        """Whether some model of the maker that these name falls over, so that it has to tell its model first."""
        oid = _oid(sys_object_id)
        texts = [sys_descr] if sys_descr else []
        return any(_rank(profile, oid, texts, ()) > (0, 0) for profile in self.profiles if profile.fragile.texts)

    def fragile(self, texts: Iterable[str]) -> bool:
        """Whether a model is known to fall over: it is to be asked for one object at a time, and no vendor's."""
        return any(profile.fragile.search(text) for text in texts for profile in self.profiles)


def _oid(text: str | None) -> Oid | None:
    try:
        return parse_oid(text) if text else None
    except OidError:
        return None


def _has(profile: Profile, answered: Iterable[Oid]) -> bool:
    """Whether a device was seen to have objects that only this profile's printers have."""
    return any(found.startswith(profile.trees) for found in answered) if profile.trees else False


def _rank(profile: Profile, oid: Oid | None, texts: Sequence[str], makers: Iterable[str]) -> tuple[int, int]:
    """How well a profile fits: by brand, by number or not at all, then the length of the sysObjectID that it knows."""
    known = (*profile.printers, *profile.family)
    number = max((len(prefix) for prefix in known if oid is not None and oid.startswith(prefix)), default=0)
    if any(profile.makes(maker) for maker in makers):
        return _BRAND, number
    if any(profile.texts.search(text) or profile.models.search(text) for text in texts):
        return _BRAND, number
    return (_NUMBER, number) if number else (0, 0)
