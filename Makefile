# The two commands of the README, and what they stand on. Everything is installed into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH ?= torch==2.13.0
SOURCES := pyproject.toml hatch_build.py package-lock.json $(shell find src -name '*.py')

.PHONY: run test check types tests slow clean

## Train a network on real data, watched: what Neurogebra is for.
run: $(VENV)/.installed
	$(BIN)/neurogebra train breast_cancer

## Everything that continuous integration checks.
test: check types tests

check: $(VENV)/.developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.developing
	$(BIN)/mypy

tests: $(VENV)/.developing
	$(BIN)/pytest -n auto

## What takes too long for every change: verify over the whole book, long hostile streams.
slow: $(VENV)/.developing
	$(BIN)/pytest -n auto -m slow

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.installed: $(VENV)/.made $(SOURCES)
	$(BIN)/pip install --quiet --disable-pip-version-check .
	touch $@

# PyTorch first and by its own line, so that its CPU build is taken where one is offered.
$(VENV)/.developing: $(VENV)/.made pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check "$(TORCH)"
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
