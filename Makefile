# Every target sets up what it needs; a second run finds it there.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.DELETE_ON_ERROR:

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/ready
BROWSER_BIN := .venv-browser/bin
BROWSER_READY := .venv-browser/ready
CHROMIUM ?= $(firstword $(wildcard /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome))
WORKERS ?= 2
LEDGER ?= postgres
SIZES ?= 10000 1000000 5000000
TESTS ?=
# Where this says so, each process would read the source of all it imports anew: 5 to 10 s for a role, instead of 2 to 4.
unexport PYTHONDONTWRITEBYTECODE
LOCKS := requirements.lock deploy/bootstrap.lock

##@ Use it
.PHONY: demo
demo: $(READY) ## Play an evening at the front door (ONCE=1: end by itself, exit 0 if all balances)
	@$(BIN)/hub demo $(if $(ONCE),--once)

##@ Work on it
.PHONY: set-up
set-up: $(READY) ## Only set up: environment in .venv, dependencies checked by hash

.PHONY: test
test: check ## All tests but the browser's (TESTS=tests/unit to choose, WORKERS=4 to spread)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --ignore tests/desk/browser --ignore tests/containers $(TESTS)

.PHONY: check
check: $(READY) ## Format, lint, types and dependency hygiene, without the tests
	@$(BIN)/ruff format --check --quiet . || { echo 'Run: make format'; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/deptry .

.PHONY: format
format: $(READY) ## Bring every file into the house's format
	@$(BIN)/ruff check --quiet --select I --fix . && $(BIN)/ruff format .

.PHONY: test-browser
test-browser: $(BROWSER_READY) ## The desk in a real browser (Chromium from the system's packages)
	@test -n '$(CHROMIUM)' || { echo 'Chromium is missing. As root: apt-get install -y --no-install-recommends chromium'; exit 1; }
	@HUB_TEST_CHROMIUM='$(CHROMIUM)' $(BROWSER_BIN)/python -m pytest tests/desk/browser

.PHONY: test-containers
test-containers: $(READY) ## Compose started whole, under pause, kill and network cuts (as root; Docker, debootstrap)
	@deploy/images/needs.sh compose
	@deploy/images/build.sh
	@$(BIN)/python -m pytest tests/containers

.PHONY: bench
bench: $(READY) ## Measure the road: table here, figures in build/bench.json
	@$(BIN)/python -m tests.load.bench

.PHONY: scale
scale: $(READY) ## Measure over histories of several sizes (LEDGER=sqlite SIZES='10000 1000000'): build/scale.svg
	@$(BIN)/python -m tests.load.scale --ledger $(LEDGER) --sizes '$(SIZES)'

.PHONY: crash
crash: $(READY) ## kill -9 of everything, 200 times under load (SEED=n to repeat a campaign)
	@$(BIN)/python -m tests.faults.crash $(if $(SEED),--seed $(SEED))

.PHONY: faults
faults: $(READY) ## Random faults of all kinds under load (SEED=n N=how many LEDGER=postgres SHRINK=1 STEPS=file UPGRADE=commit)
	@$(BIN)/python -m tests.faults.storms $(if $(SEED),--seed $(SEED)) $(if $(N),--schedules $(N)) \
		$(if $(LEDGER),--ledger $(LEDGER)) $(if $(SHRINK),--shrink) $(if $(STEPS),--steps $(STEPS)) \
		$(if $(UPGRADE),--upgrade $(UPGRADE))

.PHONY: images
images: $(READY) ## Build the images of the hub, Kafka and PostgreSQL (as root; a Docker engine and debootstrap)
	@deploy/images/build.sh

.PHONY: lock
lock: $(READY) ## Lock the dependencies of pyproject.toml anew, with hashes
	@$(BIN)/python deploy/lock.py

.PHONY: clean
clean: ## Stop the embedded Kafka and remove what was made here (not the user's cache)
	@test ! -x $(BIN)/hub || HUB_KAFKA_BOOTSTRAP= $(BIN)/hub kafka stop || true
	@rm -rf build .venv .venv-browser .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## Show this
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): $(LOCKS) pyproject.toml
	@$(call environment,.venv,requirements.lock)

$(BROWSER_READY): $(LOCKS) deploy/browser.lock pyproject.toml
	@$(call environment,.venv-browser,requirements.lock deploy/browser.lock)

# $(1): where; $(2): the locks whose packages it holds.
define environment
	test -n '$(PYTHON)' || { echo 'Python 3.11 or newer is missing. As root: apt-get install -y python3 python3-venv'; exit 1; }; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "venv is missing for $(PYTHON). As root: apt-get install -y python3-venv"; exit 1; }; \
	echo 'Setting up $(1)' >&2; \
	$(1)/bin/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(1) || exit 1; \
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/bootstrap.lock && \
	$(1)/bin/uv pip sync --quiet --compile-bytecode --python $(1)/bin/python --require-hashes $(2) && \
	$(1)/bin/uv pip install --quiet --python $(1)/bin/python --offline --no-build-isolation --no-deps --editable . && \
	$(1)/bin/python -m compileall -q hub connectors schemas && \
	touch $@
endef
