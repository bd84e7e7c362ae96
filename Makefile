# MATE Arena. `make run` starts it; `make help` lists the rest.

SHELL := /bin/bash
# Any of these Pythons will do; the first that is found and has a venv module.
PYTHON ?= $(shell unset PYTHONHOME; for name in python3 python3.13 python3.12 python3.14 python3.11 "$$HOME"/.pyenv/versions/*/bin/python \
	"$$HOME"/.local/share/uv/python/*/bin/python3; do \
	"$$name" -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null && \
	{ command -v "$$name"; break; }; done)
BIN := .venv/bin

# Byte code and compiled kernels are kept, whatever the calling shell prefers: starting without them takes minutes.
unexport PYTHONDONTWRITEBYTECODE
# It names the standard library of another Python.
unexport PYTHONHOME
export OMP_NUM_THREADS ?= 1
export NUMBA_NUM_THREADS ?= 1

.PHONY: help base dev python run prepare training test lint types coverage password pins messages audit sbom clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | \
		while IFS='|' read -r name meaning; do printf '  make %-10s %s\n' "$$name" "$$meaning"; done

run: base ## set up what is missing and start the portal; Ctrl-C ends it
	@exec $(BIN)/python -m portal.launcher run

prepare: base ## set up what is missing, start nothing
	@exec $(BIN)/python -m portal.launcher prepare

training: base ## install what trainings need: PyTorch and Ray; a running portal notices
	@"$(PYTHON)" -m portal.launcher.packages training

password: base ## give the administrator a new password and print it
	@exec $(BIN)/python -m portal.launcher password

test: dev ## run every test, on SQLite and (where it is installed) PostgreSQL
	@$(BIN)/python -m tests.run

lint: dev ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djangofmt --check --quiet templates
	$(BIN)/djlint --lint --quiet templates
	@if command -v npm >/dev/null; then npm ci --silent --ignore-scripts --no-audit --no-fund && npm run --silent lint; \
		else echo "JavaScript and CSS are not checked: npm is not installed (Debian: apt install npm)."; fi
	@# The second run, for Windows, goes beside the first: each takes a core.
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 --exclude policies/rehearsing mate policies & windows=$$!; \
		$(BIN)/mypy; status=$$?; wait $$windows && exit $$status

coverage: dev ## run every test and print coverage by floor
	@$(BIN)/python -m tests.run --coverage

pins: base ## compile requirements*.in anew into pinned requirements*.txt
	@.ci/pins $(BIN)

messages: dev ## collect the texts to translate into locale/, and compile what is translated (needs gettext)
	@$(BIN)/python manage.py collect_texts && $(BIN)/ruff format --quiet portal/floor_texts
	@$(BIN)/python manage.py makemessages --all --no-location --ignore .venv --ignore tests --ignore "data*"
	@$(BIN)/python manage.py compilemessages --ignore .venv

audit: base ## look the pinned packages up among published vulnerabilities
	@.ci/audit

sbom: base ## write the list of packages to sbom.json (CycloneDX)
	@.ci/audit --sbom sbom.json

clean: ## remove the virtual environment and caches; the data folder stays
	rm -rf .venv .numba_cache .mypy_cache .ruff_cache .hypothesis .coverage *.egg-info node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

base: python
	@"$(PYTHON)" -m portal.launcher.packages

dev: python
	@"$(PYTHON)" -m portal.launcher.packages training dev

python:
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null || { \
		echo "MATE Arena needs Python 3.11 to 3.14 with its venv module, and found none. Install one (Debian 12 and 13, Ubuntu 24.04:" \
		"apt install python3 python3-venv; anywhere: uv python install 3.13, or pyenv install 3.13) and, where it is not found," \
		"name it: make run PYTHON=/path/to/python3.13" >&2; exit 1; }
