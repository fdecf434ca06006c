"""From a command line to the verb's function: at once where the line is right, by the whole grammar otherwise."""

import gc

from ptscan.cli.exits import Exit
from ptscan.cli.quick import read_quickly
from ptscan.cli.verbs import VERBS, verb_of


def run(arguments: list[str]) -> int:
    """Run what ``arguments`` ask for and return the exit code; raises UsageError where they ask for nothing known."""
    name, words = verb_of(arguments)
    if name:
        function = VERBS[name].load()
        call = read_quickly(function, words)
        if call is not None:
            if not gc.isenabled():  # see edge.command: what is loaded by now stays, and is no garbage to look for
                gc.freeze()
                gc.enable()
            status = function(*call.words, **call.options)
            return status if isinstance(status, int) else Exit.DONE
    from ptscan.cli.grammar import run_by_grammar

    return run_by_grammar(arguments)
