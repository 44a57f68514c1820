# What people do here. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all

.DEFAULT_GOAL := help
.PHONY: help run doctor tune ablation difference labels robustness season splits test check unit france schema site pins fuzz verdict clean

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(BIN)/activate:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "cloudrobust needs Python 3.11 or newer; call: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/activate constraints.txt pyproject.toml
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test]'
	$(BIN)/pip install --quiet --no-deps breizhcrops==0.0.4.1
	# The profiles are held against their plugins' own code. Apart, because Snakemake imports every plugin that it finds.
	$(BIN)/pip install --quiet --no-deps --upgrade --target $(VENV)/plugins \
		$$(grep -ohE 'snakemake-executor-plugin-[a-z-]+==[0-9.]+' profiles/*/config.yaml | sort -u)
	@touch $@

# The real servers, scheduler and browser that tests talk to. Without root the tests that need them are skipped and
# say so; in CI their absence fails.
$(VENV)/.peers: $(VENV)/.test tests/peers/install_pgstac.sh tests/page/install_chromium.sh tests/cluster/slurm.sh
	@for script in "tests/peers/install_pgstac.sh" "tests/page/install_chromium.sh" "tests/cluster/slurm.sh install"; do \
		bash $$script || [ "$$CI" != true ] || exit 1; \
	done
	@touch $@

run: $(VENV)/.run ## The whole default study, from scenes to the comparison (about 8 minutes on 2 cores)
	$(BIN)/snakemake --cores $(CORES)

doctor: $(VENV)/.run ## Does all that a run needs work here, and what mends it?
	$(BIN)/cloudrobust doctor

ablation: $(VENV)/.run ## What each preprocessing step does by itself: its effect on accuracy and kappa
	$(BIN)/snakemake --cores $(CORES) -- ablation

difference: $(VENV)/.run ## Why preprocessing helps or not: what each change on the way does, placebo, ceilings, mask errors
	$(BIN)/snakemake --cores $(CORES) -- explain_difference

labels: $(VENV)/.run ## How many labels each branch needs: the learning curve
	$(BIN)/snakemake --cores $(CORES) -- learning_curve

france: $(VENV)/.run ## The study on 500 real French fields (needs the real data beside the project)
	$(BIN)/snakemake --cores $(CORES) --configfile config/france.yaml

tune: $(VENV)/.run ## Search for the hyperparameters of every model in every branch (hours; resumes)
	$(BIN)/snakemake --cores $(CORES) tune

test: check unit ## Every check: style, lint, types, schema, tests

check: $(VENV)/.test ## Style, lint, types and the published schema
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check --line-length 120 Snakefile rules workflow/Snakefile
	$(BIN)/snakemake --lint
	$(BIN)/mypy
	$(BIN)/python -m cloudrobust.config.publish --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

unit: $(VENV)/.peers ## The tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --durations 15

robustness: $(VENV)/.run ## The trained models on fewer clear dates, under more clouds, and cut short
	$(BIN)/snakemake --cores $(CORES) -- robustness

season: $(VENV)/.run ## Models trained for answers before the season ends, and when each parcel's is sure enough
	$(BIN)/snakemake --cores $(CORES) -- in_season

splits: $(VENV)/.run ## What a random split would have claimed, and every fold of blocks as the test part
	$(BIN)/snakemake --cores $(CORES) -- split_claims cross_validation

fuzz: $(VENV)/.test ## Feed damaged files to every parser of outside data for about an hour
	FUZZ_EXAMPLES=20000 $(BIN)/python -m pytest tests/fuzz -n 2

verdict: $(VENV)/.run ## How often the verdict is wrong, and what it finds: a thousand made-up studies (minutes)
	$(BIN)/python benchmarks/verdict.py

schema: $(VENV)/.run ## Write the config's JSON schema and documentation table anew
	$(BIN)/python -m cloudrobust.config.publish

site: $(VENV)/.test ## Build the documentation site into site/, offline; any warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

pins: $(VENV)/.test ## Write constraints.txt anew from the environment
	(echo "# The versions that cloudrobust is tested with: every package that the environment holds. Made by 'make pins'."; \
	 $(BIN)/pip freeze --exclude-editable | grep -v '^breizhcrops' | sed 's/+cpu//') > constraints.txt

clean: ## Remove what was computed (the environment stays)
	find results -mindepth 1 -not -name .gitkeep -delete
	rm -rf .snakemake
