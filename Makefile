# Needs python3 (3.11 or newer), make and git; everything else goes into .venv.
# Another interpreter: make PYTHON=python3.12 ...

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-live test-pythons explore check lint types instructions bench fuzz mutate-guards test-sdks test-system test-faults test-soak install uninstall constraints clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: .venv/ready ## a guided tour against a local STS; touches no AWS account
	$(BIN)/python scripts/demo.py

# Four at a time: many wait for a process or a clock. A file's tests stay together. Bytecode is written whatever the
# environment says: else four pytests, and each of hundreds of processes, would compile all that they import anew.
test: .venv/ready ## the tests that need nothing but .venv
	env -u PYTHONDONTWRITEBYTECODE HYPOTHESIS_PROFILE=brief $(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder -m "not live"

# Property tests are in both: here with all their examples.
test-live: .venv/ready ## those that take long: daemons by the dozen, hand-overs, restarts; property tests with all examples
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -n 3 --dist load -m "live or hypothesis"

test-pythons: .venv/ready ## the same under every other Python from 3.11 on that is here
	@sh scripts/pythons.sh -m "not live"

explore: .venv/ready ## look for stories that break the keeper's rules, and AWS files that botocore reads otherwise (minutes)
	HYPOTHESIS_PROFILE=explore $(BIN)/pytest tests/credentials/test_rules.py tests/aws/test_differential.py

check: lint types instructions test ## all that a change must pass: format, lint, types, instruction counts, tests

lint: .venv/ready
	$(BIN)/ruff format --check
	$(BIN)/ruff check

types: .venv/ready
	$(BIN)/mypy

instructions: .venv/ready ## count the daily commands' instructions (wants valgrind); STORE=yes stores them
	$(BIN)/python scripts/instructions.py $(if $(filter yes,$(STORE)),--store)

bench: .venv/ready ## measure the endpoint on this machine
	$(BIN)/python scripts/bench $(BENCH)

mutate-guards: .venv/ready ## take each guard away in turn: its test must notice (15 min)
	$(BIN)/python scripts/mutate_guards.py

FUZZ ?= --inputs 1000000
fuzz: .venv/ready ## throw a million inputs at the listeners
	$(BIN)/python scripts/fuzz.py $(FUZZ)

# pytest's exit status 5 means that it found no test.
test-sdks: .venv/ready ## unmodified SDKs and command lines (wants aws v2, npm, go, mvn, cargo, cfn-lint, terraform; skips without)
	@mkdir -p tests/contract
	$(BIN)/pytest -rs tests/contract || [ $$? -eq 5 ]

test-system: .venv/ready ## real parts of the operating system (wants root and what .ci/run installs)
	@mkdir -p tests/system
	$(BIN)/pytest tests/system --ignore tests/system/test_faults.py --ignore tests/system/test_soak.py || [ $$? -eq 5 ]

# SEED=7 tells a story again (two of STEPS steps, at once), SEED="7 8" one after the other; STEPS=5000 tells longer ones.
test-faults: .venv/ready ## random faults against a model of what may be served (wants root)
	SEED="$(SEED)" STEPS="$(or $(STEPS),1000)" env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest tests/system/test_faults.py

test-soak: .venv/ready ## ten-second credentials, five clients and faults, for SECONDS (wants root)
	SEED="$(SEED)" SECONDS="$(or $(SECONDS),600)" env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest tests/system/test_soak.py

install: ## install for this user: a venv of its own and links in BINDIR (~/.local/bin); EXTRAS=mcp: xacctctl mcp too
	@EXTRAS="$(EXTRAS)" PYTHON="$(PYTHON)" PYTHON_CHOSEN="$(filter-out file,$(origin PYTHON))" sh scripts/install.sh install

uninstall: ## remove what `make install` put there, and say what stays (PURGE=yes: remove that, too)
	@PURGE="$(PURGE)" sh scripts/install.sh uninstall

constraints: ## pin all dependencies anew, with hashes (UPGRADE=1 moves every pin)
	@sh scripts/constraints.sh "$(PYTHON)"

clean: ## remove whatever the other targets made in this folder
	rm -rf .venv .venvs build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf src/*.egg-info tests/contract/clients/*/made tests/contract/clients/*/node_modules
	find src tests scripts -type d -name __pycache__ -prune -exec rm -rf {} +

# Two stamps: the slow half is redone when a pin moves, the fast one when our own metadata changes.
.venv/pinned: constraints-dev.txt
	@sh scripts/venv.sh "$(PYTHON)" .venv
	$(PIP) install --require-hashes --only-binary=:all: -r constraints-dev.txt
	@touch $@

.venv/ready: .venv/pinned pyproject.toml
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
