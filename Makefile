# Every job of the project by one command; `make` alone says which. Each target does its own set-up: a virtual
# environment in .venv with the locked dependencies. Nothing but Python 3.11+ and the package registries is needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# What `make lock` hands to uv besides: `make lock LOCK=--upgrade` takes the newest versions that pyproject.toml allows.
LOCK ?=
# How many processes run the tests, and what else pytest is told: `make test PYTEST='-n 4 -x'`.
PYTEST ?= -n 2
# What the benches are told: `make bench BENCH='--only sweep codec --rounds 1'`; `BENCH='--only long'` sweeps a whole /8.
BENCH ?=
# What the soak is told, see `docs/soak.md`: `make soak SOAK='--kills 1000 --store sqlite'`.
SOAK ?=
# What the fuzzer is told, see `bench/README.md`.
FUZZ ?=

# Debian keeps snmpd where only root looks by default.
export PATH := $(PATH):/usr/sbin
# $(call mend,HOW) ends a failed check with what to do about it.
mend = || { printf '\nmend: %s\n' "$(1)" >&2; exit 1; }

TYPES := give each place above its true type; never by Any or a bare ignore

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test check format docs bench fuzz soak lock clean peers

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/run.stamp ## Play a fleet on loopback, scan it, ship it: the main job in two minutes
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh docs/demo.sh

test: check peers ## Run every check and every test
	$(BIN)/python -m pytest $(PYTEST)

check: $(VENV)/dev.stamp ## Lint, format, types, the floors of the house, dead links: seconds
	@$(BIN)/ruff check $(call mend,'make format' mends the most of it; the rest stands above as file and line)
	@$(BIN)/ruff format --check $(call mend,make format)
	@$(BIN)/mypy $(call mend,$(TYPES))
	@MYPYPATH=bench:tests/sweep:tests/collector $(BIN)/mypy bench/harness bench/shipping bench/*.py tests/bench $(call mend,$(TYPES))
	@$(BIN)/lint-imports --no-logo $(call mend,import from a lower floor through its package root, or change the floors with a reason in docs/architecture.md)
	@$(BIN)/python -m pytest tests/house $(call mend,each failure above says its own cure)

format: $(VENV)/dev.stamp ## Format the sources and mend what the linter can
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

docs: $(VENV)/run.stamp ## Write the vendors' pages anew from the profiles, and the wire's from the messages
	$(BIN)/python docs/vendors.py
	$(BIN)/python docs/wire.py

bench: $(VENV)/dev.stamp ## Measure this machine beside the rivals and write docs/benchmarks.md: ten minutes
	$(BIN)/python bench/run.py $(BENCH)

fuzz: $(VENV)/dev.stamp ## Throw mutated datagrams at the decoder: one minute
	$(BIN)/python bench/fuzz_codec.py $(FUZZ)

soak: $(VENV)/dev.stamp ## Kill agents and collectors at random: nothing lost, nothing twice; ten minutes
	$(BIN)/python tests/chaos/soak.py $(SOAK)

lock: ## Write the lock files anew from pyproject.toml (with uv, in an environment of its own)
	$(PYTHON) -m venv $(VENV)/uv
	$(VENV)/uv/bin/pip install --quiet --disable-pip-version-check uv
	$(call compile,pyproject.toml --extra agent --extra collector --group build,requirements.lock)
	$(call compile,pyproject.toml --extra agent --extra collector --group dev --constraints requirements.lock,requirements-dev.lock)
	$(call compile,bench/rivals.in,bench/rivals.txt)

# $(call compile,WHAT,FILE): one file for every platform and Python, with hashes and without registry addresses.
compile = UV_PYTHON_DOWNLOADS=never UV_CUSTOM_COMPILE_COMMAND='make lock' $(VENV)/uv/bin/uv pip compile --quiet $(LOCK) \
	--universal --generate-hashes --no-emit-index-url --no-annotate --python $(VENV)/uv/bin/python --python-version 3.11 \
	$(1) --output-file $(2)

clean: ## Remove all that make has made
	rm -rf $(VENV) bench/.rivals bench/.build build dist .*_cache .hypothesis demo.jsonl
	find bench codec docs proto_schema ptscan tests -name __pycache__ -prune -exec rm -rf {} +

# Debian and Ubuntu keep venv in a package of its own; root gets it by itself, others are told.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		$(call mend,ptscan needs Python 3.11 or later; name one: make PYTHON=python3.12 $(MAKECMDGOALS))
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -q && \
		DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
		"$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"; } \
		$(call mend,this Python lacks venv: apt-get install python3-venv)
	$(PYTHON) -m venv $(VENV)

# What runs: the locked dependencies, the project itself in place, and bytecode for both.
$(VENV)/run.stamp: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q codec proto_schema ptscan
	@touch $@

# What works on it: the same, and the tools.
$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

# The real peers that tests hold us against; where they can't be had, those tests skip and say so.
PEERS := snmp snmpd postgresql nghttp2-client
peers:
	@if command -v snmpd >/dev/null && command -v snmpbulkwalk >/dev/null && command -v h2load >/dev/null \
		&& ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; \
	then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $(PEERS) \
		|| echo 'not all of $(PEERS) could be installed: the tests against the rest will be skipped' >&2; \
	else echo 'absent (apt-get install $(PEERS)): the tests against what is absent will be skipped' >&2; fi
