# make demo: from embedded pictures to a model that is trained, exported, verified, quantized and measured.
# make test: the whole suite.
# Both make their own environment in .venv; PYTHON=... chooses another interpreter than the one found.

PYTHON ?= $(shell sh tools/find_python.sh)
VENV := .venv
BIN := $(VENV)/bin

# paddleslim brings opencv-python, which needs libGL and owns the same folder cv2 as the headless one: that one goes last
define install
PYTHONWARNINGS=ignore $(BIN)/python -m pip install -q -e "$(1)"
PYTHONWARNINGS=ignore $(BIN)/python -m pip install -q --force-reinstall --no-deps opencv-python-headless==4.6.0.66
endef

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
	$(call install,.[all])
	@touch $@

$(VENV)/dev.done: $(VENV)/python.done setup.py
	$(call install,.[dev])
	@touch $(VENV)/base.done $@

clean:
	rm -rf $(VENV) build *.egg-info
