"""What `fit` refuses before its first step, and what it takes for labels."""

import keras
import numpy as np
import pytest
from harness import digits, state
from keras import ops

from sslzoo.training import Method

IMAGES = digits(12)


BAD = {
    "four channels": (np.zeros((4, 8, 8, 4), "uint8"), ValueError, "images.*channels"),
    "two channels": (np.zeros((4, 8, 8, 2), "uint8"), ValueError, "images.*channels"),
    "one axis": (np.zeros(4, "uint8"), ValueError, "images.*shape"),
    "no images": (np.zeros((0, 8, 8, 1), "uint8"), ValueError, "images"),
    "text": (np.array([["a"]]), TypeError, "images"),
    "too large": (np.full((4, 8, 8), 300), ValueError, "images.*0..255"),
    "floats above one": (np.full((4, 8, 8), 2.0), ValueError, "images.*0..1"),
    "NaN": (np.full((4, 8, 8), np.nan), ValueError, "images.*NaN"),
    "one image": (
        np.zeros((1, 8, 8), "uint8"),
        ValueError,
        "^batch_size: got a batch of 1; it must be at least 2",
    ),
    "labels alone": ({"labels": np.zeros(4, "int64")}, ValueError, "images: missing"),
    "unequal lengths": (
        {"images": np.zeros((4, 8, 8), "uint8"), "labels": np.zeros(3, int)},
        ValueError,
        "labels",
    ),
    "weights": ((IMAGES, np.arange(12), np.ones(12)), ValueError, "x: got a tuple of 3 parts"),
    "nothing": (None, ValueError, "x: got None"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_data_is_one_sentence_before_the_first_step(kind, simclr):
    data, error, message = BAD[kind]
    model = simclr()
    before = state(model)
    with pytest.raises(error, match=message) as raised:
        model.fit(data, verbose=0)
    assert "\n" not in str(raised.value)
    for mine, old in zip(state(model), before, strict=True):
        np.testing.assert_array_equal(mine, old)


def test_labels_that_come_twice_are_refused(simclr):
    data = {"images": IMAGES, "labels": np.arange(12)}
    for arguments in ((data, np.arange(12)), ((data, np.arange(12)),)):
        with pytest.raises(ValueError, match="labels: got values in the dict and beside it; it mu"):
            simclr().fit(*arguments, verbose=0)


@pytest.mark.tensorflow
def test_weights_in_a_stream_are_refused(simclr):
    import tensorflow as tf

    stream = tf.data.Dataset.from_tensor_slices((IMAGES, np.arange(12), np.ones(12))).batch(4)
    with pytest.raises(ValueError, match="x: got a tuple of 3 parts"):
        simclr().fit(stream, verbose=0)


class Forecast(Method):
    """The mean of a series against what follows it."""

    label_fields = ("targets",)

    def compute_losses(self, batch):
        forecast = ops.mean(self.represent(self.reads.layer(self.reads.of(batch))), axis=-1)
        return {"square": ops.mean(ops.square(forecast - ops.cast(batch["targets"], "float32")))}


def series_network():
    x = keras.Input((6, 2))
    return keras.Model(x, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling1D()(x)))


def graph_network():
    graph = {
        "nodes": keras.Input((4, 2), name="nodes"),
        "edges": keras.Input((5, 2), dtype="int32", name="edges"),
    }
    mean = keras.layers.GlobalAveragePooling1D()(graph["nodes"])
    return keras.Model(graph, keras.layers.Dense(3)(mean))


@pytest.mark.parametrize("network", [series_network, graph_network])
def test_y_is_the_field_that_the_method_reads_beside_its_items(network):
    model = Forecast(network())
    model.compile(keras.optimizers.SGD(0.0))
    items = model.reads.named(model.reads.examples(8))
    targets = np.linspace(0.0, 1.0, 8)
    forms = [(items, targets), ((items, targets),), ({**items, "targets": targets.tolist()},)]
    if len(items) == 1:
        forms.append((items["series"], targets))
    losses = [model.fit(*form, batch_size=4, verbose=0).history["loss"] for form in forms]
    assert losses[0][0] > 0 and losses == [losses[0]] * len(forms)


@pytest.mark.parametrize("epochs", [2.5, "2", -1, 0])
def test_epochs_are_a_whole_number(simclr, epochs):
    with pytest.raises(ValueError, match="epochs: got .*; it must be an integer"):
        simclr().fit(IMAGES, epochs=epochs, verbose=0)


def test_steps_per_epoch_are_a_whole_number(simclr):
    with pytest.raises(ValueError, match="steps_per_epoch: got 2.5; it must be an integer"):
        simclr().fit(IMAGES, steps_per_epoch=2.5, verbose=0)


def test_fit_before_compile_says_so():
    with pytest.raises(ValueError, match="^optimizer: got none; it must be given by `compile`"):
        Forecast(series_network()).fit(np.zeros((4, 6, 2)), np.zeros(4), verbose=0)
