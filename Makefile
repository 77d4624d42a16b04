# Every target does its own set-up from a fresh clone: it makes .venv once, and installs again only when pyproject.toml
# or constraints.txt has changed. A stamp is written last, so an install that failed is tried again.
#
#   PYTHON       the interpreter that .venv is made with      make test PYTHON=python3.12
#   PIP_ARGS     handed on to `pip install`                   make test PIP_ARGS="--find-links wheels"
#   PYTEST_ARGS  handed on to pytest                          make test PYTEST_ARGS="-x tests/memory"
#
# Tests run in a process a core, each with one thread: threads that outnumber the cores wait for each other.

SHELL := /bin/sh
PYTHON ?= python3
PIP_ARGS ?=
PYTEST_ARGS ?=

VENV := .venv
RUN := $(VENV)/bin/python -m
INSTALL := $(RUN) pip install --quiet $(PIP_ARGS) -c constraints.txt
PYTEST := OMP_NUM_THREADS=1 $(RUN) pytest -n auto
WANTED := pyproject.toml constraints.txt
QUESTION := <cheetah.n.01 --> animal.n.01>?

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test check-all static bench docs browser clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

demo: $(VENV)/.demo-installed ## ask WordNet a question, and draw the answer in demo/cheetah.html
	@mkdir -p demo
	$(VENV)/bin/hybridattn ask wordnet "$(QUESTION)" --html demo/cheetah.html

test: static ## format, lint, types, and the tests that run in minutes
	$(PYTEST) $(PYTEST_ARGS)

check-all: static ## the same with the slow tests
	$(PYTEST) -m "" $(PYTEST_ARGS)

static: $(VENV)/.test-installed ## format, lint and types only
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy

bench: $(VENV)/.test-installed ## run every script in benchmarks/
	@set -e; for script in $(filter-out benchmarks/measuring.py,$(sort $(wildcard benchmarks/*.py))); do echo "== $$script"; $(VENV)/bin/python "$$script"; done

docs: $(VENV)/.docs-installed ## build the documents, examples and their pictures in build/docs/index.html
	$(RUN) sphinx --fail-on-warning --quiet --fresh-env --write-all -d build/docs-tree docs build/docs
	@echo "See build/docs/index.html."

browser: ## install a system Chromium, which the tests of the page use
	@if found=$$(command -v chromium || command -v chromium-browser || command -v google-chrome); then \
	  echo "Chromium is here: $$found"; \
	elif ! command -v apt-get >/dev/null; then \
	  echo "no Chromium installed: there is no apt-get here; the tests of the page will be skipped"; \
	elif [ "$$(id -u)" -ne 0 ]; then \
	  echo "no Chromium installed: apt-get needs root; the tests of the page will be skipped"; \
	else \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium \
	  || echo "no Chromium installed: apt-get failed; the tests of the page will be skipped"; \
	fi

clean: ## remove .venv and everything else that is made here
	rm -rf $(VENV) build dist demo docs/made .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find hybridattn tests benchmarks examples docs -type d -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.made:
	@echo "making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo-installed: $(WANTED) | $(VENV)/.made
	@echo "installing hybridattn into $(VENV) (torch is large: this can take some minutes)"
	@$(INSTALL) -e .
	@touch $@

$(VENV)/.docs-installed: $(WANTED) | $(VENV)/.made
	@echo "installing hybridattn and what builds its documents into $(VENV) (torch is large: this can take some minutes)"
	@$(INSTALL) -e ".[docs]"
	@touch $@ $(VENV)/.demo-installed

$(VENV)/.test-installed: $(WANTED) | $(VENV)/.made
	@echo "installing hybridattn and its test tools into $(VENV) (torch is large: this can take some minutes)"
	@$(INSTALL) -e ".[test,peers]"
	@touch $@ $(VENV)/.demo-installed
