# Everything sets itself up in ./.venv; stamps keep it from being done twice.
#   make demo      convert the bundled examples (core install only, no torch)
#   make test      the whole test suite            make check   lint, types, import contracts
#   make viewer    the page of unbake view (Node)  make bench   timings on this machine
#   make rehearse  every recipe on the tiny model  make screenshots   the README's pictures of the page
PYTHON ?= python3
BIN    := .venv/bin

.PHONY: demo test check viewer screenshots rehearse bench clean

demo: .venv/core.stamp
	$(BIN)/unbake demo out/demo

test: .venv/dev.stamp
	.ci/browser
	$(BIN)/python -m pytest

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

viewer: | .venv/bin/python
	$(BIN)/python scripts/make_viewer.py

screenshots: demo .venv/dev.stamp viewer
	$(BIN)/unbake view out/demo --no-open
	$(BIN)/python scripts/make_screenshots.py out/demo

rehearse: .venv/dev.stamp
	$(BIN)/unbake rehearse

bench: .venv/dev.stamp
	$(BIN)/unbake bench

clean:
	rm -rf .venv out build *.egg-info viewer/node_modules viewer/dist viewer/build unbake/bundled/viewer

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/core.stamp: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/dev.stamp: pyproject.toml constraints.txt | .venv/bin/python
	PIP_CONSTRAINT=constraints.txt $(BIN)/pip install --quiet --disable-pip-version-check -e ".[train,dev]"
	touch $@ .venv/core.stamp
