# Every target works from a fresh clone by itself, with Python 3.11 or later and make.
#
#   make demo         serve examples/demo on 127.0.0.1      make demo PORT=9000
#   make test         the unit tests                        make test ARGS="-k routing -x"
#   make check        lint, format and types
#   make peer-suite   FastAPI's own test-suite on Vivace    make peer-suite ARGS="tests/test_sse.py"
#   make bench        Vivace, FastAPI and bare ASGI         make bench ARGS="--case plain"

PYTHON ?= python3
PORT ?= 8000
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

# The tests start many processes, each of which would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo test check format peer-suite bench clean

help:
	@sed -n 's/^#  *make/make/p' Makefile

install: $(INSTALLED)

# pip older than 25.1 knows no dependency groups, so it is brought up to date first.
$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Vivace needs Python 3.11 or later: make PYTHON=python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[all]' --group dev
	@touch $@

demo: $(INSTALLED)
	$(BIN)/vivace run examples/demo/main.py --host 127.0.0.1 --port $(PORT) $(ARGS)

test: $(INSTALLED)
	$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

check: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy --explicit-package-bases tests

format: $(INSTALLED)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

peer-suite: $(INSTALLED)
	$(BIN)/python tests/peer/run.py $(ARGS)

bench: $(INSTALLED)
	$(BIN)/python -m bench $(ARGS)

clean:
	rm -rf $(VENV) .cache
