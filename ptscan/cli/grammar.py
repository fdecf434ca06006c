"""The whole grammar of the command line, by cyclopts: for help, for completion, and for words on what is wrong.

Whoever types a line that is right does not wait for it, see ``quick``.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from cyclopts import App, CycloptsError, Group, MissingArgumentError, Parameter, Token

from ptscan import __version__
from ptscan.cli.exits import Exit
from ptscan.cli.options import ASKING, SHOWING, SWEEPING, Asking, Knowing, Option, Showing, Sweeping
from ptscan.cli.options import Group as OptionGroup
from ptscan.cli.verbs import GROUPS, VERBS, MissingPackagesError, verb_of
from ptscan.errors import InputError

_GROUPS: Final[dict[type, OptionGroup]] = {
    Asking: ASKING,
    Knowing: ASKING,
    Sweeping: SWEEPING,
    Showing: SHOWING,
}
_COMPLETION: Final = "--install-completion"


class UsageError(InputError):
    """The command line does not say what to do."""


def run_by_grammar(arguments: list[str]) -> int:
    """Run what ``arguments`` ask for and return the exit code; raises UsageError where they ask for nothing known."""
    app = build(arguments)
    if not arguments:
        from rich.console import Console

        app.help_print([], console=Console(file=sys.stderr))
        return Exit.WRONG_INPUT
    try:
        function, bound, _ = app.parse_args(arguments, exit_on_error=False, print_error=False)
    except MissingArgumentError as error:
        if error.argument is None or error.argument.name.startswith("-"):
            raise _usage_error(arguments, error) from None
        name, _ = verb_of(arguments)
        usage = VERBS[name].usage
        raise UsageError(f"{name}: no {error.argument.name} was given: write ptscan {name} {usage}") from None
    except CycloptsError as error:
        raise _usage_error(arguments, error) from None
    status = function(*bound.args, **bound.kwargs)
    return status if isinstance(status, int) else Exit.DONE


def _usage_error(arguments: list[str], error: CycloptsError) -> UsageError:
    verb, _ = verb_of(arguments)
    return UsageError(f"{str(error).strip()} (see: ptscan {verb}{' ' if verb else ''}--help)")


def build(arguments: list[str]) -> App:
    """Return the grammar: all verbs, with the options of the one that ``arguments`` begin with; of all to complete."""
    app = App(
        name="ptscan",
        help="Find every SNMP printer in a network and read it, exactly and explained.",
        help_epilogue="ptscan VERB --help tells more. Data goes to standard output, words to standard error.\n"
        "Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 done in part, 130 interrupted.",
        version=__version__,
        help_format="plaintext",
        default_parameter=Parameter(negative=""),
    )
    groups = {"": app}
    for name, words in GROUPS.items():
        group, _, last = name.rpartition(" ")
        groups[name] = App(name=last, help=words, sort_key=len(VERBS))
        groups[group].command(groups[name])
    typed, _ = verb_of(arguments)
    for place, (name, verb) in enumerate(VERBS.items()):
        group, _, last = name.rpartition(" ")
        examples = "".join(f"\n    ptscan {name} {example}".rstrip() for example in verb.examples)
        function: Callable[..., int] | str = verb.place
        if name == typed or _COMPLETION in arguments:
            try:
                function = _dressed_function(verb.load())
            except MissingPackagesError:
                if name == typed:
                    raise
                continue  # nobody completes what is not installed
        groups[group].command(
            function,
            name=last,
            help=verb.help,
            usage=" ".join(filter(None, ("Usage: ptscan", name, verb.usage, "[OPTIONS]"))),
            help_epilogue=f"Examples:{examples}",
            sort_key=place,
        )
    app.register_install_completion_command()
    return app


def _dressed_function(function: Callable[..., int]) -> Callable[..., int]:
    """Return ``function`` with a Parameter of cyclopts beside each Option of its type hints and its dataclasses'."""
    _dress(function.__annotations__)
    for hint in function.__annotations__.values():
        if isinstance(hint, type) and is_dataclass(hint) and not hasattr(hint, "__cyclopts__"):
            _dress(hint.__annotations__)
            Parameter(name="*", group=_group(_GROUPS[hint]))(hint)
    return function


def _dress(hints: dict[str, Any]) -> None:
    hints.update({name: _dressed(hint) for name, hint in hints.items()})


def _group(group: OptionGroup) -> Group:
    return Group(group.name, sort_key=group.sort_key)


def _dressed(hint: Any) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated and not any(isinstance(one, Parameter) for one in inner):
        extra = [_parameter(one) for one in inner[1:] if isinstance(one, Option)]
        return Annotated[(_dressed(inner[0]), *inner[1:], *extra)]
    if origin in (Union, UnionType):
        return Union[tuple(map(_dressed, inner))]  # noqa: UP007 - made of what was found
    return hint


def _parameter(option: Option) -> Parameter:
    words: dict[str, Any] = dict(option.words)
    if option.names:
        words["name"] = option.names
    if "group" in words:
        words["group"] = _group(words["group"])
    convert = option.convert
    if convert is not None:

        def converter(_: type, tokens: Sequence[Token]) -> object:
            try:
                return convert(tokens[0].value)
            except InputError as error:
                raise ValueError(str(error)) from None

        words |= {"converter": converter, "n_tokens": 1}
    return Parameter(**words)
