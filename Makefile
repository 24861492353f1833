# make demo: train, evaluate and try a small model on the embedded data.   make test: the whole suite.
# Both make their own environment in .venv; PYTHON=... chooses another interpreter than the one found.

PYTHON ?= $(shell sh tools/find_python.sh)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test bench lint clean

demo: $(VENV)/base.done
	$(BIN)/python tools/demo.py

test: $(VENV)/dev.done lint
	$(BIN)/python -m pytest -n 2 --dist worksteal tests

lint: $(VENV)/dev.done
	$(BIN)/ruff check .

bench: $(VENV)/base.done
	$(BIN)/python tools/bench.py train -c configs/classify/digits.yml

$(VENV)/python.done:
	@test -n "$(PYTHON)" || { echo "no Python 3.9 to 3.12 found: install one, or call make PYTHON=/path/to/python"; exit 1; }
	@echo "using $(PYTHON)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip
	@touch $@

$(VENV)/base.done: $(VENV)/python.done setup.py
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install -q -e .
	@touch $@

$(VENV)/dev.done: $(VENV)/python.done setup.py
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install -q -e ".[dev]"
	@touch $(VENV)/base.done $@

clean:
	rm -rf $(VENV) build *.egg-info
