# Two commands matter: `make run` and `make test`. Each sets up what it needs, once.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint types unit bench fuzz browser component check-components clean help

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

run: $(VENV)/design.stamp ## Serve the demo shop on http://127.0.0.1:8080
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

fuzz: $(VENV)/dev.stamp ## Throw broken answers at parser and admission for a minute
	$(BIN)/python -m tests.fuzz 60

browser: ## Find or install Chromium
	@sh tests/install_chromium.sh

component: $(VENV)/design.stamp ## Write a new component's files: make component NAME=promise SLOT=cta
	@$(BIN)/python -m app.design.scaffold "$(NAME)" "$(or $(SLOT),cta)"

check-components: $(VENV)/dev.stamp browser ## Check every state of every component, NAME=... for one, ACCEPT=1 to accept pictures
	@$(BIN)/python -m checks $(NAME) $(if $(ACCEPT),--accept)

clean: ## Remove what the other targets set up, and the demo shop's data
	rm -rf $(VENV) data .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/design.stamp: requirements/design.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

$(VENV)/dev.stamp: requirements/dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@ $(VENV)/design.stamp
