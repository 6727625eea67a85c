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
