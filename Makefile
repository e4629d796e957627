# `make help` lists what can be made. Everything installs what it needs first, once, and says so.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL: # apt and pip each want to be alone

BIN := .venv/bin
STAMPS := .venv/stamps
SET_UP := pyproject.toml hatch_build.py scripts/system scripts/python scripts/venv

.PHONY: help install install-test demo smoke test lint bench bench-long fuzz wheel clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

install: $(STAMPS)/run ## System libraries, .venv with the service, and the built pages
	@$(BIN)/python hatch_build.py

install-test: $(STAMPS)/test ## The same, and what the tests need: Chromium, GStreamer's RTSP server
	@$(BIN)/python hatch_build.py

$(STAMPS)/run: $(SET_UP)
	@scripts/system run
	@scripts/venv run
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/test: $(SET_UP)
	@scripts/system test
	@scripts/venv test
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/run

demo: install ## A simulated city, an incident, a share, and live video in the browser
	@$(BIN)/hotline demo $(ARGS)

smoke: install ## The demo's whole way once, without a browser: exit code 0 only if all of it worked
	@$(BIN)/hotline demo --once --json

test: install-test lint ## All tests, after `make lint`; ARGS="tests/relay -k whep" picks some
	@$(BIN)/python -m pytest $(ARGS)

lint: install-test ## Lint, format, strict types, import contracts, and the pages' own checks
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python hatch_build.py --check

bench: install-test ## Every short benchmark, within ten minutes; python -m tests.bench NAME runs one
	@$(BIN)/python -m tests.bench --short

bench-long: install-test ## The benchmarks that take longer
	@$(BIN)/python -m tests.bench --long

FUZZ_SECONDS ?= 60
fuzz: install-test ## Fuzz what cameras may send, FUZZ_SECONDS for each target (60); finds go to tests/fuzz/finds
	@$(BIN)/python -m pip install -q -e '.[fuzz]'
	@set -e; for target in rtsp headers sdp rtp payloads nal; do \
		echo "== $$target"; $(BIN)/python -m tests.fuzz $$target $(FUZZ_SECONDS); done

wheel: install-test ## A wheel with the built pages in dist/: runs without Node
	@$(BIN)/python -m build

clean: ## Remove what was built and installed here
	rm -rf .venv build dist hotline/pages hotline/web/node_modules
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
