# make demo    a running product with a worker, at the address it prints
# make test    every test
# make bench   what a poll costs, beside what else there is (needs wrk, PostgreSQL, Redis)
# make soak    100,000 polls through one server, and what they leave in memory
# make soak-browser  10,000 polls through one page in Chromium, and what they leave in it
# make check   lint, format and types
# make docs    the documentation as a site, in build/docs
# make versions the extension on the lowest versions, and its wheel on another Python
# make messages the catalogues brought up to the sentences in the code, and compiled
# make mutants what the tests do not notice when access and polling rules are changed
# make storms  what 1,000 open pages do to a server that restarts (simulated)
#
# Everything is installed into .venv; nothing else on the machine changes,
# but for Chromium, which `make test` asks the system's packages for if there is none.

PYTHON ?= python3
BIN := .venv/bin
# What a browser or its checkers need: types, what the Tabler theme loads, accessibility.
JAVASCRIPT := typescript@7.0.2 @tabler/core@1.4.0 axe-core@4.14.1
STAMPS := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test versions bench check docs messages mutants format chromium soak
.PHONY: soak-browser storms clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

$(STAMPS)/venv:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/run: requirements/run.txt pyproject.toml | $(STAMPS)/venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	@touch $@

$(STAMPS)/javascript: $(STAMPS)/dev Makefile
	PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --no-save --no-package-lock --prefix .venv/js $(JAVASCRIPT)
	@touch $@

demo: $(STAMPS)/run
	@exec $(BIN)/python -m example_app

chromium:
	@sh .ci/install_chromium

test: $(STAMPS)/javascript chromium
	$(BIN)/python -m pytest --cov --cov-report=term $(ARGS)

versions: $(STAMPS)/dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/nox $(ARGS)

soak: $(STAMPS)/dev
	$(BIN)/python -m benchmarks.soak_server

soak-browser: $(STAMPS)/dev chromium
	$(BIN)/python -m benchmarks.soak_browser

check: $(STAMPS)/javascript
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pyright
	@# Flask-Admin has types and does not say so; ours build on them.
	@$(BIN)/python -c "import flask_admin, os; open(os.path.join(flask_admin.__path__[0], 'py.typed'), 'a')"
	PATH="$(CURDIR)/$(BIN):$$PATH" pyright --verifytypes flask_ops_refresh --ignoreexternal
	PATH="$(CURDIR)/$(BIN):$$PATH" .venv/js/node_modules/.bin/tsc --project jsconfig.json

# Only what goes through translation.py; ngettext is Flask-Admin's own.
EXTRACTED := --mapping-file=pyproject.toml --no-default-keywords --add-comments=Translators: \
	--keywords="gettext _gettext lazy_gettext" --sort-output --no-wrap \
	--add-location=file flask_ops_refresh
CATALOGUES := --domain=flask_ops_refresh

messages: $(STAMPS)/dev
	$(BIN)/pybabel --quiet extract --output-file=.venv/messages.pot $(EXTRACTED)
	$(BIN)/pybabel --quiet update $(CATALOGUES) --output-dir=flask_ops_refresh/translations \
		--input-file=.venv/messages.pot --no-fuzzy-matching --ignore-obsolete --no-wrap \
		--ignore-pot-creation-date
	$(BIN)/pybabel --quiet compile $(CATALOGUES) --directory=flask_ops_refresh/translations

$(STAMPS)/docs: requirements/docs.txt $(STAMPS)/dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/docs.txt
	@touch $@

docs: $(STAMPS)/docs
	$(BIN)/python -m sphinx --quiet --fail-on-warning --builder html docs build/docs

mutants: $(STAMPS)/dev
	CI=true $(BIN)/mutmut run
	$(BIN)/mutmut results

$(STAMPS)/bench: requirements/bench.txt $(STAMPS)/dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/bench.txt
	@touch $@

bench: $(STAMPS)/bench
	$(BIN)/python -m benchmarks $(ARGS)

storms: $(STAMPS)/dev
	$(BIN)/node benchmarks/storms.mjs

format: $(STAMPS)/dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis mutants build/docs
