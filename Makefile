# Each target does all of its own set-up; a machine needs only Python 3.11 or newer, make and git.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: demo penn test check weights browser stage bench clean

demo: $(INSTALLED)
	@$(BIN)/snakemake --cores all --quiet progress
	@$(BIN)/python -m dance_core status results/demo

# The authors' released Penn Action; with LABELS, the data set's annotations, motion concepts from their poses as well.
PENN := --cores all --quiet progress --configfile configs/penn_action_release.yaml --config
penn: $(INSTALLED)
	@test -n "$(RELEASE)" || { echo "RELEASE is not set: make penn RELEASE=folder [LABELS=folder]"; exit 1; }
	@$(BIN)/snakemake $(PENN) release="$(RELEASE)"
	@$(BIN)/python -m dance_core status results/penn_action_release
	@test -z "$(LABELS)" || $(BIN)/snakemake $(PENN) dataset=penn_action_release_poses release="$(RELEASE)" poses="{folder: $(LABELS)}"
	@test -z "$(LABELS)" || $(BIN)/python -m dance_core status results/penn_action_release_poses

test: check browser weights
	@$(BIN)/python -m pytest

check: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/snakefmt --check Snakefile rules
	@$(BIN)/mypy
	@$(BIN)/snakemake --lint

weights: $(INSTALLED)
	@$(BIN)/snakemake weights/blazepose weights/efficientnet_lite0 weights/imagenet_names weights/minilm --cores 1 --quiet all

stage: $(INSTALLED)
	@$(BIN)/python -m pip install --quiet anny==0.6.2 numba==0.68.1
	@$(BIN)/python -m dance_core.stage --output data/demo --jobs 2

# With RELEASE and LABELS as for penn, also what is measured on Penn Action.
bench: $(INSTALLED)
	@$(BIN)/python -m pip install --quiet pynndescent==0.7.0
	@for script in benchmarks/*.py; do name=$$(basename $$script .py); echo "## $$name"; \
	  case $$name in \
	    concept_layer|penn_protocol|pruning) set -- $(if $(RELEASE),"$(RELEASE)");; \
	    penn_motion) set -- $(and $(RELEASE),$(LABELS),"$(RELEASE)" "$(LABELS)");; \
	    sparse_classifier) set -- $(if $(RELEASE),--release "$(RELEASE)");; \
	    finch) set -- $(and $(RELEASE),$(LABELS),--penn "$(LABELS)" --keyframes "$(RELEASE)/keyframes.json");; \
	    *) set --;; \
	  esac; $(BIN)/python -m benchmarks.$$name "$$@" || exit 1; done

$(INSTALLED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --requirement requirements.lock
	@touch $@

# The report is tested in a real browser: Debian's, where it may be installed; else those tests skip.
browser: $(INSTALLED)
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || command -v google-chrome >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	       && apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium chromium-driver; } \
	  || echo "no Chromium here: the browser tests will skip"

clean:
	rm -rf results logs .snakemake
