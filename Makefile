# `make help` lists what there is.

.PHONY: help setup demo demo-reset test check lock bench
.DEFAULT_GOAL := help

PY := .venv/bin/python

help: ## what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

test: ## run the tests
	$(PY) -m pytest
