# make demo: see it work.  make test: the default suite.  make check: format, lint, types.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check install clean help

help:
	@echo "make demo    a night on the bundled lab, with nothing but Python and git"
	@echo "make test    the default tests (under a minute)"
	@echo "make check   formatting, lint, types"

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Overnight needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make demo PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/dev-installed: $(VENV)/installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

install: $(VENV)/installed

demo: $(VENV)/installed
	@$(BIN)/overnight demo $(LAB) $(ARGS)

test: $(VENV)/dev-installed
	$(BIN)/python -m pytest -n auto

check: $(VENV)/dev-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
