# make demo, make test: each makes the virtual environment it needs, from nothing but Python 3.11 to 3.14.
PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
VENV ?= .venv-$(VERSION)
BIN = $(VENV)/bin

.PHONY: demo pictures test test-slow format docs bench clean help

help:
	@echo "make demo       train the post's six items and the US airports, with pictures, into ./demo"
	@echo "make pictures   the demo's pictures into docs/images, where the README and the site show them"
	@echo "make test       lint, types and tests (PYTHON=python3.13 for another Python)"
	@echo "make test-slow  the tests that take longer"
	@echo "make docs       the site, into ./site"
	@echo "make bench      the benchmarks against other libraries (takes hours, installs torch and jax)"

demo: $(VENV)/installed
	$(BIN)/rowspace demo

pictures: $(VENV)/installed
	$(BIN)/rowspace demo --out build/pictures
	cp build/pictures/six-items.png build/pictures/airports.png docs/images/

# one process a file, so that its loops are compiled once: --dist loadfile
test: $(VENV)/tested
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n auto --dist loadfile

test-slow: $(VENV)/tested
	$(BIN)/python -m pytest -q -n auto --dist loadfile -m slow

format: $(VENV)/tested
	$(BIN)/ruff check --fix src tests benchmarks
	$(BIN)/ruff format src tests benchmarks

docs: $(VENV)/documented
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench: $(VENV)/installed
	$(BIN)/pip install --quiet -r benchmarks/requirements.txt
	$(BIN)/python benchmarks/pairs.py
	$(BIN)/python benchmarks/pairs.py --threads 1
	$(BIN)/python benchmarks/limit.py
	$(BIN)/python benchmarks/threads.py
	$(BIN)/python benchmarks/skip_gram.py
	$(BIN)/python benchmarks/skip_gram.py --threads 1
	$(BIN)/python benchmarks/quality.py
	$(BIN)/python benchmarks/exact.py
	$(BIN)/python benchmarks/height.py
	$(BIN)/python benchmarks/search.py
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/fuzz.py
	$(BIN)/python benchmarks/random_costs.py

$(VENV)/made:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 14) else "rowspace needs Python 3.11 to 3.14; this is %d.%d: make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/tested: $(VENV)/made pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test]'
	touch $@ $(VENV)/installed

$(VENV)/documented: $(VENV)/made pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[docs]'
	touch $@ $(VENV)/installed

clean:
	rm -rf .venv-* build dist demo site src/*.egg-info .pytest_cache .mypy_cache .ruff_cache
