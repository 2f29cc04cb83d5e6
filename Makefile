# Needs only Python 3.11 or newer and make; everything is installed into .venv.

PYTHON ?= python3
ARGS ?=
DIST ?= dist
RELEASE ?= .release
TAG ?= v$(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' src/lamplighter/__init__.py)
BIN := .venv/bin
WORKERS = $(shell $(BIN)/python -c 'import os; print(5 * len(os.sched_getaffinity(0)) // 2)')
READY := .venv/ready
FRONTEND := tests/console/frontend
PURE := $(addprefix tests/,architecture asl base contracts/test_jsonata.py console/security/test_password_guesses.py console/view jobs/file jobs/iam jobs/lint lang operations runs wire)

# The tests start hundreds of programs, and each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup check check-frontend test test-versions quick chaos fuzz demo bench docs docs-serve reference pictures dist release-check release-notes clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST)
	@echo
	@echo 'PYTHON=python3.12 chooses the interpreter of a new .venv; ARGS="tests/asl -k retry" goes to pytest, chaos, fuzz, demo or bench.'

setup: $(READY) ## build .venv with the lamplighter command and everything that the tests need

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is needed: choose one with make PYTHON=...' >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo 'Installing into .venv ...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 10 --editable '.[dev]'
	@touch $@

.sam/ready: ## install SAM's command line into a virtual environment of its own, for its tests
	$(PYTHON) -m venv --clear .sam
	.sam/bin/python -m pip install --quiet --disable-pip-version-check --retries 10 aws-sam-cli==1.170.0
	@touch $@

check: setup ## run ruff, mypy strict, import-linter and check-frontend
	$(BIN)/ruff check
	$(BIN)/python build_types.py
	$(BIN)/mypy src tests bench
	$(BIN)/lint-imports --no-logo
	@$(MAKE) --no-print-directory check-frontend

check-frontend: ## check the scripts and styles of the console with Biome and tsc if they are installed: ARGS=--write formats
ifeq ($(wildcard $(FRONTEND)/node_modules/.bin/tsc),)
	@echo 'Scripts and styles are not checked; this installs what does: npm install --no-package-lock --prefix $(FRONTEND)'
else
	$(FRONTEND)/node_modules/.bin/biome check $(ARGS) --config-path=$(FRONTEND) src/lamplighter/console/static
	$(FRONTEND)/node_modules/.bin/tsc --project $(FRONTEND)
endif

test: setup ## run all tests, with five processes for two cores, because many tests wait for an engine
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(or $(ARGS),--ignore=tests/console)
	$(if $(ARGS),,$(BIN)/pytest -n $(WORKERS) --dist worksteal tests/console)

test-versions: setup ## run the fast tests on every further Python that this machine has
	.ci/test_versions

quick: setup ## run the tests of the pure layers, with few examples for each property
	LAMPLIGHTER_QUICK=1 $(BIN)/pytest -q -n auto $(PURE) $(ARGS)

chaos: setup ## kill the engine and simulate power cuts: ARGS="--minutes 10 --seed 7", or "--kills 1000 --cuts 5000"
	$(BIN)/python -m tests.chaos.storm $(ARGS)

fuzz: setup ## send a million random requests to the served API: ARGS="--requests 5000 --seed 7", or "--only sqs:"
	$(BIN)/python -m tests.fuzz $(ARGS)

demo: setup ## run the article's batch: it fails, is killed, is retried and succeeds; then it fails, and a mail reports it
	$(BIN)/python examples/article/demo.py $(ARGS)

bench: setup ## measure the speed, a table: ARGS="-k calls" a part of it, ARGS=--long the rows that take minutes, too
	$(BIN)/python -m bench.run $(ARGS)

docs: setup ## build the manual into site/; a warning is an error
	$(BIN)/zensical build --strict --clean

docs-serve: setup ## serve the manual at http://localhost:8000, and build it again when a page changes
	$(BIN)/zensical serve

reference: setup ## make the pages of the manual again that are made from the program
	$(BIN)/python -m tests.docs.reference

pictures: setup ## take the screenshots of the console in docs/ again; needs Chromium
	$(BIN)/python -m tests.console.pictures

# twine and awscli, which the tests need, want different versions of docutils.
$(RELEASE)/ready: pyproject.toml
	$(PYTHON) -m venv --clear $(RELEASE)
	$(RELEASE)/bin/python -m pip install --quiet --disable-pip-version-check --retries 10 build twine \
		$$($(RELEASE)/bin/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'])")
	@touch $@

dist: $(RELEASE)/ready ## build the wheel and the source distribution into dist/, twice, and compare both builds
	$(RELEASE)/bin/python .ci/release.py build $(DIST)

release-check: $(RELEASE)/ready ## check dist/: TAG=v0.1.0 is its version, the page for an index is right, an SBOM is there
	$(RELEASE)/bin/python -m twine check --strict $(DIST)/*
	$(RELEASE)/bin/python .ci/release.py check $(DIST) $(TAG)

release-notes: ## print the section of the changelog for TAG=v0.1.0
	@$(PYTHON) .ci/release.py notes $(TAG)

clean: ## remove .venv and every cache
	rm -rf .venv $(FRONTEND)/node_modules .sam .versions .release .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist site
	find src tests -name __pycache__ -prune -exec rm -rf {} +
