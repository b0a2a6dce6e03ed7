# Two commands for a newcomer: `make run` and `make test`. Both install what they need into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
COMPILE = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock'

.PHONY: run test check format lint generate release bench lock fuzz soak pictures clean

run: $(VENV)/run.stamp ## a simulated CS141 with BACS and the exporter on port 10141
	$(BIN)/generex-exporter demo

test: $(VENV)/dev.stamp ## every test; those that need a program that is missing say so
ifdef ARGS
	$(BIN)/pytest $(ARGS)
else
	@.ci/test $(BIN)
endif

lint: $(VENV)/dev.stamp
	@.ci/lint $(BIN)

check: lint ## lint, types, generated files, and the tests that are quick and need no other program
	$(BIN)/pytest --quiet --numprocesses 2 --dist loadfile -m 'not slow' $(ARGS)

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

generate: $(VENV)/dev.stamp ## all files that are made from the register maps
	for kind in reference alerts dashboards; do $(BIN)/generex-exporter generate $$kind || exit 1; done

bench: $(VENV)/dev.stamp ## speed and memory as ratios to the wire's floor
	$(BIN)/python -m tests.bench $(ARGS)

lock: $(VENV)/base.stamp ## the image's dependencies, pinned with their hashes
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group lock
	$(COMPILE) --extra otlp --output-file deploy/image/requirements.txt pyproject.toml
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' | \
	  $(COMPILE) --output-file deploy/image/build-requirements.txt -

release: $(VENV)/dev.stamp ## what a release consists of, in dist/
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group release
	.ci/release

fuzz: $(VENV)/dev.stamp ## the fuzzing with thirty times as many examples, different ones each time
	$(BIN)/pytest --hypothesis-profile=fuzz tests/faults/test_fuzz.py tests/reading/test_link_answers.py \
	  tests/config/test_config_laws.py tests/test_yamlfile.py tests/maps/test_formula.py \
	  tests/exposition/test_exposition_reference.py $(ARGS)

soak: $(VENV)/dev.stamp ## 100,000 scrapes over HTTP: nothing grows
	SOAK=100000 $(BIN)/pytest tests/faults/test_load.py -k long_run -rP $(ARGS)

pictures: $(VENV)/dev.stamp ## the boards' pictures in docs/images, from simulated devices and a real Prometheus
	$(BIN)/python -m tests.pictures

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/base.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "generex-exporter needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/run.stamp: $(VENV)/base.stamp pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@
