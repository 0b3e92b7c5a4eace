# Everything sets itself up in ./.venv; stamps keep it from being done twice.
#   make demo      convert the bundled examples (core install only, no torch)
#   make test      the whole test suite            make check   lint, types, import contracts
#   make test-faults   kills, full and broken disks, damaged files: all of tests/faults (15 minutes on 2 cores)
#   make viewer    builds the page of unbake view   make bench   timings on this machine
#   make rehearse  every recipe on the tiny model  make screenshots   the README's pictures of the page
#   make bundle    a model of the materials in DATA, within MINUTES, in out/bundle (a GPU is used where there is one)
#   make lock      requirements/*.txt anew (UPGRADE=--upgrade: newest versions)
#   make audit     known vulnerabilities of what they pin
# PYTHON makes .venv, 3.11 or newer. TORCH_INDEX is a package index for torch, where pip's own is not wanted.
PYTHON      ?= python3
TORCH_INDEX ?=
DATA        ?= ../shared/data
MINUTES     ?= 60
BACKBONE    ?= $(wildcard ../shared/weights/dinov2-small)
UPGRADE     ?=
BIN         := .venv/bin
PIP         := $(BIN)/python -m pip install -qq --disable-pip-version-check
COMPILE     := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest \
               --generate-hashes --no-header --no-annotate --quiet $(UPGRADE)

.PHONY: demo test test-faults check viewer screenshots rehearse bundle bench lock audit clean

$(shell sh .ci/venv heal)

demo: .venv/core.stamp
	$(BIN)/unbake demo out/demo

test: .venv/dev.stamp
	.ci/browser
	$(BIN)/python -m pytest

test-faults: .venv/dev.stamp
	UNBAKE_FAULTS=full $(BIN)/python -m pytest tests/faults

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory .venv/wheels.stamp

viewer: | .venv/bin/python
	$(BIN)/python scripts/make_viewer.py

screenshots: demo .venv/dev.stamp viewer
	$(BIN)/unbake view out/demo --no-open
	$(BIN)/python scripts/make_screenshots.py out/demo

rehearse: .venv/dev.stamp
	$(BIN)/unbake rehearse

bundle: .venv/dev.stamp out/pack/pack.json
	$(BIN)/unbake bundle out/bundle --root out/bundle-project --data out/pack --minutes $(MINUTES) \
	    $(if $(BACKBONE),--backbone $(BACKBONE))

out/pack/pack.json: | .venv/dev.stamp
	$(BIN)/unbake data pack $(wildcard $(DATA)/materials $(DATA)/procedural) out/pack

bench: .venv/dev.stamp
	$(BIN)/unbake bench

lock: | .venv/bin/python
	$(PIP) uv
	$(COMPILE) -o requirements/core.txt
	$(COMPILE) --extra train --extra dev --excludes requirements/torch.txt -c requirements/core.txt -o requirements/dev.txt

audit: | .venv/bin/python
	$(PIP) pip-audit
	$(BIN)/pip-audit --disable-pip --require-hashes -r requirements/core.txt -r requirements/dev.txt

clean:
	rm -rf .venv out build *.egg-info viewer/node_modules viewer/dist viewer/build

.venv/bin/python:
	@sh .ci/venv make "$(PYTHON)"

# Torch is not in the lock, since its builds for CPUs and GPUs have other hashes.
.venv/core.stamp: pyproject.toml requirements/core.txt | .venv/bin/python
	$(PIP) --require-hashes --no-deps -r requirements/core.txt
	$(PIP) --no-deps -e .
	touch $@

.venv/dev.stamp: pyproject.toml requirements/dev.txt requirements/torch.txt | .venv/bin/python
	$(PIP) --require-hashes --no-deps -r requirements/dev.txt
	$(BIN)/python scripts/install_torch.py $(TORCH_INDEX)
	$(PIP) --no-deps -e .
	touch $@ .venv/core.stamp

.venv/wheels.stamp: requirements/core.txt scripts/check_wheels.py | .venv/dev.stamp
	$(BIN)/python scripts/check_wheels.py $@
