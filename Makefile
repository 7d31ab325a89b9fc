# One page of commands; `make help` prints them. Everything that they need is installed or built by them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:
# Some machines forbid Python to keep what it has compiled: each process of a test run would compile all of it again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help up down status images test lint types docs unit integration e2e conformance bench bench-rollout generate lock clean

help: ## Print this page
	@echo "Wharfinger: make TARGET"
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' Makefile
	@echo "Settings: CLUSTER=kind|local (default: what the machine has), PYTHON=python3, BASE_IMAGE=... for both images,"
	@echo "          KIND_NODE_IMAGE and KIND_CONFIG for kind, ARGS=... further arguments for unit, integration and e2e."

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: set PYTHON=..."; exit 1; }
	@echo "Installing the pinned development requirements into $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

up: $(READY) ## Bring up a cluster, install the operator, push an image, run a pod from it
	@$(BIN)/python -m e2e.cluster up
	@$(BIN)/python -m e2e.road

down: $(READY) ## Take the cluster down; nothing of it stays
	@$(BIN)/python -m e2e.cluster down

status: $(READY) ## Say what the cluster is doing
	@$(BIN)/python -m e2e.cluster status

images: $(READY) ## Build both images and load them into the cluster
	@$(BIN)/python -m e2e.cluster images

test: lint types docs unit conformance integration up e2e ## Run everything: lint, types, the site, unit tests, conformance, integration, then e2e

lint: $(READY) ## Check style, the import contracts and that generated files are up to date
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports
	@$(BIN)/python -m wharfinger.api.generate --check
	@$(BIN)/python -m tools.registry_reference --check
	@$(BIN)/python -m tools.plugin_reference --check

types: $(READY) ## Check types, strictly
	@$(BIN)/mypy

docs: $(READY) ## Build the documentation site into build/docs; a warning or a broken link is an error
	@$(BIN)/sphinx-build -W --keep-going -n -E -q -b html -d build/doctrees docs build/docs

unit: $(READY) ## Run tests/: no cluster, no root; a minute or two
	@$(BIN)/pytest tests --ignore=tests/conformance --numprocesses=auto $(ARGS)

integration: $(READY) ## Run integration/: the operator against etcd and an API server, no nodes, no root
	@$(BIN)/pytest integration --timeout=120 $(ARGS)

e2e: $(READY) ## Run e2e/ against the cluster of `make up` (or KUBECONFIG)
	@$(BIN)/pytest e2e --timeout=300 $(ARGS)

conformance: $(READY) ## Run distribution-spec's conformance program against wharf; needs Go, no cluster
	@$(BIN)/pytest tests/conformance --timeout=300 -s $(ARGS)

bench: $(READY) ## Measure wharf beside other registries, and the operator: minutes; ARGS=--quick for a look
	@$(BIN)/python -m bench $(ARGS)
	@$(BIN)/python -m bench.reconciling $(filter --quick,$(ARGS))

bench-rollout: $(READY) ## Measure apply to Ready beside the same manifests, on the cluster of `make up` (or KUBECONFIG)
	@$(BIN)/python -m bench.rollout $(ARGS)

generate: $(READY) ## Write the CRDs, the reference pages and the chart's copies anew from their sources
	@$(BIN)/python -m wharfinger.api.generate
	@$(BIN)/python -m tools.registry_reference
	@cp manifests/components/monitoring/prometheus-rule.yaml charts/wharfinger/files/
	@cp manifests/components/monitoring/dashboards/*.json charts/wharfinger/files/dashboards/
	@$(BIN)/python -m tools.plugin_reference

lock: $(READY) ## Pin requirements/*.txt anew, with hashes, from pyproject.toml
	@$(PYTHON) -m venv build/lock && build/lock/bin/pip install --quiet --disable-pip-version-check pip-tools
	@for name in operator registry; do \
	  build/lock/bin/pip-compile --quiet --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	    --strip-extras --no-annotate --no-header --upgrade --extra $$name -o requirements/$$name.txt pyproject.toml; done
	@build/lock/bin/pip-compile --quiet --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	    --strip-extras --no-annotate --no-header --upgrade --extra operator --extra registry --extra plugin --extra dev -o requirements/dev.txt pyproject.toml

clean: ## Remove what was made in the work tree (caches elsewhere stay)
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
