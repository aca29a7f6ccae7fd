# Two commands matter: `make run` and `make test`. Each sets up what it needs, once.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint types unit bench browser clean help

help: ## Show what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/run.stamp ## Serve the demo shop on http://127.0.0.1:8080
	WANDSTORE_DESIGN=$${WANDSTORE_DESIGN-1} $(BIN)/python -m app

test: $(VENV)/dev.stamp browser lint types unit ## Run every check and every test

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

unit: $(VENV)/dev.stamp browser
	$(BIN)/python -m pytest

bench: $(VENV)/dev.stamp ## Run the benchmarks, print them beside their baselines, keep them as JSON
	@sh bench/install_wrk.sh
	$(BIN)/python -m bench

browser: ## Find or install Chromium
	@sh tests/install_chromium.sh

clean: ## Remove what the other targets set up, and the demo shop's data
	rm -rf $(VENV) data .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements/run.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

$(VENV)/dev.stamp: requirements/dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@ $(VENV)/run.stamp
