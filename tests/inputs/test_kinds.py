"""What each kind of input says of itself: examples, other sizes, its exported signature, its
arguments.
"""

import json

import keras
import numpy as np
import pytest

from sslzoo import inputs, nn
from sslzoo.training import Method

FIXED = {
    "images": inputs.Images(6, 10, 3),
    "series": inputs.Series(7, 2),
    "tokens": inputs.Tokens(5, vocabulary=9),
    "vectors": inputs.Vectors(4),
    "audio": inputs.Audio(50),
    "graph": inputs.Graph(4, 2, 6),
}
ANY_SIZE = {
    "images": inputs.Images(None, None, 1),
    "series": inputs.Series(None, 2),
    "tokens": inputs.Tokens(None),
    "audio": inputs.Audio(None),
    "graph": inputs.Graph(None, 2),
}
ALL = [*FIXED.values(), *ANY_SIZE.values()]


def name_of(reads):
    return f"{type(reads).__name__} {reads.shape}"


def shapes(items):
    return keras.tree.map_structure(lambda array: array.shape, items)


@pytest.mark.parametrize("reads", ALL, ids=name_of)
def test_examples_are_items_that_the_check_takes(reads):
    for more in (0, 3):
        items = reads.examples(3, seed=1, more=more)
        assert reads.count(items) == 3
        checked = reads.named(reads.check(items))
        assert tuple(checked) == reads.fields
        for field, (shape, dtype) in reads.specs().items():
            assert checked[field].dtype == dtype
            for extent, wanted in zip(checked[field].shape, shape, strict=True):
                assert wanted in (None, extent)


@pytest.mark.parametrize("reads", ALL, ids=name_of)
def test_examples_repeat_for_a_seed_and_differ_between_seeds(reads):
    first, again, other = (reads.named(reads.examples(3, seed=seed)) for seed in (1, 1, 2))
    for field in reads.fields:
        np.testing.assert_array_equal(first[field], again[field])
        assert (first[field] != other[field]).any()


@pytest.mark.parametrize("name", FIXED)
def test_other_sizes_come_where_they_are_read_and_nowhere_else(name):
    fixed = FIXED[name]
    larger = shapes(fixed.examples(3, more=3)) != shapes(fixed.examples(3))
    assert fixed.any_size == larger == (name == "images")
    if name in ANY_SIZE:
        reads = ANY_SIZE[name]
        assert reads.any_size
        assert shapes(reads.examples(3, more=3)) != shapes(reads.examples(3))


@pytest.mark.parametrize("reads", ALL, ids=name_of)
def test_the_arguments_of_an_input_are_kept(reads):
    again = type(reads).from_config(reads.get_config())
    assert again.get_config() == reads.get_config()
    assert again.specs() == reads.specs() and again.shape == reads.shape


@keras.saving.register_keras_serializable("sslzoo_tests")
class Plain(Method):
    """The base alone, under a name that Keras finds."""


def test_a_method_that_was_given_its_input_is_saved_with_it(tmp_path):
    x = keras.Input((50,))
    network = keras.Model(x, keras.layers.Dense(3)(x))
    assert isinstance(nn.reads(network), inputs.Vectors)
    method = Plain(network, reads=inputs.Audio(50))
    method.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.reads, inputs.Audio) and loaded.reads.shape == (50,)
    waves = loaded.reads.examples(2)
    np.testing.assert_array_equal(loaded.encode(waves), method.encode(waves))


def test_what_an_input_says_of_itself_is_json_and_names_its_shape():
    wide = inputs.Images(6, 8, 1).describe()
    assert json.loads(json.dumps(wide)) == wide
    assert wide["image_size"] == [6, 8]
    assert "rectangle" in wide["crop"]
    assert inputs.Images(8, 8).describe()["image_size"] == 8
    assert inputs.Graph(5, 3, 7).describe() == {"field": "nodes", "shape": [5, 3], "edges": 7}


def sequential():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])


def two_inputs():
    x, y = keras.Input((4,)), keras.Input((4,))
    return keras.Model([x, y], keras.layers.Add()([x, y]))


def identity(shape):
    x = keras.Input(shape)
    return keras.Model(x, keras.layers.Activation("relu")(x))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (sequential, "a Sequential; it must be Functional"),
        (lambda: keras.layers.Dense(2), "a Dense; it must be Functional"),
        (lambda: "micro", "a str; it must be Functional"),
        (two_inputs, "a list of inputs; it must have one input"),
        (lambda: identity((24, None)), r"shape \(None, 24, None\); it must have a number in its"),
        (lambda: identity((8, 8, None)), "it must have a number in its last axis"),
        (lambda: identity((2, 2, 2, 2)), "it must read "),
    ],
)
def test_a_network_whose_input_tells_no_kind_is_refused_in_one_sentence(make, sentence):
    with pytest.raises(ValueError, match=f"^backbone: got .*{sentence}"):
        nn.reads(make())


def test_a_sequential_is_read_as_the_error_says():
    network = sequential()
    network = keras.Model(network.inputs[0], network.outputs[0])
    assert isinstance(nn.reads(network), inputs.Vectors)


@pytest.mark.parametrize("name", ["series", "vectors", "graph"])
def test_numbers_that_float32_does_not_hold_are_refused(name):
    items = FIXED[name].named(FIXED[name].examples(2))
    field = FIXED[name].field
    for bad in (1e300, -1e300):
        large = {**items, field: items[field].astype("float64")}
        large[field].flat[3] = bad
        with pytest.raises(ValueError, match=f"^{field}: got floats from .*1e.300.*; it must be "):
            FIXED[name].check(FIXED[name].of(large))
