# Two commands do everything: `make demo` and `make test`. Each installs what it needs.
SHELL := /bin/bash
# The first Python 3.11+ that can make virtual environments.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	if command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$p; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
export UV_LINK_MODE ?= hardlink
# Compiled modules and rewritten assertions are kept, whatever the shell says: each process would make them anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup setup-dev programs postgres demo test test-fast check format bench compose-check clean

setup: $(BIN)/.installed ## .venv/bin/tabard
setup-dev: $(BIN)/.installed-dev

$(BIN)/uv:
	@test -n "$(PYTHON)" || { echo "Tabard needs Python 3.11 or newer with its venv module (on Debian: apt-get install python3.11 python3.11-venv)."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv

$(BIN)/.installed: $(BIN)/uv pyproject.toml constraints.txt
	@echo "Installing Tabard into $(VENV) ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e ".[demo]"
	@touch $@

$(BIN)/.installed-dev: $(BIN)/.installed
	@echo "Installing the test tools into $(VENV) ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e ".[demo,dev]"
	@touch $@

programs: setup-dev
	@$(BIN)/python tools/ensure_programs.py

postgres: setup-dev
	@$(BIN)/python tools/ensure_postgres.py

demo: setup
	@exec $(BIN)/python tools/demo.py

test: setup-dev programs postgres
	@$(BIN)/python -m pytest -n 2 tests/unit
	@# Mostly waiting for other processes, so one worker more than CPUs; in the order of the folders, where the long
	@# files of few tests come early, and not by the number of tests.
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --durations=30 --ignore=tests/unit

test-fast: setup-dev
	@$(BIN)/python -m pytest -n 2 tests/unit

check: setup-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python tools/check_budgets.py
	@$(BIN)/python tools/check_mirror.py

format: setup-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup-dev
	@$(BIN)/python -m tests.bench

compose-check: setup
	@$(BIN)/python tools/compose_check.py

clean:
	rm -rf $(VENV) demo-data
