# Fenghuo. `make run` and `make test` work on a bare Debian 12 (root, or a user with sudo); a second run starts within seconds.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Where it is set, every process compiles the whole product anew: 0.25 s of processor for each start of a daemon.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/pip install --quiet --require-hashes --no-deps

# What the tests talk to, by apt. package:program is content with any provider of the program. libatomic1: the browser's driver.
TEST_APT := git:git poppler-utils:pdftotext poppler-data zbar-tools:zbarimg direwolf nodejs:node npm:npm chromium libatomic1 fonts-wqy-microhei strace:strace systemd:systemd-analyze libfaketime gammu gammu-smsd smstools kannel snmp snmpd nut-server:/lib/nut/upsd dbus:dbus-daemon python3-dbusmock iproute2 mosquitto:/usr/sbin/mosquitto mosquitto-clients openssl:openssl espeak-ng:espeak-ng ffmpeg:ffmpeg gstreamer1.0-tools:gst-launch-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-base multimon-ng:multimon-ng sox:sox debootstrap prometheus-alertmanager
BENCH_APT := rabbitmq-server nats-server:nats-server

NODE_PEERS := tests/peers/node
DMR := .venv-dmr
SOURCES := core adapters plugins tests tools bench

.PHONY: help run scenarios test check docs bench soak release deb coverage format lock clean test-tools bench-tools

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

run: $(VENV)/.product ## the daemon on config/demo.toml with simulated towns; ONCE=1 ends after the report
	@$(BIN)/python -m fenghuo demo --config config/demo.toml $(if $(filter 1 yes true,$(ONCE)),--once)

scenarios: $(VENV)/.product ## the scenarios that come with the product, judged line by line; writes build/scenarios.json; ARGS="--seed 7" for another run
	@$(BIN)/python -m fenghuo simulate config/scenarios/S*.toml --quiet --out build/scenarios.json $(ARGS)

test: $(VENV)/.dev $(DMR)/.peer $(NODE_PEERS)/node_modules/.package-lock.json | test-tools ## every test, against real peers started by the tests; ARGS="-k sms" for some
	@tools/test "not soak" $(ARGS)

check: $(VENV)/.dev $(VENV)/.docs ## style, types, import contracts, known vulnerabilities, the documents as a site
	@tools/check

docs: $(VENV)/.docs ## the documents as a site that needs no network, zh and en, in build/site; any warning is an error
	@tools/docs

bench: $(VENV)/.dev $(VENV)/.bench $(NODE_PEERS)/node_modules/.package-lock.json | bench-tools ## beside RabbitMQ, Alertmanager, Kannel and NATS, every goal; writes bench/results/latest.json
	@$(BIN)/python -m bench $(ARGS)

soak: $(VENV)/.dev $(DMR)/.peer $(NODE_PEERS)/node_modules/.package-lock.json | test-tools ## HOURS=2 or SECONDS=600: the daemon under trouble for so long, as root; without: the tests that take minutes
	@$(if $(HOURS)$(SECONDS),$(BIN)/python -m tests.soak --seconds $(if $(SECONDS),$(SECONDS),$$(( $(HOURS) * 3600 ))) $(ARGS),tools/test soak $(ARGS))

release: $(VENV)/.dev ## dist/: the wheel, a wheelhouse for sites without a network, the bill of materials, the sums
	@tools/release

deb: $(VENV)/.dev ## dist/: the package for Debian 12, from that release
	@tools/deb

coverage: $(VENV)/.dev $(DMR)/.peer $(NODE_PEERS)/node_modules/.package-lock.json | test-tools ## which lines and branches the tests reach
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

format: $(VENV)/.dev ## put the code into shape
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

lock: $(VENV)/.dev ## requirements/*.txt anew from pyproject.toml; ARGS=--upgrade for newer releases
	@tools/lock $(ARGS)

clean: ## everything that can be made again
	@rm -rf $(VENV) $(DMR) $(NODE_PEERS)/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.*
	@find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

# Set-up. A stamp is newer than the lock it was installed from.

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { tools/apt-ensure python3:python3; $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=/path/to/python3")'; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || tools/apt-ensure python3-venv
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.product: requirements/build.txt requirements/product.txt pyproject.toml | $(BIN)/python
	@echo "installing the product's packages into $(VENV)"
	@$(PIP) -r requirements/build.txt -r requirements/product.txt
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.product
	@echo "installing the developer's packages into $(VENV)"
	@$(PIP) -r requirements/dev.txt
	@touch $@

$(VENV)/.docs: requirements/docs.txt $(VENV)/.product
	@echo "installing what makes the site into $(VENV)"
	@$(PIP) -r requirements/docs.txt
	@touch $@

$(VENV)/.bench: requirements/bench.txt $(VENV)/.product
	@echo "installing the yardsticks' clients into $(VENV)"
	@$(PIP) -r requirements/bench.txt
	@touch $@

# Under the AGPL, so in an environment of its own that the product is not installed in; without what it asks for and does not use.
$(DMR)/.peer: requirements/dmr.txt | $(BIN)/python
	@echo "installing the DMR peer's packages into $(DMR)"
	@$(PYTHON) -m venv --without-pip $(DMR)
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/pip --python $(DMR)/bin/python install --quiet --require-hashes --no-deps -r requirements/dmr.txt
	@touch $@

$(NODE_PEERS)/node_modules/.package-lock.json: $(NODE_PEERS)/package-lock.json | test-tools
	@cd $(NODE_PEERS) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

test-tools:
	@tools/apt-ensure $(TEST_APT)

bench-tools: test-tools
	@tools/apt-ensure $(BENCH_APT)
