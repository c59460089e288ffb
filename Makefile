# SPDX-License-Identifier: Apache-2.0 OR MIT
# What a person does with this tree. Each target brings what it needs by itself.

SHELL := /bin/bash
PYTHON := .venv/bin/python

.PHONY: help bootstrap native demo test test-editors soak bench lint format dist stats clean

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

bootstrap: ## install what is missing and build the native programs
	@.ci/bootstrap

native: bootstrap ## build rexrt and the rustc wrapper into .build/bin

demo: bootstrap ## show the whole job, from an empty editor to a traced extension
	@$(PYTHON) -m tests.demo

test: ## every check and every test, against the built wheel
	@.ci/bootstrap test
	@.ci/test all

test-editors: ## drive the real editors
	@.ci/bootstrap test
	@.ci/test editors

soak: bootstrap ## the long runs: random edits and messages, generated programs, damaged images
	@nice $(PYTHON) -m tests.fuzz --report tests/fuzz/report.md
	@REX_SOAK_PROGRAMS=10000 REX_SOAK_REPORT=tests/rules/agreement-report.md nice $(PYTHON) -m pytest -q tests/rules/test_agreement.py
	@nice .ci/test soak

bench: bootstrap ## measure the budgets and write tests/bench/report.md, some ten minutes
	@$(PYTHON) -m tests.bench --report tests/bench/report.md

lint: ## formatters, linters and types
	@.ci/bootstrap test
	@.ci/test lint

format: ## let the formatters rewrite the tree
	@.ci/bootstrap test
	@.ci/test format

dist: bootstrap ## build the wheel into dist/
	@.ci/test dist

stats: bootstrap ## lines of source by room, unsafe lines of the kernel crate
	@.ci/stats

clean: ## remove what the targets above made here
	rm -rf .build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find rex_lsp tests .ci -name __pycache__ -type d -prune -exec rm -rf {} +
