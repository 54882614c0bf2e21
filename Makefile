# Every target first installs what it needs in $(VENV). Only Python and make are required.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help demo check test coverage test-matrix test-oldest oldest golden mutate lint format docs \
	pictures test-site dist audit bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo         tune an LSTM on real data, draw forecast.png (about 20 s)"
	@echo "make check        lint, and the tests that train no network (about a minute)"
	@echo "make test         run all tests and the docstring examples (minutes)"
	@echo "make coverage     run the tests, list the lines and branches they miss (fails below 97 %)"
	@echo "make test-matrix  run the tests on scikit-learn 1.7, 1.8 and 1.9, each in its own environment"
	@echo "make test-oldest  run the tests on the oldest versions that pyproject.toml allows"
	@echo "make golden       save the models of this version for the tests of later versions"
	@echo "make mutate       make small changes to the arithmetic, list those that no test detects"
	@echo "make lint         check formatting, lint, types and import rules"
	@echo "make format       fix formatting and lint errors where this is automatic"
	@echo "make docs         run every page of the guide and build the site, docs/_build/html"
	@echo "make pictures     redraw the pictures of the README and the documentation"
	@echo "make test-site    open every page of the site in a browser"
	@echo "make dist         build wheel and source archive, run them with new and old requirements"
	@echo "make audit        look up known vulnerabilities of the installed packages"
	@echo "make bench        compare speed and memory with the alternatives"
	@echo "make clean        remove the environments, build outputs and caches"

demo: $(VENV)/cli
	$(BIN)/python -m skl_lstm

# The tests below these paths neither train a network nor load Keras.
QUICK_TESTS := tests/core tests/transformers tests/inspection tests/test_datasets.py \
	tests/test_settings.py tests/test_release.py

check: lint $(VENV)/test
	$(BIN)/python -m pytest $(QUICK_TESTS)

# Two processes, one file at a time, so that the tests of a file share their fitted models.
PARALLEL := --numprocesses 2 --dist loadfile

test: $(VENV)/test
	$(BIN)/python -m pytest $(PARALLEL)

coverage: $(VENV)/test
	$(BIN)/python -m pytest $(PARALLEL) --cov

test-matrix: test-sklearn-1.7 test-sklearn-1.8 test-sklearn-1.9

test-sklearn-%:
	$(MAKE) --no-print-directory $(VENV)-sklearn-$*/bin/python VENV=$(VENV)-sklearn-$*
	$(VENV)-sklearn-$*/bin/python -m pip install --quiet --editable '.[test]' 'scikit-learn==$*.*'
	$(VENV)-sklearn-$*/bin/python -m pip install --quiet --no-deps $(TEST_DATA)
	$(VENV)-sklearn-$*/bin/python -m pytest $(PARALLEL)

test-oldest: oldest
	$(VENV)-oldest/bin/python -m pytest $(PARALLEL)

# With the oldest versions, because later ones read the files of earlier ones, but not the reverse.
golden: oldest
	$(VENV)-oldest/bin/python tests/golden_files.py

# uv can install the lowest versions that pyproject.toml allows. pip cannot.
oldest: $(VENV)/dist
	$(BIN)/python -m uv venv --quiet --allow-existing --python $(BIN)/python $(VENV)-oldest
	$(BIN)/python -m uv pip install --quiet --python $(VENV)-oldest/bin/python \
		--resolution lowest-direct --editable '.[test]'
	$(BIN)/python -m uv pip install --quiet --python $(VENV)-oldest/bin/python --no-deps $(TEST_DATA)

# Old results are deleted because mutmut does not retry a surviving mutant after a test has changed.
# tests/surviving_mutants.md lists the known survivors with the reasons.
mutate: $(VENV)/mutation
	rm -rf mutants
	$(BIN)/python -m mutmut run
	$(BIN)/python -m mutmut results

lint: $(VENV)/lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/zizmor --offline --quiet .github/workflows

format: $(VENV)/lint
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# A warning is an error. Pages that have not changed since the last build are not run again.
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

# One stamp file per extra. The extra is installed again when pyproject.toml changes.
$(VENV)/%: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@

# The tests, the benchmark `accuracy` and a page of the guide read data sets from these wheels.
# Nothing is imported from them. Their requirements are not installed because they would prevent
# newer versions of the requirements of this package.
DOCS_DATA := 'crowsetta>=5.1.2'
BENCH_DATA := 'aeon>=1.6' 'ISLP>=0.4'
TEST_DATA := $(DOCS_DATA) $(BENCH_DATA)

$(VENV)/test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	$(BIN)/python -m pip install --quiet --no-deps $(TEST_DATA)
	@touch $@

$(VENV)/bench: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/python -m pip install --quiet --no-deps $(BENCH_DATA)
	@touch $@

$(VENV)/docs: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	$(BIN)/python -m pip install --quiet --no-deps $(DOCS_DATA)
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
