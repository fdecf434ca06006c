"""A line that is read quickly means what the whole grammar says it means."""

import shlex
from collections.abc import Callable

import pytest
from cyclopts import CycloptsError
from hypothesis import given, settings
from hypothesis import strategies as st

from ptscan.cli.grammar import build
from ptscan.cli.quick import read_quickly
from ptscan.cli.verbs import VERBS, verb_of

WORDS = (
    *("10.0.0.0/24", "@file", "local", "--", "-", "", " ", "-1", "a b", "é", "=", "--=", "10.0.0.1-9", "none", "true"),
    *(
        "--port",
        "161",
        "--port=1161",
        "--port=",
        "0",
        "65536",
        "--community",
        "public",
        "--community=x",
        "--community=",
    ),
    *("--snmp-version", "2c", "auto", "--snmp-version=1", "--credentials", "f.toml", "--timeout", "0.5", "1e-3", "nan"),
    *(
        "--timeout=2",
        "--retries",
        "3",
        "--retries=11",
        "--rate",
        "max",
        "500",
        "--rate=max",
        "--exclude",
        "--exclude=x",
    ),
    *("--exclude-file", "~/x", "--target-file", "--seed", "--seed=7", "--shard", "1/3", "--shard=3/1", "--resume"),
    *(
        "state",
        "--max-in-flight",
        "--processes",
        "2",
        "--format",
        "jsonl",
        "json",
        "--format=xml",
        "-o",
        "out.csv",
        "-o=x",
    ),
    *("--output", "--quiet", "--quiet=true", "--profiles", "--profile", "--explain", "--hosts"),
    *("--network", "--rounds", "--bogus"),
    *("--entity", "ACME/Berlin", "/", "--uses", "--expires", "7d", "59s", "--note", "--folder", "--name", "--database"),
    *("--pages", "off", "--all", "--why", "--since", "2026-11-21", "--most", "--agent", "--expires=1h", "--entity=x"),
    *("--help", "--version", "-h", "--no-quiet", "--fleet", "--listen", "127.0.0.1:1", "--map", "--fault", "--force"),
)
QUICK_VERBS = (
    *("scan", "sweep", "read", "get", "walk", "record", "sim"),
    *("profile check", "profile list", "profile show", "credentials check", "bench sweep"),
    *(name for name in VERBS if name.startswith("collector ")),
)


def by_grammar(arguments: list[str]) -> tuple[Callable[..., object], tuple[object, ...], dict[str, object]]:
    function, bound, _ = build(arguments).parse_args(arguments, exit_on_error=False, print_error=False)
    return function, bound.args, bound.kwargs


@settings(max_examples=300)
@given(st.sampled_from(QUICK_VERBS), st.lists(st.sampled_from(WORDS), max_size=6))
def test_both_read_alike(verb: str, words: list[str]) -> None:
    call = read_quickly(VERBS[verb].load(), words)
    if call is None:
        return
    function, args, kwargs = by_grammar([*verb.split(), *words])
    assert function is VERBS[verb].load()
    assert (call.words, call.options) == (args, kwargs)


@pytest.mark.parametrize(
    "line",
    [
        "scan 10.0.0.0/16",
        "scan @sites.txt --credentials secrets.toml --resume state -o fleet.jsonl",
        "sweep 10.0.0.0/16 10.9.0.0/16 --rate max --port=1161 --exclude 10.0.1.0/24 --exclude=x --format jsonl",
        "sweep local --rate 500 --seed 7 --shard 1/3 --processes 4 --max-in-flight 9 --quiet --timeout 0.5 --retries 1",
        "read 10.0.0.1 [fe80::1]:161 --explain --snmp-version auto --community a --community b --profiles folder",
        "read 10.0.0.1 --profile acme.toml --profile=odd.toml",
        "profile check acme.toml odd.toml --profiles folder --format json",
        "profile list --profile acme.toml -o list.csv",
        "profile show hp xerox --profiles folder -o pages.md",
        "get 10.0.0.1 1.3.6.1.2.1.1.1.0 --snmp-version 3 --credentials f.toml 1.3.6.1.2.1.1.3.0",
        "walk 10.0.0.1:1161 --format jsonl",
        "record 10.0.0.1 -o odd.snmprec --force",
        "credentials check secrets.toml [fe80::1]:161 --retries 0 --timeout 0.5 --format json",
        "bench sweep --hosts 65536 --rounds 5 --format json",
        "collector init --name a --name=10.0.0.5 --listen 10.0.0.5:7443 --database sqlite:///x.db --pages off",
        "collector run --folder /srv/ptscan",
        "collector token create --entity ACME/Berlin --uses 50 --expires 7d --note roll-out --folder /srv/ptscan",
        "collector token list --all --format json",
        "collector token revoke 3",
        "collector agent revoke 3f2a9c0d11e8b754 --why stolen",
        "collector devices --entity ACME -o acme.xlsx --quiet",
        "collector readings hp:CNB1R23456 --since 2026-11-21T06:00:00Z --most 10",
        "collector job send warehouse scan local 10.0.0.0/24 --exclude 10.0.0.9 --exclude=10.0.0.8 --rate 50",
        "collector settings set every-morning.toml --entity /",
        "collector backup monday.db",
        "sim a.snmprec --fleet 9 --network 127.1.0.0/16 --fault loss=0.2 --fault v1-only --speed 0",
    ],
)
def test_a_usual_line_is_read_quickly_and_alike(line: str) -> None:
    arguments = shlex.split(line)
    name, words = verb_of(arguments)
    call = read_quickly(VERBS[name].load(), words)
    assert call is not None
    assert (VERBS[name].load(), *call) == by_grammar(arguments)


@pytest.mark.parametrize(
    "line",
    [
        "sweep 10.0.0.1 --bogus",
        "sweep 10.0.0.1 --port",
        "sweep 10.0.0.1 --port 0",
        "sweep --help",
        "sweep -- -x",
        "sweep 10.0.0.1 --port 1 --port 2",
        "sweep 10.0.0.1 --format xml",
        "get",
        "credentials check f.toml",
        "credentials check f.toml 10.0.0.1 10.0.0.2",
        "record 10.0.0.1 10.0.0.2",
        "collector token create",
        "collector token create --uses 2",
        "collector token create --entity a --expires 5",
        "collector job send",
        "collector agent show a b",
    ],
)
def test_what_is_not_certain_is_left_to_the_grammar(line: str) -> None:
    name, words = verb_of(shlex.split(line))
    assert read_quickly(VERBS[name].load(), words) is None


def test_the_words_are_those_of_some_verb() -> None:
    """A word list that no verb takes would prove nothing."""
    taken = 0
    for word in WORDS:
        for verb in QUICK_VERBS:
            taken += read_quickly(VERBS[verb].load(), ["a", word]) is not None
    assert taken > len(WORDS)
    with pytest.raises(CycloptsError):
        by_grammar(["sweep", "10.0.0.1", "--bogus"])
