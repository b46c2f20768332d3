# `make` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(SETUP): requirements.txt requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(BIN)/deskhand prepare
	@touch $@

setup: $(SETUP) ## make .venv, install everything, derive the encoder

demo: $(SETUP) ## tickets arrive in a simulated helpdesk and are triaged while you watch; HELPDESK=name for another
	$(BIN)/deskhand demo $(if $(HELPDESK),--helpdesk $(HELPDESK))

test: $(SETUP) ## the whole suite, with coverage of triage and connectors
	@$(BIN)/python -m tests.browser_here || true
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal --cov --cov-report=term:skip-covered --cov-fail-under=90

check: $(SETUP) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(SETUP) ## how fast it takes events in, gets tickets through, drains a backlog, finds lost events
	$(BIN)/python -m bench.intake --seconds 10 --json
	$(BIN)/python -m bench.pipeline --tickets 200 --workers 1 --json
	$(BIN)/python -m bench.backlog --json
	$(BIN)/python -m bench.lost_webhooks --json

clean: ## remove what is derived; the database under var/ stays
	rm -rf $(VENV) var/models var/demo
