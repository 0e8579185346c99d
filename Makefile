# Each target makes .venv and installs what it needs by itself; Python 3.11 or newer is all it asks for. Libraries of the
# system are installed too where that needs no password.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO_OUT ?= demo
CT ?=
ORGAN ?=
TORCH_SOURCE ?=

.PHONY: help demo test quick lint format screenshots gallery benchmark icons docs clean

help:
	@echo "make demo [CT=file ORGAN=file] [DEMO_OUT=folder]   the main job in a window; offscreen without a display"
	@echo "make test                                          lint and every test"
	@echo "make quick                                         the tests that are not slow"
	@echo "     ... TORCH_SOURCE=address or folder            where pip finds PyTorch for the CPU, if the usual source has none"
	@echo "make docs                                          the documentation, into build/docs"
	@echo "make lint | format | screenshots | gallery | benchmark | icons | clean"

demo: $(STAMP)
	$(BIN)/python Testing/demo.py --out "$(DEMO_OUT)" $(if $(CT),--ct "$(CT)") $(if $(ORGAN),--organ "$(ORGAN)")

test: $(STAMP) lint
	$(BIN)/python -m pytest

quick: $(STAMP) lint
	$(BIN)/python -m pytest -m "not slow"

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP)
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --nitpicky --quiet Documentation build/docs

screenshots: $(STAMP)
	$(BIN)/python Testing/screenshots.py --out Resources/Screenshots

gallery: $(STAMP)
	$(BIN)/python Testing/gallery.py

benchmark: $(STAMP)
	PYTHONPATH=Testing $(BIN)/python -m benchmarks

icons: $(STAMP)
	QT_QPA_PLATFORM=offscreen $(BIN)/python Resources/draw_icons.py

clean:
	rm -rf $(VENV) build demo benchmark .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt Testing/check_system.py Testing/install.py
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { \
	  echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	       "Name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) Testing/check_system.py --install
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@TORCH_SOURCE="$(TORCH_SOURCE)" $(BIN)/python Testing/install.py
	@touch $@
