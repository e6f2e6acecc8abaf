# Everything happens in .venv of this checkout; nothing but Python 3.11+ and make is needed.

PYTHON ?= python3
MINUTES ?= 30
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help setup run test check fix docs bench soak chaos fuzz clean

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /	/'

setup: $(BIN)/.runtime ## Install into .venv what it needs to run

run: setup ## Run everything: HTTP API, WebSocket server, and a Valkey if REDIS_URL is unset
	@exec $(BIN)/message-center serve

test: $(BIN)/.dev ## Run all tests
	@# Bytecode is kept: compiling 800 files in each process takes as long as a tenth of the tests.
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --numprocesses 4

check: $(BIN)/.dev ## Lint, format and types, without changing anything
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

fix: $(BIN)/.dev ## Format, and repair what the linter can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(BIN)/.dev ## Write what is generated from the code: docs/reference.md, .env.example, docs/architecture.svg
	@$(BIN)/python -m docs.reference
	@$(BIN)/python -m docs.picture

bench: $(BIN)/.bench ## Measure, next to a floor in C and to peers; BENCH='--short --only storm' for less
	@command -v cc >/dev/null || { echo 'The load client is written in C: install a C compiler (cc)'; exit 1; }
	@$(BIN)/python -m bench $(BENCH)

soak: $(BIN)/.bench ## Let thousands of clients come and go, and look for what grows; MINUTES=30 SOAK='--clients 500'
	@$(BIN)/python -m bench.soak --minutes $(MINUTES) $(SOAK)

chaos: $(BIN)/.dev ## Kill, stop, cut and crowd everything, and look for a lost or doubled message; CHAOS='--seconds 600 --seed 7', CHAOS=--help
	@$(BIN)/python -m chaos $(CHAOS)

fuzz: $(BIN)/.dev ## Nonsense at the WebSocket port, and a million odd requests at each door; FUZZ='--only push --requests 100000 --seed 7'
	@$(BIN)/python -m tests.fuzz $(FUZZ)

clean: ## Remove the environment and caches
	rm -rf bench/build .venv .mypy_cache .ruff_cache *.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is needed: make PYTHON=python3.12'; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo 'Install the venv module of Python (Debian: python3-venv)'; exit 1; }

$(BIN)/.runtime: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing into .venv ...'
	@$(PIP) --editable .
	@touch $@

$(BIN)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing into .venv, with what the tests need ...'
	@$(PIP) --editable '.[dev]'
	@touch $@ $(BIN)/.runtime

$(BIN)/.bench: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing into .venv, with the peers of the measurements ...'
	@$(PIP) --editable '.[bench]'
	@touch $@ $(BIN)/.runtime
