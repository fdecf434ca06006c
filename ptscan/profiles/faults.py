"""What is wrong in a profile file, under which key; and the small values of it: OIDs, patterns, states."""

import re
from collections.abc import Mapping, Sequence

from codec import Oid, OidError, parse_oid
from ptscan.profiles.labels import label_key
from ptscan.profiles.meters import SUPPLY_STATES
from ptscan.profiles.profile import Patterns

# Of a regular expression what matters for its cost: escapes and classes as one, groups, and repetitions.
_PIECES = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d*,\d*\}|\{\d+\}|.", re.DOTALL)
_REFERENCE = re.compile(r"\\[1-9]|\(\?P=|\(\?\(")


class FaultError(Exception):
    """What is wrong in a profile, and under which key."""

    def __init__(self, key: str, fault: str) -> None:
        super().__init__(f"{key}: {fault}")
        self.key = key
        self.fault = fault


class PatternChecker:
    """Makes patterns of texts; with ``check`` each is compiled at once instead of when first needed."""

    def __init__(self, check: bool) -> None:
        self._check = check

    def all(self, key: str, texts: Sequence[str]) -> Patterns:
        """Patterns of which any may match."""
        if self._check:
            for text in texts:
                _check(key, text)
                if repeats_what_repeats(text):
                    raise FaultError(key, f"{text[:200]!r} repeats what repeats, as (a+)+ does: it may never end")
                if len(texts) > 1 and _REFERENCE.search(text):
                    raise FaultError(key, f"{text!r} refers to a group, whose number is another beside other patterns")
            _check(key, "|".join(f"(?:{text})" for text in texts))  # as they are used
        return Patterns(texts)

    def one(self, key: str, text: str | None) -> Patterns | None:
        """The pattern of ``text``, or None."""
        return None if text is None else self.all(key, [text])

    def cutting(self, key: str, text: str | None) -> Patterns | None:
        """The pattern of ``text`` with one group, the part to keep, or None."""
        pattern = self.one(key, text)
        if text is not None and self._check and re.compile(text).groups != 1:
            raise FaultError(key, f"{text!r} must have exactly one group, (...): the part to keep")
        return pattern


def repeats_what_repeats(pattern: str) -> bool:
    """Whether a group that holds a repetition without bound is itself repeated so, as ``(a+)+``.

    Over a text of a device it may take longer than anybody waits, and nothing can interrupt it.
    """
    groups = [False]
    closed = False  # whether a group ended just before, in which something repeats
    for match in _PIECES.finditer(pattern):
        piece = match[0]
        endless = piece in "*+" or piece.endswith(",}")
        if endless and closed:
            return True
        if piece == "(":
            groups.append(False)
        elif piece == ")" and len(groups) > 1:
            closed = groups.pop()
            groups[-1] |= closed
            continue
        elif endless:
            groups[-1] = True
        closed = False
    return False


def _check(key: str, text: str) -> None:
    """Refuse what is no regular expression, also one that is too large for the machine."""
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise FaultError(key, f"{text[:200]!r} is no regular expression: {error}") from error


def to_oid(key: str, text: str) -> Oid:
    """The octets of a dotted OID."""
    try:
        return parse_oid(text)
    except OidError as error:
        raise FaultError(key, str(error)) from error


def to_oids(key: str, texts: Sequence[str]) -> tuple[Oid, ...]:
    """The octets of dotted OIDs."""
    return tuple(to_oid(f"{key}[{i}]", text) for i, text in enumerate(texts))


def to_column(key: str, text: str | None) -> Oid | None:
    """The octets of a dotted OID that may be absent."""
    return None if text is None else to_oid(key, text)


def to_states(key: str, states: Mapping[str, str]) -> dict[int, str]:
    """Number -> state of a supply."""
    keyed: dict[int, str] = {}
    for text, state in states.items():
        if state not in SUPPLY_STATES:
            raise FaultError(f"{key}.{text}", f"no state {state!r}: {', '.join(sorted(SUPPLY_STATES))}")
        if not re.fullmatch(r"-?[0-9]{1,10}", text):
            raise FaultError(f"{key}.{text}", f"{text!r} is no integer")
        keyed[int(text)] = state
    return keyed


def to_labels(key: str, labels: Mapping[str, str]) -> dict[str, str]:
    """Labels in the form under which they are compared (see ``label_key``)."""
    keyed: dict[str, str] = {}
    for text, to in labels.items():
        if keyed.setdefault(label_key(text), to) != to:
            raise FaultError(key, f"{text!r} is there twice, as {keyed[label_key(text)]!r} and as {to!r}")
    return keyed


def fit(key: str, fault: str | None) -> None:
    """Raise ``fault`` if there is one."""
    if fault is not None:
        raise FaultError(key, fault)
