# A fresh machine needs only Python 3.11 or newer, make and git. Everything else goes into .venv (1.2 GB).

VENV := .venv
BIN := $(VENV)/bin
DEMO := .demo
PACKAGE := build/package
DOCS := .venv-docs
CLOUD := .venv-cloud
STARTERS := .venv-starters
EMBEDDED := embedded_cloud
PICTURED := build/pictured
EVERYTHING := {"domain": "drive.example.com", "status_domain": "status.example.net", "backup_account": "123456789012", \
	"organization": "o-abcdefghij", "offsite": "https://s3.example.org/drive-offsite"}
# The registry's "latest" is an older build with a higher number.
CDK_COMMAND := 2.1148.1

# The folders of tests that need $(CLOUD), beside the services' own.
RUNNING := $(addprefix tests/,client cloud drills)

# The folders of tests about the constructs and the cloud drive that is made of them.
DRIVE := tests/stacks tests/matrix tests/constructs

# Tests that share a synthesis, or a deployment, stay in one process.
PARALLEL := -n 2 --dist loadgroup

# The first of these that is new enough; name another with `make PYTHON=…`.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null && echo $$python && break; done)

PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet

.DEFAULT_GOAL := help
.PHONY: help demo synth package deploy cloud deploy-local drills simulate test check drive running starters started broken matrix format snapshots catalogue picture \
	tables scores bench clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: synth $(DEMO)/ready $(CLOUD)/ready ## Judge the cloud drive and three other designs, run the drive here, lose a region in a storm
	$(call judge,0,Seawall's own cloud drive,cdk.out --objective multi-region --verbose)
	$(call judge,1,The bucket of seed-farmer 8.0.9 (AWS Labs; Apache-2.0),$(DEMO)/seedfarmer/resources/s3_bucket.yaml)
	$(call judge,1,The queues and the table of cirrus-geo 0.15.4 (Element 84; Apache-2.0),$(DEMO)/cirrus/builtins/cloudformation/resources.yml)
	$(call judge,1,A database in a VPC: example of troposphere 4.11.1 (Mark Peek; BSD-2-Clause),$(DEMO)/rds_vpc.json)
	@printf '\n=== %s\n' "The cloud drive on this machine: a storm of orders, and the loss of a region in the middle of it (four minutes)"
	@$(CLOUD)/bin/python -m drills.region_loss --short

# $(call judge,the exit code that is expected,what is judged,where it lies)
define judge
@printf '\n=== %s\n' "$(2)"
@$(BIN)/seawall check $(3); status=$$?; \
	test $$status -eq $(1) || { echo "expected exit code $(1), got $$status" >&2; exit 2; }
endef

# A package that was made before is what the functions get: it must not be older than the code.
synth: $(VENV)/user $(wildcard $(PACKAGE)/made) ## Write the cloud drive's templates into cdk.out
	@rm -rf cdk.out
	@$(BIN)/python app.py

package: $(PACKAGE)/made ## Gather what the Lambda functions run in build/package

deploy: package $(VENV)/user ## Deploy everything; refused while an event freezes deployments
	@$(BIN)/python -m stacks.freeze
	@PATH="$(abspath $(BIN)):$$PATH" npx --yes aws-cdk@$(CDK_COMMAND) deploy --all --require-approval broadening

cloud: $(CLOUD)/ready ## Start the embedded cloud on loopback; Ctrl-C stops it
	@$(CLOUD)/bin/python -m embedded_cloud start --time-scale 20

deploy-local: $(CLOUD)/ready synth ## Deploy the drive to the cloud that `make cloud` started, or to one of its own
	@$(CLOUD)/bin/python -m drills.local

drills: $(CLOUD)/ready synth build/sale_day/manifest.json ## Break the running drive in nine ways and see what it keeps of its promises (25 minutes)
	@$(CLOUD)/bin/python -m drills $(DRILLS)

simulate: $(CLOUD)/ready synth ## Predict promotions of 10^5 to 10^8 orders from the templates' numbers
	@$(CLOUD)/bin/python -m drills.simulate scale

test: $(VENV)/developer $(CLOUD)/ready synth ## Run the tests; PYTEST="-k zone" picks some
	@$(BIN)/pytest $(PYTEST)
	@$(CLOUD)/bin/pytest tests/services $(RUNNING) $(PYTEST)

check: $(VENV)/developer ## Format, lint, types, and the tests of the validator: what every pull request must pass
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy --strict .
	@$(BIN)/pytest $(PARALLEL) $(addprefix --ignore=,$(DRIVE)) $(PYTEST)

drive: $(VENV)/developer $(CLOUD)/ready ## Test the cloud drive: its stacks, its settings and its services
	@$(BIN)/pytest $(PARALLEL) $(DRIVE) $(PYTEST)
	@$(CLOUD)/bin/pytest $(PARALLEL) tests/services $(PYTEST)

running: $(CLOUD)/ready synth ## Test the client, a deployment to the embedded cloud, and the parts of the drills
	@$(CLOUD)/bin/pytest $(PARALLEL) $(RUNNING)

starters: $(STARTERS)/ready $(VENV)/developer ## Test every combination of answers of every starter: rendered, synthesized, judged, its own tests
	@$(STARTERS)/bin/pytest $(PARALLEL) --ignore=tests/starters/test_running.py tests/starters $(PYTEST)

started: $(STARTERS)/ready ## Deploy every combination of answers to the embedded cloud, and see it work
	@$(STARTERS)/bin/pytest $(PARALLEL) tests/starters/test_running.py $(PYTEST)

broken: $(CLOUD)/ready synth ## Break the drive on purpose and see the drills fail (half an hour)
	@SEAWALL_DRILLS=all $(CLOUD)/bin/pytest -v tests/drills $(PYTEST)

matrix: $(VENV)/developer ## Synthesize and judge every combination of settings that `make drive` takes a choice of
	@SEAWALL_MATRIX=all $(BIN)/pytest $(PARALLEL) tests/matrix

format: $(VENV)/developer ## Format the code and fix what ruff can fix
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

snapshots: $(VENV)/developer ## Accept the stacks' templates as they are now
	@$(BIN)/pytest --update-snapshots tests/stacks/test_snapshots.py
	@git --no-pager diff --stat -- tests/stacks/snapshots

catalogue: $(VENV)/user ## Write policies/README.md and the index that policies are found by, and copier.yml
	@$(BIN)/python -m seawall.catalogue_page
	@$(BIN)/python -m starters.copier_file

picture: $(VENV)/user $(DOCS)/ready ## Draw docs/architecture.svg from the templates (needs Graphviz)
	@command -v dot >/dev/null || { echo "Graphviz is missing: apt-get install graphviz, or brew install graphviz" >&2; exit 2; }
	@rm -rf $(PICTURED)
	@CDK_OUTDIR=$(PICTURED) CDK_CONTEXT_JSON="$$($(BIN)/python -m stacks.picture --settings)" $(BIN)/python app.py
	@$(DOCS)/bin/python -m stacks.picture $(PICTURED)

tables: $(VENV)/user ## Write the README's tables, docs/SLA.md, docs/costs.md and docs/exceptions.md
	@rm -rf build/tier && mkdir -p build/tier
	@for tier in pilot_light warm_standby active_active; do \
		CDK_OUTDIR=build/tier/$$tier CDK_CONTEXT_JSON="{\"tier\":\"$$tier\"}" $(BIN)/python app.py || exit; done
	@$(BIN)/python -m stacks.readme_tables build/tier/pilot_light build/tier/warm_standby build/tier/active_active
	@$(BIN)/python -m stacks.sla
	@CDK_OUTDIR=build/tier/everything CDK_CONTEXT_JSON='$(EVERYTHING)' $(BIN)/python app.py
	@$(BIN)/python -m stacks.exceptions build/tier/*

scores: $(VENV)/developer ## Accept the scores on other people's cases as they are now
	@PYTHONPATH=. $(BIN)/python -m tests.scoreboards.peers --write
	@PYTHONPATH=. $(BIN)/python -m tests.scoreboards.labelled --write

bench: $(VENV)/developer ## Measure the speed of the validator
	@$(BIN)/python -m benchmarks

clean: ## Remove everything that make made
	rm -rf $(VENV) $(DOCS) $(CLOUD) $(STARTERS) $(EMBEDDED)/node_modules $(DEMO) cdk.out build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" && $(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { \
		echo "Seawall needs Python 3.11 or newer. Name one: make PYTHON=/usr/bin/python3.12" >&2; exit 2; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/user: requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Seawall needs (about two minutes and 1 GB, the first time)"
	@$(PIP) install -r requirements.txt
	@touch $@

$(VENV)/developer: requirements-dev.txt $(VENV)/user
	@echo "Installing what its developers need"
	@$(PIP) install -r requirements.txt -r requirements-dev.txt
	@touch $@

$(CLOUD)/ready: requirements-cloud.txt services/requirements.txt $(EMBEDDED)/package-lock.json | $(BIN)/python
	@echo "Installing the embedded cloud and what the drills need into $(CLOUD) (a minute and 700 MB, the first time)"
	@$(BIN)/python -m venv $(CLOUD)
	@$(CLOUD)/bin/python -m pip --disable-pip-version-check --quiet --quiet install -r requirements-cloud.txt
	@$(CLOUD)/bin/python -m embedded_cloud.node ci --prefix $(EMBEDDED) --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# The two libraries are found here as in an installation, and nothing else of the checkout is.
$(STARTERS)/ready: requirements-starters.txt $(wildcard starters/shared/requirements*.txt) pyproject.toml | $(BIN)/python
	@echo "Installing what writes the starters and runs what they wrote into $(STARTERS) (a minute and 800 MB, the first time)"
	@$(BIN)/python -m venv $(STARTERS)
	@$(STARTERS)/bin/python -m pip --disable-pip-version-check --quiet --quiet install -r requirements-starters.txt
	@mkdir -p $(STARTERS)/libraries
	@ln -sfn ../../seawall_constructs ../../embedded_cloud $(STARTERS)/libraries
	@echo "$(abspath $(STARTERS)/libraries)" > \
		"$$($(STARTERS)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/libraries.pth"
	@touch $@

$(DOCS)/ready: requirements-docs.txt | $(BIN)/python
	@echo "Installing what draws the picture into $(DOCS)"
	@$(BIN)/python -m venv $(DOCS)
	@$(DOCS)/bin/python -m pip --disable-pip-version-check --quiet --quiet install -r requirements-docs.txt
	@touch $@

# Wheels for the machines that run the functions, whatever this machine is; nothing is compiled and no Docker is needed.
$(PACKAGE)/made: services/requirements.txt $(shell find services -name '*.py' -o -name '*.html' -o -name '*.txt') | $(BIN)/python
	@echo "Gathering the functions' package in $(PACKAGE)"
	@rm -rf $(PACKAGE)
	@$(PIP) install --target $(PACKAGE) -r services/requirements.txt --platform manylinux2014_aarch64 \
		--only-binary=:all: --implementation cp --python-version 3.14 --no-deps --no-compile
	@rm -rf $(PACKAGE)/bin
	@cp -R services $(PACKAGE)/services
	@find $(PACKAGE) -name __pycache__ -prune -exec rm -rf {} +
	@touch $@

# The same drive with a planned event in its settings.
build/sale_day/manifest.json: drills/surge/sale_day.json cdk.json $(wildcard stacks/*.py stacks/patterns/*.py seawall_constructs/*.py services/*/*.py) | $(VENV)/user
	@CDK_OUTDIR=build/sale_day CDK_CONTEXT_JSON="$$(cat drills/surge/sale_day.json)" $(BIN)/python app.py

$(DEMO)/ready: requirements-demo.txt $(VENV)/user
	@echo "Downloading three designs of other people from PyPI"
	@rm -rf $(DEMO)
	@$(PIP) download --no-deps --dest $(DEMO)/packages -r requirements-demo.txt
	@for wheel in $(DEMO)/packages/*.whl; do $(BIN)/python -m zipfile -e $$wheel $(DEMO); done
	@for source in $(DEMO)/packages/*.tar.gz; do tar -xzf $$source -C $(DEMO); done
	@cd $(DEMO) && PYTHONPATH=troposphere-4.11.1:. ../$(BIN)/python troposphere-4.11.1/examples/RDS_VPC.py > rds_vpc.json
	@touch $@
