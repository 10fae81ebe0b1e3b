# Everything starts here: `make help` lists the targets. Whatever a target needs arrives inside the repository first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup run trace metrics mails test chaos upgrade memory bench browser check synth bootstrap deploy verify user token destroy sbom clean

# A uv of the machine will do if it runs (a version manager's shim may be there and not run) and is recent enough: it is
# its owner's tool as git and make are, and whatever it installs is held to the hashes of uv.lock. Otherwise pip installs
# one, held to the hashes of uv-bootstrap.txt.
UV := $(shell uv --version 2>/dev/null | grep -qE '^uv (0\.(1[3-9]|[2-9][0-9])|[1-9])' && echo uv || echo .tools/bin/uv)
PYTHON := .venv/bin/python
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Two runs in one checkout take turns at what keeps its files there.
LOCKED := $(shell mkdir -p .local; command -v flock >/dev/null && echo flock .local/lock)

# What deploy, destroy and synth pass on as CDK context: ENVIRONMENT=prod ALERT_EMAIL=me@example.com
# CONTEXT="memory_mb=512 max_concurrency=50"
CONTEXT_ARGS = $(if $(ENVIRONMENT),-c environment=$(ENVIRONMENT)) $(if $(ALERT_EMAIL),-c alert_email=$(ALERT_EMAIL)) \
	$(foreach pair,$(CONTEXT),-c $(pair))

help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup ## deploy into the emulator on this machine, send the sample files through, show what becomes of them
	@$(PYTHON) -m cdk.local.run

trace: setup ## draw the trace of a file's runs while `make run` is up (ID=<file name, file id or trace id>)
	@$(PYTHON) -m cdk.local.show trace "$(ID)"

metrics: setup ## draw the metrics while `make run` is up
	@$(PYTHON) -m cdk.local.show metrics

mails: setup ## print the mails that `make run` has sent
	@$(PYTHON) -m cdk.local.show mails

# Three processes keep two cores busy: the emulator's suites wait for half of their time and have precedence, and what
# computes is in two parts of about the same length. The first part is shown while it runs, the others when they are
# through. Two suites follow it that have today's date, as the processes that they start have.
EMULATED := tests/e2e tests/browser
COMPUTED := tests/unit tests/infra
FOLLOWING := tests/sidecar tests/runtime
BESIDE := tests/integration
# At last the AWS calls that the suites have recorded are held against the grants (tests/grants).
# The seed draws the tests' order and zone, and the date of those that compute (tests/dates.py).
SEED := $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
chosen = $(if $(SUITE),$(filter $(addprefix tests/,$(SUITE)),$(1)),$(1))
emulated := $(call chosen,$(EMULATED))
computed := $(call chosen,$(COMPUTED))
following := $(call chosen,$(FOLLOWING))
beside := $(call chosen,$(BESIDE))
shown := $(computed)$(following)
PYTEST := $(PYTHON) -m pytest -p no:cacheprovider --randomly-seed=$(SEED)
test: $(if $(SUITE),setup,check) $(if $(filter %/browser,$(emulated)),browser) ## check, then run every test (SUITE=unit: one suite; SEED=…: as it was)
	@$(if $(emulated)$(shown)$(beside),,echo "There is no suite $(SUITE)." >&2; exit 2;) \
	mkdir -p .local; folder=$$(mktemp -d "$(CURDIR)/.local/test.XXXXXX"); export WAYBILL_TEST_FOLDER=$$folder; \
	code=0; emulated=; beside=; trap 'kill $$emulated $$beside 2>/dev/null' INT TERM; \
	$(if $(emulated),$(PYTEST) $(emulated) $(if $(shown)$(beside),> $$folder/emulated.log 2>&1) & emulated=$$!;) \
	$(if $(beside),nice $(PYTEST) --any-date $(beside) $(if $(shown),> $$folder/beside.log 2>&1) & beside=$$!;) \
	$(if $(computed),nice $(PYTEST) --any-date $(computed) || code=$$?;) \
	$(if $(following),nice $(PYTEST) $(following) || code=$$?;) \
	$(if $(beside),wait $$beside || code=$$?; $(if $(shown),cat $$folder/beside.log;)) \
	$(if $(emulated),wait $$emulated || code=$$?; $(if $(shown)$(beside),cat $$folder/emulated.log;)) \
	$(PYTHON) -m tests.grants $$folder $(if $(SUITE),,$$([ $$code = 0 ] && echo --complete)) || code=$$?; \
	if [ $$code = 0 ]; then rm -rf $$folder; else echo "As it was: make test SEED=$(SEED). Logs: $$folder" >&2; fi; \
	exit $$code

browser: setup
	@$(PYTHON) -m tests.browser.chromium

FILES := 200
chaos: setup ## send files through while workers die and calls fail, then account for every row (SEED=… FILES=200)
	@$(PYTHON) -m tests.chaos --seed $(SEED) --files $(FILES)

upgrade: setup ## deploy over the stack of an earlier commit while files flow, then account for every row (FROM=…)
	@$(PYTHON) -m tests.chaos.upgrade $(if $(FROM),--from $(FROM))

memory: setup ## hold a million rows and every hostile file to the function's 256 MB
	@WAYBILL_WHOLE_MEMORY=1 $(PYTHON) -m pytest -p no:cacheprovider -p no:randomly -q -s \
		tests/integration/processor/pipeline/test_memory_limit.py

# The peers that it measures against live in an environment of their own.
BENCH_ENV := .local/bench/.venv
bench: setup ## measure the processor beside its peers, the way of a file, and the console's pages (BENCH="--rows 10000")
	@UV_PROJECT_ENVIRONMENT=$(BENCH_ENV) $(UV) sync --locked --quiet --no-default-groups --group processor --group console \
		--group bench
	@$(BENCH_ENV)/bin/python -m tests.bench.run $(BENCH)
	@$(PYTHON) -m tests.bench.end_to_end $(BENCH_END_TO_END)
	@$(PYTHON) -m tests.bench.console $(BENCH_CONSOLE)

check: setup ## lint, format, types, import rules
	@ruff check .
	@ruff format --check .
	@$(LOCKED) mypy
	@report=$$($(LOCKED) lint-imports --no-logo) || { echo "$$report"; exit 1; }; grep '^Contracts:' <<< "$$report"

synth: setup ## write the CloudFormation template to cdk.out/
	@$(PYTHON) -m cdk.commands.deploy synth $(CONTEXT_ARGS)

bootstrap: setup ## prepare an account and region for the CDK, after asking, as a first `make deploy` does
	@$(PYTHON) -m cdk.commands.deploy bootstrap $(CONTEXT_ARGS)

deploy: setup ## deploy to AWS with your credentials (ENVIRONMENT=prod ALERT_EMAIL=… CONTEXT="name=value …")
	@$(PYTHON) -m cdk.commands.deploy deploy $(CONTEXT_ARGS)

verify: setup ## deploy, then prove from outside that all of it works (ENVIRONMENT=verify, TEARDOWN=1 removes it afterwards)
	@$(PYTHON) -m cdk.commands.verify $(CONTEXT_ARGS)

user: setup ## give somebody an account for the console (EMAIL=ada@example.com GROUP=operators or viewers, ENVIRONMENT=…)
	@$(PYTHON) -m cdk.commands.users "$(EMAIL)" "$(GROUP)" $(if $(ENVIRONMENT),environment=$(ENVIRONMENT))

token: setup ## print a token for the console's JSON API; asks for the password (EMAIL=ada@example.com, ENVIRONMENT=…)
	@$(PYTHON) -m cdk.commands.tokens "$(EMAIL)" $(if $(ENVIRONMENT),environment=$(ENVIRONMENT))

destroy: setup ## remove the stack from AWS, after asking (ENVIRONMENT=…)
	@$(PYTHON) -m cdk.commands.destroy $(CONTEXT_ARGS)

sbom: setup ## list every package that is installed or deployed, as CycloneDX, in .local/sbom/
	@$(PYTHON) -m cdk.commands.sbom

clean: ## remove everything that was installed or generated
	@rm -rf .venv .tools node_modules .local cdk.out cdk/local/.venv .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: .venv/.ready node_modules/.ready ## install the locked tools; every other target does it by itself

.venv/.ready: pyproject.toml uv.lock .python-version $(filter .tools/%,$(UV))
	@$(UV) python find --quiet 3.12 >/dev/null 2>&1 || $(UV) python install --quiet 3.12 || { echo \
		"Python 3.12 is missing and could not be downloaded: install it, or connect to the network, and repeat." >&2; exit 1; }
	@$(UV) sync --locked --quiet || { echo "The locked packages could not be installed: is the network reachable?" >&2; exit 1; }
	@touch $@

node_modules/.ready: package.json package-lock.json .venv/.ready
	@$(LOCKED) sh -c '[ $@ -nt package-lock.json -a $@ -nt package.json ] || npm ci --silent' || { echo "The CDK command line could not be installed: is the network reachable?" >&2; exit 1; }
	@touch $@

# Any Python 3 can install uv; one that a version manager only pretends to have cannot.
.tools/bin/uv: uv-bootstrap.txt
	@for python in python3 python3.12 python3.13 python3.11 /usr/bin/python3; do \
		if $$python -c 'import ensurepip, venv' 2>/dev/null; then break; fi; python=; \
	done; \
	[ -n "$$python" ] || { echo "Python 3 with its venv module is missing (on Debian: apt install python3-venv)." >&2; exit 1; }; \
	echo "Setting up: this takes about a minute, once." >&2; \
	$$python -m venv .tools && .tools/bin/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --only-binary :all: --requirement uv-bootstrap.txt && touch $@ || \
		{ rm -rf .tools; echo "uv could not be installed: see above. Is the network reachable?" >&2; exit 1; }
