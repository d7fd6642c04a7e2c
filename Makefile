# Every target sets up its own virtual environment when it is not there.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# One thread per process: OpenMP threads that wait for each other cost more than they give on shared cores.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
# PyTorch, installed first; plain "torch" or another version: make test TORCH=torch
TORCH ?= torch==2.13.0
# Where the reference results are: make conform GOLDEN=/path/to/golden
GOLDEN ?= ../shared/golden
DEMO ?= results/demo
JOBS ?= auto

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench quality conform clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet "$(TORCH)"
	$(BIN)/python -m pip install --quiet --editable ".[dev,report,bo,rl]"
	@touch $(STAMP)

demo: $(STAMP) ## Search a DRAM controller for a recorded program, show the result, write log and plots
	$(BIN)/archgym run demo --out $(DEMO) --plots

test: $(STAMP) ## Run the tests
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -q

check: $(STAMP) ## Lint, type-check and check the import floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP) ## Run the benchmarks (minutes)
	@for file in benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

quality: $(STAMP) ## Search with every agent on four tasks and compare (an hour; `benchmarks/quality.py AGENT…` for some)
	$(BIN)/python benchmarks/quality.py

conform: $(STAMP) ## Compare with the reference results in $(GOLDEN)
	$(BIN)/archgym conform dram $(GOLDEN)/dram/dev.csv --traces $(GOLDEN)/dram/traces --threads 2
	$(BIN)/archgym conform dram $(GOLDEN)/dram/command_logs.csv --traces $(GOLDEN)/dram/traces --threads 2
	$(BIN)/archgym conform dram $(GOLDEN)/dram/archgym_ddr3.csv --traces $(GOLDEN)/dram/archgym_traces --threads 2
	$(BIN)/archgym conform dram $(GOLDEN)/dram/v5_vs_v4.csv --traces $(GOLDEN)/dram/archgym_traces --threads 2
	$(BIN)/archgym conform soc $(GOLDEN)/soc/dev.jsonl
	$(BIN)/archgym conform accelerator $(GOLDEN)/accelerator/dev.json
	$(BIN)/archgym conform accelerator-mapping $(GOLDEN)/accelerator/maestro_dev.json

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist *.egg-info
