# Everything is installed inside the checkout, into .venv and node_modules.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
# Compiled bytecode halves the start-up time of every command.
unexport PYTHONDONTWRITEBYTECODE
# A shell that sits in another environment must not leak into this one.
unexport PYTHONPATH VIRTUAL_ENV

.PHONY: help demo up test repro fuzz bench bench-drift bench-training dashboard lint setup lock synth clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: setup  ## Deploy, train, predict, find drift, alarm and roll back on this machine, then stop
	@evergreen demo

up: setup  ## The same cloud, deployed and trained, until Ctrl-C
	@evergreen up

test: setup lint  ## Run every check and test
	@python -m pytest

repro: setup  ## Prepare and train on this machine alone, by DVC
	@dvc repro

fuzz: setup  ## Hold the endpoint against its OpenAPI document with 12,000 made-up requests
	@EVERGREEN_FUZZ_CASES=3000 python -m pytest tests/end_to_end/test_conformance.py -s --timeout 3000

bench: setup  ## Measure serving against its peers; writes docs/benchmarks.md
	@python -m benchmarks.serving

bench-drift: setup  ## Measure the drift check: false alarms, power, time; writes docs/drift.md
	@python -m benchmarks.drift

bench-training: setup  ## Measure training and judging; writes docs/training.md and docs/judging.md
	@python -m benchmarks.training
	@python -m benchmarks.judging

dashboard: setup  ## Draw the dashboard of the cloud that `make up` runs
	@evergreen dashboard --local

lint: setup
	@ruff check .
	@ruff format --check .
	@mypy

setup: .venv/.ready  ## Install the pinned tools into .venv and node_modules

.venv/.ready: requirements.txt package-lock.json pyproject.toml scripts/setup.sh
	@./scripts/setup.sh

lock: setup  ## Resolve pyproject.toml into requirements.txt and package.json into package-lock.json
	@uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet \
		--custom-compile-command "make lock" pyproject.toml --output-file requirements.txt
	@npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund

synth: setup  ## Write the CloudFormation templates to cdk.out
	@cdk synth --quiet

clean:  ## Remove what make and the commands wrote, the installed tools included
	rm -rf .venv node_modules .build .evergreen cdk.out *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
