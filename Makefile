# Every target sets up what it needs in $(VENV) first; only Python and make must be there.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help demo test coverage test-matrix test-oldest mutate lint format docs pictures test-site \
	dist audit bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    tune an LSTM on real data, draw forecast.png (minutes)"
	@echo "make test    run the tests and the docstring examples"
	@echo "make coverage  the tests, and which lines and branches they leave out; 97 % are asked for"
	@echo "make test-matrix  the tests on every scikit-learn from 1.7 on, each in its own environment"
	@echo "make test-oldest  the tests on the oldest versions that pyproject.toml allows"
	@echo "make mutate  change the arithmetic in small ways, list those that no test sees"
	@echo "make lint    formatting, lint, types, import rules"
	@echo "make format  mend what lint can mend"
	@echo "make docs    run every page of the guide and build the site, docs/_build/html"
	@echo "make pictures  draw the README's pictures again"
	@echo "make test-site  open every page of the site in a browser"
	@echo "make dist    build wheel and archive, check them, install them elsewhere"
	@echo "make audit   look for known faults in what is installed"
	@echo "make bench   measure against what else one could use"
	@echo "make clean   remove the environment and what the tools left"

demo: $(VENV)/cli
	$(BIN)/python -m skl_lstm

test: $(VENV)/test
	$(BIN)/python -m pytest

coverage: $(VENV)/test
	$(BIN)/python -m pytest --cov

test-matrix: test-sklearn-1.7 test-sklearn-1.8 test-sklearn-1.9

test-sklearn-%:
	$(MAKE) --no-print-directory $(VENV)-sklearn-$*/bin/python VENV=$(VENV)-sklearn-$*
	$(VENV)-sklearn-$*/bin/python -m pip install --quiet --editable '.[test]' 'scikit-learn==$*.*'
	$(VENV)-sklearn-$*/bin/python -m pip install --quiet $(TEST_DATA)
	$(VENV)-sklearn-$*/bin/python -m pytest

# uv resolves to the lowest versions of what pyproject.toml names, and pip cannot.
test-oldest: $(VENV)/dist
	$(BIN)/python -m uv venv --quiet --allow-existing --python $(BIN)/python $(VENV)-oldest
	$(BIN)/python -m uv pip install --quiet --python $(VENV)-oldest/bin/python \
		--resolution lowest-direct --editable '.[test]'
	$(BIN)/python -m uv pip install --quiet --python $(VENV)-oldest/bin/python $(TEST_DATA)
	$(VENV)-oldest/bin/python -m pytest

# Anew each time: mutmut tries no survivor again because a test has changed. Those that are known
# stand in tests/surviving_mutants.md, with the reasons.
mutate: $(VENV)/mutation
	rm -rf mutants
	$(BIN)/python -m mutmut run
	$(BIN)/python -m mutmut results

lint: $(VENV)/lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/lint
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# A warning is an error. The pages that have not changed since the last build are not run again.
docs: $(VENV)/docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going -d docs/_build/doctrees docs docs/_build/html

pictures: $(VENV)/docs
	$(BIN)/python docs/pictures

test-site: docs $(VENV)/test
	$(BIN)/python -m pytest -m site tests

dist: $(VENV)/dist
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/python -m pytest -m dist tests/test_distribution.py

audit: $(VENV)/dist
	$(BIN)/python -m pip_audit --skip-editable

bench: $(VENV)/bench
	$(BIN)/python -m benchmarks

# One stamp an extra: installed again when the metadata changes.
$(VENV)/%: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@

# The tests read a data set out of sktime's wheel and import none of it: its requirements, which
# would hold back newer versions of ours, are left out.
TEST_DATA := --no-deps 'sktime>=1.2'

$(VENV)/test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	$(BIN)/python -m pip install --quiet $(TEST_DATA)
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"skl_lstm needs Python 3.11 or newer, but $(PYTHON) is " + sys.version.split()[0] \
		+ ". Name another one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV) $(VENV)-sklearn-* $(VENV)-oldest build dist *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage* mutants
	rm -rf docs/_build docs/auto_guide docs/generated
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
