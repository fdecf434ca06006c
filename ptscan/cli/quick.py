"""Reads a command line that is right without more ado, so that a run does not wait for the whole grammar. Pure.

What it does not take for certainly right (an unknown option, a value that is wrong or missing, a wish for help) it
leaves to the grammar, which has words for it: a test holds that both read alike.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, NamedTuple, Union, get_args, get_origin

from ptscan.cli.options import Option
from ptscan.errors import InputError


class Call(NamedTuple):
    """What to call a verb's function with."""

    words: tuple[object, ...]
    options: dict[str, object]


class _Spot(NamedTuple):
    """Where an option's value goes: a parameter, and its field where that takes a dataclass."""

    parameter: str
    field: str
    value: "_Value"


class _Value(NamedTuple):
    """What a type hint asks for: the names, what makes a value of a word, and whether it needs none or takes many."""

    names: tuple[str, ...]
    convert: Callable[[str], object]
    is_flag: bool = False
    is_many: bool = False


def read_quickly(function: Callable[..., object], words: Sequence[str]) -> Call | None:
    """Return what ``words`` mean for a verb's ``function``; None where that is not certain."""
    spots: dict[str, _Spot] = {}
    classes: dict[str, Callable[..., object]] = {}
    places: list[Callable[[str], object]] = []
    others: Callable[[str], object] | None = None
    needed: set[str] = set()

    def add(parameter: str, field: str, hint: object) -> None:
        value = _value(hint)
        for name in value.names or (f"--{(field or parameter).replace('_', '-')}",):
            spots[name] = _Spot(parameter, field, value)

    for parameter in inspect.signature(function).parameters.values():
        hint = parameter.annotation
        if parameter.kind is parameter.VAR_POSITIONAL:
            others = _value(hint).convert
        elif parameter.kind is parameter.POSITIONAL_ONLY:
            places.append(_value(hint).convert)
        elif parameter.kind is not parameter.KEYWORD_ONLY:
            return None
        elif isinstance(hint, type) and is_dataclass(hint):
            classes[parameter.name] = hint
            for field in fields(hint):
                add(parameter.name, field.name, hint.__annotations__[field.name])
        else:
            add(parameter.name, "", hint)
            if parameter.default is parameter.empty:
                needed.add(parameter.name)
    try:
        call = _read(words, spots, classes, (places, others))
    except (ValueError, LookupError, InputError):
        return None
    return call if needed <= call.options.keys() else None


def _value(hint: object, option: Option | None = None) -> _Value:
    """Return what a type hint asks for; where it is nothing known here, what makes a value raises ValueError."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        option = next((one for one in inner[1:] if isinstance(one, Option)), option)
        return _value(inner[0], option)
    names = option.names if option is not None else ()
    if option is not None and option.convert is not None:
        return _Value(names, option.convert)
    if origin in (Union, UnionType):
        (only, *others) = (one for one in inner if one is not type(None))
        return _Value(names, _unknown) if others else _value(only, option)
    if hint is bool:
        return _Value(names, _unknown, is_flag=True)
    if origin is tuple and inner == (str, ...):
        return _Value(names, str, is_many=True)
    if origin is Literal:
        return _Value(names, dict(zip(inner, inner, strict=True)).__getitem__)
    return _Value(names, hint if hint in (str, Path) else _unknown)


def _unknown(word: str) -> object:
    raise ValueError(word)


def _read(
    words: Sequence[str],
    spots: dict[str, _Spot],
    classes: dict[str, Callable[..., object]],
    positional: tuple[Sequence[Callable[[str], object]], Callable[[str], object] | None],
) -> Call:
    """Raises ValueError or LookupError where something is not certainly right."""
    places, others = positional
    taken: list[object] = []
    values: dict[tuple[str, str], object] = {}
    many: dict[tuple[str, str], list[object]] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            convert = places[len(taken)] if len(taken) < len(places) else others
            if convert is None:
                raise ValueError(word)
            taken.append(convert(word))
            continue
        name, equals, value = word.partition("=")
        parameter, field, kind = spots[name]
        place = parameter, field
        if kind.is_flag:
            if equals or place in values:
                raise ValueError(word)
            values[place] = True
            continue
        if not equals:
            value = next(rest, "-")
        if value.startswith("-") or not value or (place in values and not kind.is_many):
            raise ValueError(word)
        values[place] = kind.convert(value)
        if kind.is_many:
            many.setdefault(place, []).append(values[place])
            values[place] = tuple(many[place])
    if len(taken) < len(places):
        raise LookupError
    grouped: dict[str, dict[str, object]] = {name: {} for name in classes}
    options: dict[str, object] = {}
    for (parameter, field), meant in values.items():
        if field:
            grouped[parameter][field] = meant
        else:
            options[parameter] = meant
    options |= {name: classes[name](**given) for name, given in grouped.items() if given}
    return Call(tuple(taken), options)
