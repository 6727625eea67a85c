# make demo and make test work on a fresh machine with Python >= 3.11: they create .venv and install into it.
PYTHON ?= python3
BIN := .venv/bin
export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: demo lowest-test newest-test constraints test test-all lint examples test-tensorflow test-jax wheel-test formats-test notebooks docs site links start slowest throughput peer-env tfa-golden torch-golden clean

demo: .venv/installed
	$(BIN)/sslzoo demo

test: lint examples test-tensorflow test-jax

# Also killed runs, replicas, exports and mixed precision of every method, notebooks, how-to pages, protocols and runs on JAX.
test-all:
	$(MAKE) test TENSORFLOW_TESTS="not jax" JAX_TESTS="not tensorflow" WITHOUT_BACKEND="checks data plots test_house.py test_report.py"

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

# Those of the docstrings.
examples: .venv/installed-dev
	KERAS_BACKEND=tensorflow $(BIN)/pytest -q -n 2 --doctest-modules sslzoo

TENSORFLOW_TESTS ?= not jax and not slow
test-tensorflow: .venv/installed-dev
	KERAS_BACKEND=tensorflow $(BIN)/pytest -n 2 -m "$(TENSORFLOW_TESTS)" --junitxml=build/tensorflow.xml

# On JAX. What is committed is tested in a fresh clone with no data beside it, as on a user's machine: tests that may meet
# data of their own read the bundled digits there. What needs no backend has been tested above, and so has what follows from
# equal steps of both backends.
JAX_TESTS ?= not tensorflow and not compared and not slow
WITHOUT_BACKEND := checks data evaluate plots zoo test_house.py test_report.py test_suites.py test_list.py test_files.py \
	test_rows.py test_progress.py test_cli.py test_fuzz.py test_fuzz_yaml.py test_html_card.py test_gallery.py
test-jax: .venv/installed-dev
	rm -rf build/bare && git clone -q . build/bare
	cd build/bare && env -u SSLZOO_DATA KERAS_BACKEND=jax ../../$(BIN)/python -m pytest -n 2 -m "$(JAX_TESTS)" \
		$(WITHOUT_BACKEND:%=--ignore=tests/%) --junitxml=../jax.xml

# Where the time of the last runs went.
slowest:
	@python3 scripts/slowest.py build/tensorflow.xml build/jax.xml

# The package as users get it: the wheel, in another folder, without the source checkout.
wheel-test: .venv/installed-dev
	rm -rf build/lib build/site build/tests dist && $(BIN)/python -m build --wheel -o dist
	$(BIN)/pip install -q --no-deps --target build/site dist/*.whl
	cp -r tests build/ && cd build && SSLZOO_WHEEL=$(CURDIR)/build/site PYTHONPATH=$(CURDIR)/build/site PYTHONSAFEPATH=1 ../$(BIN)/python -m pytest -q -n 2 -m wheel tests

# Exports for other runtimes, whose converters and runtimes CI does not install.
formats-test: .venv-formats/installed
	KERAS_BACKEND=tensorflow .venv-formats/bin/python -m pytest -q tests/serving/formats tests/serving/test_manifests.py

.venv-formats/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-formats
	.venv-formats/bin/pip install -q -c constraints.txt -e .[onnx,litert,openvino] pytest "tritonclient[grpc]" jsonschema
	touch $@

# Executes the notebooks and keeps their outputs.
notebooks: .venv/installed-dev
	$(BIN)/python scripts/run_notebooks.py

# The table of the README and the generated pages of docs/, from docstrings, configs and records.
docs: .venv/installed
	$(BIN)/python -m sslzoo.report

# The documentation as a web site, build/site/index.html. Every warning is an error.
site: .venv-docs/installed
	.venv-docs/bin/python -m sphinx -q -W --keep-going -b html -c docs . build/site

# Every link to another site. It needs the network.
links: .venv-docs/installed
	.venv-docs/bin/python -m sphinx -q -b linkcheck -c docs . build/links

.venv-docs/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/pip install -q -c constraints.txt -e .[docs]
	touch $@

# Speed, in pairs with torch and lightly where `make peer-env` has been run. On an idle machine.
throughput: .venv/installed-dev
	$(BIN)/python -m benchmarks.throughput --json build/throughput.json

# Processor seconds of `sslzoo list` and of a first embedding, beside `import keras`.
start: .venv/installed-dev
	$(BIN)/python -m benchmarks.start --json build/start.json

# torch and lightly, in an environment of their own (torchvision's CPU build is in no registry: see benchmarks/peers).
peer-env:
	$(PYTHON) -m venv .venv-peer
	.venv-peer/bin/pip install -q torch==2.13.0 pytorch-lightning hydra-core pyarrow scikit-learn pillow tqdm aenum pydantic requests
	.venv-peer/bin/pip install -q --no-deps torchvision==0.29.2 lightly==1.6.0 lightly-utils

# Golden vectors of tensorflow-addons, and an exported model fine-tuned by it. Archived and at odds with Keras 3, it works in
# an environment of its own: Python 3.11, TensorFlow 2.15.1.
TFA_PYTHON ?= python3.11
TFA := .venv-tfa/bin/python -W ignore
tfa-golden: .venv/installed | .venv-tfa/installed
	$(TFA) scripts/tfa_golden.py tests/losses/golden/tensorflow_addons.json
	rm -rf build/tfa && mkdir -p build/tfa && $(BIN)/python scripts/tfa_fine_tune.py export build/tfa
	$(TFA) scripts/tfa_fine_tune.py train build/tfa tests/losses/golden/tensorflow_addons_fine_tune.json

.venv-tfa/installed:
	$(TFA_PYTHON) -m venv .venv-tfa
	.venv-tfa/bin/pip install -q tensorflow==2.15.1 tensorflow-addons==0.23.0 "numpy<2"
	touch $@

# Outputs of the networks of published checkpoints, computed by torch in an environment of its own.
# Then compares, and prints the largest relative difference of each network's features.
torch-golden: .venv-torch/installed .venv/installed-dev
	.venv-torch/bin/python scripts/torch_golden.py tests/nn/golden/torch_networks.npz
	.venv-torch/bin/python scripts/layout_golden.py tests/zoo/importers/golden/layouts.npz
	$(BIN)/python -m pytest -n 0 -q -rP tests/nn/test_published.py tests/zoo/importers | grep -E "e-[0-9]+$$|passed|failed"

.venv-torch/installed:
	$(PYTHON) -m venv .venv-torch
	.venv-torch/bin/pip install -q torch==2.13.0 numpy pillow pyyaml transformers==4.57.6
	.venv-torch/bin/pip install -q --no-deps torchvision==0.29.2 timm==1.0.31
	touch $@

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --upgrade pip

# The versions in constraints.txt are those that the tests ran with.
.venv/installed: pyproject.toml setup.py constraints.txt | .venv/bin/python
	$(BIN)/pip install -q -c constraints.txt -e .
	touch $@

.venv/installed-dev: pyproject.toml setup.py constraints.txt | .venv/bin/python
	$(BIN)/pip install -q -c constraints.txt -e .[dev]
	touch .venv/installed $@

# After `make test` with newer versions: they become those that everybody installs.
constraints:
	$(BIN)/pip freeze --exclude-editable --exclude pip --exclude setuptools > constraints.txt

# A part of the tests with the lowest versions that pyproject.toml allows, and with the newest
# versions on the newest Python that TensorFlow supports.
NEWEST_PYTHON ?= python3.13
lowest-test newest-test: %-test: .venv-%/installed
	KERAS_BACKEND=tensorflow .venv-$*/bin/python -m pytest -q -m "not slow" \
		tests/test_package.py tests/checks tests/zoo/test_config.py tests/zoo/test_saved.py tests/methods/test_encode.py

.venv-lowest/installed: pyproject.toml scripts/lowest.py
	$(PYTHON) -m venv .venv-lowest
	$(PYTHON) scripts/lowest.py > .venv-lowest/versions.txt
	.venv-lowest/bin/pip install -q -r .venv-lowest/versions.txt "pytest==8.0"
	.venv-lowest/bin/pip install -q --no-deps -e .
	touch $@

.venv-newest/installed: pyproject.toml
	$(NEWEST_PYTHON) -m venv .venv-newest
	.venv-newest/bin/pip install -q -e . pytest
	touch $@

clean:
	rm -rf .venv .venv-tfa .venv-torch .venv-lowest .venv-newest .venv-formats build dist demo *.egg-info
