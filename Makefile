# make demo: see it work.  make test: the default suite.  make check: format, lint, types.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test check install clean help

help:
	@echo "make demo    a night on the bundled language model; make demo LAB=ngram needs no PyTorch"
	@echo "make test    the default tests (under a minute)"
	@echo "make check   formatting, lint, types"

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Overnight needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make demo PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	@touch $@

$(VENV)/dev-installed: $(VENV)/installed requirements-dev.txt
	$(PIP) -r requirements-dev.txt
	@touch $@

install: $(VENV)/installed

# Linux without an NVIDIA GPU takes the CPU build, 200 MB instead of gigabytes of CUDA, from an index of its own. Where
# that does not answer, what there is is taken; where there is nothing, the lab that needs nothing.
CPU_TORCH := --no-deps --timeout 15 --retries 1 --index-url https://download.pytorch.org/whl/cpu

$(VENV)/gpt-installed: $(VENV)/installed requirements-gpt.txt
	@echo "PyTorch for the lab gpt (make demo LAB=ngram needs none)"
	@[ "$$(uname)" != Linux ] || [ -e /dev/nvidia0 ] || command -v nvidia-smi >/dev/null \
		|| $(PIP) $(CPU_TORCH) $$(grep ^torch== requirements-gpt.txt) 2>/dev/null \
		|| echo "No CPU build at download.pytorch.org: the one of the usual index then, which may be large"
	@$(PIP) -r requirements-gpt.txt && touch $@ || echo "PyTorch cannot be installed here: see above"

demo: $(VENV)/$(if $(filter-out gpt,$(LAB)),installed,gpt-installed)
	@$(BIN)/overnight demo $(LAB) $(ARGS)

test: $(VENV)/dev-installed
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

check: $(VENV)/dev-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
