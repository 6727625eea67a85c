"""The memory of replay and iCaRL holds any kind of data, as it came."""

import keras
import numpy as np
import pytest
import six_kinds

from sslzoo import data, methods

NETWORKS = {
    "images": lambda: six_kinds.images(6, 10),
    "series": six_kinds.series,
    "tokens": lambda: six_kinds.tokens(5),
    "vectors": six_kinds.vectors,
    "audio": lambda: six_kinds.audio(64),
    "nodes": lambda: six_kinds.graph(6),
}
LABELS = np.arange(16) % 4  # four classes, of four items each


def make(name, field):
    model = methods.method_class(name)(NETWORKS[field](), classes=4, exemplars=4)
    model.compile("adam")
    return model


def rows(items, index):
    return keras.tree.map_structure(lambda values: values[index], items)


def assert_same(items, expected):
    """Values, dtypes and fields."""
    pairs = zip(keras.tree.flatten(items), keras.tree.flatten(expected), strict=True)
    for mine, theirs in pairs:
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("field", NETWORKS)
def test_exemplars_are_rows_of_what_the_network_reads(field):
    model = make("replay", field)
    items = model.reads.examples(16)
    first, second = np.flatnonzero(LABELS < 2), np.flatnonzero(LABELS >= 2)
    assert model.reads.field == field
    model.begin_task([0, 1])
    model.end_task({**model.reads.named(rows(items, first)), "labels": LABELS[first]})
    kept, labels = model.exemplars.arrays()
    assert labels.tolist() == [0, 0, 1, 1]
    own = [rows(items, first[LABELS[first] == label]) for label in (0, 1)]
    chosen = [rows(x, model.choose(x, 2)) for x in own]
    assert_same(kept, keras.tree.map_structure(lambda *parts: np.concatenate(parts), *chosen))

    model.begin_task([2, 3])
    new = data.Dataset(**model.reads.named(rows(items, second)), labels=LABELS[second])
    joined = model.training_data(new)
    assert joined["labels"].tolist() == [*LABELS[second], 0, 0, 0, 0, 1, 1, 1, 1]
    assert_same(rows(model.reads.of(joined), slice(8)), rows(items, second))
    assert_same(rows(model.reads.of(joined), slice(8, None)), rows(kept, [0, 0, 1, 1, 2, 2, 3, 3]))


@pytest.mark.filterwarnings("ignore:.*collapsed")  # a few steps on noise
@pytest.mark.parametrize("name", ["replay", "icarl"])
@pytest.mark.parametrize("field", ["vectors", "nodes"])
def test_two_tasks_of_what_is_no_image(name, field):
    model = make(name, field)
    items = model.reads.examples(16)
    for classes in ([0, 1], [2, 3]):
        index = np.flatnonzero(np.isin(LABELS, classes))
        task = data.Dataset(**model.reads.named(rows(items, index)), labels=LABELS[index])
        model.learn_task(classes, task, batch_size=8, verbose=0)
    _, labels = model.exemplars.arrays()
    assert labels.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(model.classify(items).sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("network", [six_kinds.tokens, six_kinds.audio, six_kinds.graph])
def test_a_network_of_any_size_has_no_memory(network):
    with pytest.raises(ValueError, match="backbone: got a network that reads .* of any size"):
        methods.method_class("replay")(network(), classes=4)


def test_waves_of_either_form_become_one():
    """Integers after floats: a compiled step does not take two."""
    model = make("replay", "audio")
    model.begin_task(range(4))
    waves = np.linspace(-32768, 32767, 16 * 64).astype("int16").reshape(16, 64)
    model.end_task((waves, LABELS))
    kept, _ = model.exemplars.arrays()
    own = waves / np.float32(32768)
    assert kept.dtype == "float32" and all((own == row).all(axis=1).any() for row in kept)
