# Everything a developer does here. `make demo` and `make test` set up all they need themselves.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SOURCES := linkerdctl tests benchmarks scripts

.DEFAULT_GOAL := help
VIEW ?= stat deploy -n emojivoto
.PHONY: help dev demo demo-prometheus test lint format bench lock audit protos docs pictures clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

$(VENV)/.runtime: pyproject.toml scripts/make-venv
	@scripts/make-venv $(PYTHON) $(VENV) '.[demo]'
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime pyproject.toml
	@scripts/make-venv $(PYTHON) $(VENV) '.[demo]' --group dev
	@touch $@

dev: $(VENV)/.dev  ## install linkerdctl, editable, with the tools of its developers, into .venv

demo: $(VENV)/.runtime  ## golden metrics of a small mesh on loopback: no cluster needed
	@$(BIN)/linkerdctl demo -- stat deploy -n emojivoto

demo-prometheus: $(VENV)/.runtime  ## the same from three sources: proxies, a real Prometheus, a recording (VIEW= stays up)
	@scripts/demo-prometheus $(BIN) $(VIEW)

test: dev  ## all tests; installs kubectl and prometheus from Debian where they are missing
	@scripts/install-test-tools
	@$(BIN)/python -m pytest -n 4 --dist loadfile

lint: dev  ## ruff, mypy --strict, the arrows between the rooms
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: dev  ## rewrite the sources as ruff formats them
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

bench: dev  ## the benchmarks, as ratios measured in one run
	@$(BIN)/python -m benchmarks

lock: $(VENV)/.runtime  ## rewrite requirements.lock, which CI installs, with the newest versions there are
	@scripts/lock $(BIN)

audit: $(VENV)/.runtime  ## ask a vulnerability service about requirements.lock; says so where none can be reached
	@$(BIN)/pip install --quiet --disable-pip-version-check --group audit
	@scripts/audit $(BIN)

protos: dev  ## regenerate linkerdctl/tap/wire from protos/; a test fails when the two differ
	@scripts/generate-protos $(BIN)/python .

docs: dev  ## rewrite docs/commands.md and the man page from the help texts; a test fails when they differ
	@$(BIN)/python scripts/command_reference.py > docs/commands.md
	@$(BIN)/python scripts/man_page.py > docs/man/linkerdctl.1

pictures: dev  ## draw docs/pictures/ anew, from real runs against the demo
	@command -v tmux >/dev/null || scripts/apt-install tmux
	@scripts/install-test-tools
	@$(BIN)/python scripts/pictures.py

clean:  ## remove what the other targets made
	@rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
