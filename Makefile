# `make help` lists what there is. Every target makes what it needs.
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
# The newest Python that runs here (`make PYTHON=... run` takes another), and a mark in the environment of which one made it.
ifndef PYTHON
FOUND := $(shell .ci/find-python)
PYTHON := $(lastword $(FOUND))
endif
MADE := $(VENV)/.made-with$(subst /,-,$(PYTHON))-$(firstword $(FOUND))
# Half as many again as there are cores: many tests wait for a server or a browser of their own.
WORKERS ?= $(shell echo $$(( ($$(getconf _NPROCESSORS_ONLN) * 3 + 1) / 2 )))
# Where tests put their databases: memory, where there is enough of it. PostgreSQL copies one there in 30 ms, on a disk in 450.
SCRATCH ?= $(shell [ "$$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 {print $$4}')" -gt 4000000 ] 2>/dev/null && echo /dev/shm || echo $${TMPDIR:-/tmp})
export PORT

.DEFAULT_GOAL := help
.PHONY: help run test faults nightly cover browser lint bench lifecycle procedures lock docs pictures messages

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(MADE):
	@[ -n "$(PYTHON)" ] || { echo "Gongxin needs Python 3.12 or newer (3.11 will do) with its venv module; none was found" >&2; exit 1; }
	@$(PYTHON) -c 'import os, sys; sys.exit(os.path.realpath(sys.prefix) == os.path.realpath("$(VENV)"))' || \
	  { echo "$(PYTHON) cannot make $(VENV) anew: it lies in there, or does not run" >&2; exit 1; }
	@rm -rf $(VENV)
	@echo "making an environment with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# -qq: what pip has to say of other things than ours is nobody's business here; errors it still tells.
$(VENV)/.installed: requirements.txt $(MADE)
	@echo "installing what it stands on (about a minute the first time)"
	@$(BIN)/python -m pip install -qq --no-deps --require-hashes -r requirements.txt
	@rm -f $(BIN)/whoosh $(BIN)/whoosh-mcp # commands of a library of which only the index is wanted: docs/decisions/0033
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@echo "installing what tests need"
	@$(BIN)/python -m pip install -qq --no-deps --require-hashes -r requirements-dev.txt
	@touch $@

MO := market/translations/en/LC_MESSAGES/messages.mo
$(MO): $(MO:.mo=.po) $(VENV)/.installed
	@$(BIN)/pybabel -q compile -d market/translations

run: export DEMO ?= 1
run: $(VENV)/.installed $(MO) ## migrate, serve on PORT (8000), and play the demonstration beside it on the first start
	@$(BIN)/flask --app wsgi prepare
	@exec $(BIN)/python wsgi.py

test: lint $(MO) browser ## lint, types, layers, both databases, a real browser
	TMPDIR=$(SCRATCH) $(BIN)/python -m pytest -n $(WORKERS)

faults: $(VENV)/.installed-dev $(MO) ## what takes minutes: every address as everybody, load under every Python at hand, everything killed, long jobs beside deadlines
	TMPDIR=$(SCRATCH) $(BIN)/python -m pytest -n $(WORKERS) -m 'walks and not nightly'
	TMPDIR=$(SCRATCH) $(BIN)/python -m pytest -m 'faults and not nightly' -n 0 -p no:randomly -rA --no-header

nightly: export HYPOTHESIS_PROFILE = nightly
nightly: $(VENV)/.installed-dev $(MO) browser ## pages on the other database; state machines and properties with hundreds of examples; a larger night, a longer load
	TMPDIR=$(SCRATCH) $(BIN)/python -m pytest -n $(WORKERS) -m nightly
	TMPDIR=$(SCRATCH) $(BIN)/python -m pytest -n $(WORKERS) tests/contracts/test_properties.py tests/payments/test_properties.py tests/sourcing/test_properties.py tests/models
	NIGHT_SIZE=20000 LOAD_SECONDS=60 TMPDIR=$(SCRATCH) $(BIN)/python -m pytest -n 0 -p no:randomly -m faults -rA --no-header tests/faults/test_load.py tests/faults/test_nightly.py

cover: lint $(MO) browser ## the same tests, with the lines and branches they leave out; takes half as long again
	TMPDIR=$(SCRATCH) $(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=term:skip-covered

browser: ## install Chromium and a Chinese font where there is none
	@command -v chromium chromium-browser google-chrome >/dev/null || \
	  { echo "installing chromium"; apt-get update -qq && apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; }

lifecycle: $(VENV)/.installed-dev $(MO) ## drive the eight steps over real HTTP against a fresh embedded market
	$(BIN)/python -m harness.lifecycle

procedures: $(VENV)/.installed-dev $(MO) ## drive every way to choose, draws re-run by the stand-alone program
	$(BIN)/python -m harness.procedures

bench: $(VENV)/.installed-dev $(MO) ## measure; ROWS="search lifecycle" for those whose names start so
	@$(BIN)/python -m bench $(ROWS)

lint: $(VENV)/.installed-dev ## ruff, djlint, mypy (strict on models/), the layer rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(VENV)/.installed-dev ## resolve the requirements anew, with hashes
	$(BIN)/python -m pip install -qq uv
	$(BIN)/uv pip compile -q --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-strip-extras requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-strip-extras requirements-dev.in -o requirements-dev.txt

docs: export TRIAL = 1
docs: $(VENV)/.installed-dev $(MO) ## write docs/workflows.md and docs/glossary.md from the tables, docs/walkthrough.md from real requests
	$(BIN)/flask --app wsgi workflows > docs/workflows.md
	$(BIN)/flask --app wsgi glossary > docs/glossary.md
	$(BIN)/python -m harness.lifecycle docs/walkthrough.md
	$(BIN)/python -m harness.procedures docs/procedures.md

pictures: $(VENV)/.installed-dev $(MO) browser ## make the pictures of the tutorials anew, by walking them
	PICTURES=1 TMPDIR=$(SCRATCH) $(BIN)/python -m pytest -n 0 tests/browser/test_tutorials.py tests/browser/test_more_tutorials.py

messages: $(VENV)/.installed-dev ## gather the texts of the interface for translation
	@mkdir -p .tools
	$(BIN)/pybabel -q extract -F pyproject.toml -k N_ -k _l -k lazy_gettext --no-location --sort-output --omit-header -o .tools/messages.pot .
	$(BIN)/pybabel -q update -i .tools/messages.pot -d market/translations -l en --no-fuzzy-matching --ignore-obsolete -w 1000
