"""Every kind of input through `fit`, an interruption, `encode` and a `.keras` file, on both
backends. Exports are in tests/serving/test_six_kinds.py.
"""

import warnings

import keras
import numpy as np
import pytest
import six_kinds
from harness import state

import sslzoo
from sslzoo import Checkpoint

KINDS = list(six_kinds.KINDS)
SIX = [name for name in KINDS if not name.startswith("images_")]


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


class Stop(keras.callbacks.Callback):
    """An error after `steps` steps of a `fit`."""

    def __init__(self, steps):
        super().__init__()
        self.left = steps

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.filterwarnings("ignore:.*collapsed")  # a few steps on noise
@pytest.mark.parametrize("name", SIX)
def test_a_run_stopped_inside_an_epoch_ends_as_a_whole_one(tmp_path, name):
    """Stopped after step 5 of 6, the last checkpoint is of step 4, in the middle of epoch 2."""
    kind = six_kinds.KINDS[name]
    items = kind.items(24)

    def fit(*callbacks):
        model = kind.make()
        model.fit(items, batch_size=8, epochs=2, callbacks=list(callbacks), verbose=0)
        return state(model)

    path = tmp_path / "run.npz"
    with pytest.raises(KeyboardInterrupt):
        fit(Checkpoint(path, every=2), Stop(5))
    assert Checkpoint.steps_done(path) == 4
    resumed, whole = fit(Checkpoint(path, every=2)), fit()
    for mine, expected in zip(resumed, whole, strict=True):
        np.testing.assert_array_equal(mine, expected)


FEW_CLASSES = {"classes": 2}
WITHOUT_AUGMENTATION = {
    "naive": FEW_CLASSES,
    "lwf": FEW_CLASSES,
    "replay": FEW_CLASSES,
    "icarl": FEW_CLASSES,
    "triplet": {},
    "siamese": {},
}


@pytest.mark.parametrize("method", WITHOUT_AUGMENTATION)
def test_a_method_without_augmentation_reads_more_than_images(method):
    model = sslzoo.build(method, six_kinds.vectors(), **WITHOUT_AUGMENTATION[method])
    vectors = model.reads.examples(3)
    view = model.views({"vectors": vectors, "labels": np.zeros(3, int)})["view"]
    np.testing.assert_array_equal(view, vectors)


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
