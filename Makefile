# Every target that needs the environment makes it first; with a complete environment that takes a fraction of a second.
#
#   make test ARGS="-k tags -x"        ARGS are passed on to pytest, to `ner run`, or to the resolver of `make lock`
#   make run CONFIG=configs/other.yaml
#   make setup PYTHON=... STACK=...    interpreter and stack (tools/setup.sh)

SHELL := bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
STACK ?= auto
# Not ?=, which would read unrelated environment variables of these common names.
CONFIG = configs/local.yaml
ARGS =
export VENV STACK

# One process runs all tests of a file, because they share fixtures. A process takes up to 2 GB.
PARALLEL := -n auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

BIN := $(VENV)/bin
CODE := deployable_ner pipeline components schemas configs benchmarks tests

##@ Use

.PHONY: run
run: setup ## Run the pipeline on the sample corpus, then tag a sentence (CONFIG=configs/local.yaml)
	@$(BIN)/ner run --config $(CONFIG) $(ARGS)
	@$(BIN)/ner predict --config $(CONFIG) --format highlight "Justin Trudeau went to New Delhi India"

##@ Check

.PHONY: test
test: setup ## Run the tests that protect most, in a quarter of an hour (ARGS=...)
	@$(BIN)/python -m pytest $(PARALLEL) -m "not extended and not slow and not fuzz and not gpu" $(ARGS)

.PHONY: test-extended
test-extended: setup ## Run the tests that `make test` leaves out: more cases, real corpora, slow ones (ARGS=...)
	@$(BIN)/python -m pytest $(PARALLEL) -m "(extended or slow) and not fuzz and not gpu" $(ARGS)

.PHONY: test-all
test-all: setup ## Run all tests but the long fuzzers (ARGS=...)
	@$(BIN)/python -m pytest $(PARALLEL) -m "not fuzz and not gpu" $(ARGS)

.PHONY: fuzz
fuzz: setup ## Run the fuzzers: corpora, logs, texts for a model (NER_FUZZ_SEED=, NER_FUZZ_CASES=, ARGS=)
	@$(BIN)/python -m pytest -s tests/fuzz $(ARGS)

.PHONY: lint
lint: setup ## Check style, formatting, import contracts and types; changes nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/mypy

.PHONY: format
format: setup ## Format the code and apply ruff's fixes
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format .

##@ Measure

# Environment of the other systems, made from PEERS_PYTHON.
PEERS_VENV ?= .venv-bench
PEERS_PYTHON ?= $(BIN)/python
# A corpus folder, or a folder of them.
DATA ?= ../shared/data
# The GPU benchmark needs only keras, jax and numpy, so any Python with them will do.
GPU_PYTHON ?= $(if $(wildcard $(BIN)/python),$(BIN)/python,python3)
BENCH = $(BIN)/python -m benchmarks
BENCH_DATA = --data $(DATA) --peers-python $(PEERS_VENV)/bin/python

.PHONY: bench
bench: bench-accuracy bench-serving bench-scaling ## Fill all tables of benchmarks/results (hours; DATA=, ARGS=)

.PHONY: bench-setup
bench-setup: setup ## Create the environment of the other systems: CRFsuite, spaCy, torch (5 GB)
	@[ -x $(PEERS_VENV)/bin/python ] || $(PEERS_PYTHON) -m venv $(PEERS_VENV)
	@$(PEERS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt

.PHONY: bench-accuracy
bench-accuracy: bench-setup ## Train all systems on all corpora: entity F1, cost of training (DATA=, ARGS="--jobs 2")
	@$(BENCH) accuracy $(BENCH_DATA) $(ARGS)

.PHONY: bench-serving
bench-serving: bench-setup ## Time all systems on one core, in turns: latency, throughput, size (DATA=, ARGS=)
	@$(BENCH) serving $(BENCH_DATA) $(ARGS)

.PHONY: bench-scaling
bench-scaling: setup ## Train our tagger on multiples of a corpus: time of an epoch, memory (DATA=, ARGS=)
	@$(BENCH) scaling $(BENCH_DATA) $(ARGS)

.PHONY: scale
scale: setup ## Run the pipeline on made-up corpora: time and memory of each node (ARGS="--sentences 10000,1000000")
	@$(BENCH) scale $(ARGS)

.PHONY: bench-test
bench-test: bench-setup ## Run the tests of the other systems, in their environment (ARGS=)
	@$(PEERS_VENV)/bin/python -m pytest -p no:cacheprovider tests/benchmarks/peers $(ARGS)

.PHONY: gpu
gpu: ## Time training of the cnn_linear tagger on this machine's accelerator, with JAX (GPU_PYTHON=, ARGS=)
	@$(GPU_PYTHON) -m benchmarks.gpu.train_speed $(ARGS)

##@ Environment

.PHONY: setup
setup: ## Create or complete the environment (PYTHON=, STACK=tfx116|tfx121, VENV=)
	@bash tools/setup.sh

.PHONY: lock
lock: setup ## Resolve the constraints of both stacks again (ARGS=--upgrade for the newest versions)
	@$(call resolve,tfx116,x86_64-manylinux_2_28)
	@$(call resolve,tfx121,x86_64-manylinux_2_40)

.PHONY: clean
clean: ## Remove caches and build leftovers
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis __pycache__
	@find $(CODE) -type d -name __pycache__ -prune -exec rm -rf {} +

.PHONY: clean-all
clean-all: clean ## Remove caches and the environment; the outputs of runs (work/) stay
	@if [ -f $(VENV)/pyvenv.cfg ]; then rm -rf $(VENV); fi

.PHONY: help
help: ## Print this help
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { line = sprintf("  %-14s", $$1); words = split($$2, word, " "); \
	    for (i = 1; i <= words; i++) { \
	      if (length(line " " word[i]) > 80) { print line; line = sprintf("%16s", "") } \
	      line = line " " word[i] } \
	    print line }' $(firstword $(MAKEFILE_LIST))

# $(call resolve,STACK,PLATFORM): keeps pins that still fit, unless ARGS=--upgrade.
define resolve
$(BIN)/uv pip compile --quiet --no-header --no-annotate --python-version 3.11 --python-platform $(2) \
  --override constraints/overrides.txt --extra pipeline --extra kfp --extra test $(ARGS) \
  --output-file constraints/py311-$(1).txt constraints/$(1).in setup.py
sed -i '1i # Renewed by: make lock [ARGS=--upgrade], from constraints/$(1).in, constraints/overrides.txt and setup.py' \
  constraints/py311-$(1).txt
echo 'tensorflow[and-cuda]' | $(BIN)/uv pip compile --quiet --no-header --no-annotate --python-version 3.11 \
  --python-platform $(2) --constraint constraints/py311-$(1).txt - | grep ^nvidia- > constraints/py311-$(1)-gpu.txt
sed -i '1i # Renewed by: make lock [ARGS=--upgrade]; the packages that tensorflow[and-cuda] adds to py311-$(1).txt (Dockerfile)' \
  constraints/py311-$(1)-gpu.txt
endef
