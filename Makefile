# The project's commands.  `make boot` and `make test` each lead from a fresh clone to their result.
.PHONY: help boot test test-full lint analyze bench clean setup
.DEFAULT_GOAL := help

PY := .venv/bin/python
JOBS ?= 2
ANALYZE = for arch in x86_64 aarch64; do \
	$(MAKE) -s -j$(JOBS) --no-print-directory -C guest ARCH=$$arch OUT=$(CURDIR)/build/analysis/$$arch ANALYZER=shallow \
	  analyze >/dev/null || exit 1; done

help:
	@echo 'make boot       build the guest for both architectures, boot it, say the verdict'
	@echo 'make test       lint and the whole quick suite, with real boots'
	@echo 'make test-full  the same and the slow, repeated tests'
	@echo 'make lint       ruff, mypy --strict, the import rules, clang'\''s analyzer'
	@echo 'make bench      the figures, as ratios measured side by side'
	@echo 'make clean      remove what was built'

setup:
	@ci/setup.sh test

boot:
	@ci/setup.sh none
	.venv/bin/smssboot run --arch all

test: setup lint
	$(PY) -m pytest -n $(JOBS) --dist=worksteal -m 'not full'

test-full: setup lint analyze
	$(PY) -m pytest -n $(JOBS) --dist=worksteal

lint: setup
	$(PY) -m ruff check harness tests bench ci
	$(PY) -m mypy
	$(PY) ci/layering.py
	$(ANALYZE)

# clang's analyzer over the guest, quick under lint, thorough here.
analyze: setup
	$(subst shallow,deep,$(ANALYZE))

bench:
	@ci/setup.sh test bench
	$(PY) -m bench

clean:
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
