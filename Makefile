# Everything in one command: `make train` or `make test`. PYTHON=python3.12 chooses the interpreter of the environment.

VENV := .venv
IN_VENV := $(VENV)/bin/python
INSTALL := $(IN_VENV) -m pip install --quiet --editable
CLANG_FORMAT := $(VENV)/bin/clang-format
C_FILES := $(wildcard csrc/*/*.[ch] tests/c/*.[ch] benchmarks/*.[ch] fashioncnn/exchange/c/*.[ch])
PROGRAMS = $(IN_VENV) setup.py --quiet build_programs

.NOTPARALLEL:
.PHONY: help train test test-arm test-oldest lint format build debug coverage
.PHONY: bench bench-data bench-growth bench-kernels bench-stages conformance wheel data clean
help:
	@echo "make train          build, get the data, train five epochs, test, save the run"
	@echo "make test           build and run every test"
	@echo "make test-arm       run the C tests on an emulated 64-bit Arm, where its compiler and emulator are"
	@echo "make test-oldest    run the tests in Python with the oldest versions of all packages that may be installed"
	@echo "make lint           check the style and the types"
	@echo "make format         lay the C code out in its style"
	@echo "make build          compile what was changed"
	@echo "make debug          run the C tests unoptimised, with asserts; SANITIZE=address,undefined with sanitizers"
	@echo "make coverage       show which lines of C the tests run"
	@echo "make bench          measure, side by side with Keras and PyTorch"
	@echo "make bench-data     measure whether data sets and generators keep the cores busy"
	@echo "make bench-growth   measure whether time and memory grow as the work does"
	@echo "make bench-kernels  measure each kernel beside the machine's peak"
	@echo "make bench-stages   measure where a training step's time goes, write docs/stages-MAKER.md and a picture"
	@echo "make conformance    run Keras's own unit tests against fashioncnn, write docs/compatibility.md"
	@echo "make wheel          build a wheel into dist/"
	@echo "make clean          delete everything that make made, except runs/"

train: $(VENV)/for-train build data
	$(IN_VENV) -m fashioncnn train

test: $(VENV)/for-test build data
	$(IN_VENV) -m pytest

test-arm: $(VENV)/for-train
	@sh tools/test_arm.sh $(IN_VENV)

test-oldest: $(VENV)/for-test
	@sh tools/test_oldest.sh $(IN_VENV)

lint: $(VENV)/for-test
	$(IN_VENV) -m ruff check .
	$(IN_VENV) -m mypy
	$(CLANG_FORMAT) --dry-run --Werror $(C_FILES)

format: $(VENV)/for-test
	$(CLANG_FORMAT) -i $(C_FILES)

build: | $(VENV)/for-train
	$(IN_VENV) setup.py --quiet build_ext --inplace

debug: $(VENV)/for-test
	$(PROGRAMS) --debug --sanitize=$(SANITIZE)
	@set -e; for test in build/$(or $(SANITIZE),debug)/test_*; do test -d $$test || { echo $$test; $$test; }; done

coverage: $(VENV)/for-test
	$(PROGRAMS) --coverage
	@set -e; for test in build/coverage/test_*; do $$test; done
	$(IN_VENV) -m gcovr --merge-mode-functions=separate --root . --filter csrc/ build/coverage

bench: $(VENV)/for-test build data
	$(IN_VENV) benchmarks/run.py

bench-growth: $(VENV)/for-test build
	$(IN_VENV) benchmarks/growth.py

bench-data: $(VENV)/for-test build
	$(IN_VENV) benchmarks/data.py

bench-kernels: $(VENV)/for-test
	$(PROGRAMS) --programs=benchmarks/kernels.c
	$(PROGRAMS) --programs=benchmarks/layers.c
	build/release/kernels
	build/release/layers

bench-stages: $(VENV)/for-test build
	$(IN_VENV) benchmarks/stages.py

conformance: $(VENV)/for-test
	$(IN_VENV) conformance/run.py

wheel: $(VENV)/made
	$(IN_VENV) -m pip wheel --quiet --no-deps --wheel-dir dist .

data: | $(VENV)/for-train
	@sh tools/install_data.sh $(IN_VENV)

clean:
	rm -rf $(VENV) benchmarks/.envs build dist *.egg-info fashioncnn/*.so .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is made once, and again when PYTHON names another interpreter than it was made with.
ifneq ($(PYTHON),)
ifneq ($(PYTHON),$(shell cat $(VENV)/made 2>/dev/null))
.PHONY: $(VENV)/made
endif
endif
PYTHON ?= python3

$(VENV)/made:
	@PYTHON="$(PYTHON)" CC="$(CC)" sh tools/check_system.sh
	"$(PYTHON)" -m venv --clear $(VENV)
	@echo "$(PYTHON)" >$@

$(VENV)/for-train: $(VENV)/made pyproject.toml
	$(INSTALL) ".[build,data,plot,images]"
	@touch $@

$(VENV)/for-test: $(VENV)/made pyproject.toml
	$(INSTALL) ".[test,lint]"
	@touch $(VENV)/for-train $@
