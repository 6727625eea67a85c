"""Every kind of input through `fit`, `encode` and a `.keras` file, on both backends. Exports are in
tests/serving/test_six_kinds.py.
"""

import warnings

import keras
import numpy as np
import pytest
import six_kinds

KINDS = list(six_kinds.KINDS)


@pytest.fixture(scope="module")
def trained():
    """{kind: (a model after six steps, its losses)}."""
    done = {}
    with warnings.catch_warnings():
        # Six steps on noise: what the collapse monitor says of it is of no interest.
        warnings.filterwarnings("ignore", message=".*collapsed")
        for name, kind in six_kinds.KINDS.items():
            model = kind.make()
            history = model.fit(kind.items(32), batch_size=32, epochs=6, verbose=0)
            done[name] = model, history.history["loss"]
    return done


@pytest.mark.parametrize("name", KINDS)
def test_the_network_tells_the_kind(trained, name):
    model, _ = trained[name]
    assert type(model.reads).__name__ == six_kinds.KINDS[name].reads
    assert model.fields == model.reads.fields


@pytest.mark.parametrize("name", KINDS)
def test_fit_learns(trained, name):
    _, losses = trained[name]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", KINDS)
def test_features_do_not_depend_on_the_size_of_the_chunks(trained, name):
    model, _ = trained[name]
    items = six_kinds.KINDS[name].items(7)
    features = model.encode(items)
    assert features.shape == (7, six_kinds.DIM) and features.dtype == "float32"
    np.testing.assert_allclose(model.encode(items, batch_size=3), features, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", KINDS)
def test_a_keras_file_is_the_same_model(trained, tmp_path, name):
    model, _ = trained[name]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    items = six_kinds.KINDS[name].items(5, seed=1)
    np.testing.assert_array_equal(loaded.encode(items), model.encode(items))


def test_a_verb_with_two_outputs_gives_both():
    model = six_kinds.KINDS["vectors"].make(six_kinds.Spread)
    items = six_kinds.KINDS["vectors"].items(5)
    distance, direction = model.locate(items, batch_size=2)
    np.testing.assert_allclose(distance[:, None] * direction, model.encode(items), atol=1e-5)


def test_a_verb_that_draws_is_a_function_of_number_and_seed():
    model = six_kinds.Sampler()
    model.compile("sgd")
    model.fit(model.reads.examples(16), batch_size=8, verbose=0)
    first = model.sample(3, seed=1)
    assert first.shape == (3, 4)
    np.testing.assert_array_equal(model.sample(3, seed=1), first)
    assert np.abs(model.sample(3, seed=2) - first).max() > 1e-3
