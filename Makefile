# Needs git, make and Python 3.11 or newer. `make help` lists what there is.

.PHONY: help setup demo demo-reset test check lock bench chaos messages pictures
.DEFAULT_GOAL := help

PYTHON_IN_VENV := .venv/bin/python

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## put what the application needs into .venv
	@scripts/install runtime

demo: setup ## start everything, with a sample agency (PORT=8000 SANDBOX_PORT=8089)
	@exec $(PYTHON_IN_VENV) -m agency.embedded.demo --with-parent

demo-reset: setup ## forget the demo's data
	@$(PYTHON_IN_VENV) -m agency.embedded.demo --reset

test: ## run all tests (ARGS="-k name -n 0" for some)
	@scripts/install dev
	@CHROMIUM=$$(scripts/chromium) && export CHROMIUM && exec $(PYTHON_IN_VENV) -m pytest -n 2 $(ARGS)

check: ## format, lint, types, import rules, migrations, deployment settings, tests
	@scripts/install dev
	@scripts/check
	@$(MAKE) --no-print-directory test

lock: ## compile requirements/*.in into lock files with hashes
	@scripts/install dev
	@scripts/lock

messages: setup ## bring the catalogues of translations up to date and compile them
	@$(PYTHON_IN_VENV) -m agency.translations

chaos: ## order while everything breaks, and compare the books (SEED= COMMANDS=500)
	@scripts/install dev
	@exec $(PYTHON_IN_VENV) -m tests.chaos

bench: ## measure; prints JSON lines (ONLY=name for one)
	@scripts/install dev
	@exec $(PYTHON_IN_VENV) -m tests.bench $(ONLY)

pictures: ## draw the README's pictures anew
	@$(MAKE) --no-print-directory test ARGS="-n 0 tests/browser/test_pictures.py" PICTURES=yes
