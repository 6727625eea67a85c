import numpy as np
import pytest
from keras import ops

from sslzoo.nn import Exemplars


def images_of(label, n):
    """n images of a class: the first pixel is the class, the second the place in the order."""
    images = np.zeros((n, 2, 2, 1), "uint8")
    images[:, 0, 0, 0], images[:, 0, 1, 0] = label, np.arange(n)
    return images


def content(memory):
    images, labels = memory.arrays()
    assert images[:, 0, 0, 0].tolist() == labels.tolist()
    return {int(label): images[labels == label][:, 0, 1, 0].tolist() for label in np.unique(labels)}


def test_every_class_has_an_equal_share_rounded_down_and_loses_its_last_ones():
    memory = Exemplars(10, (2, 2, 1))
    assert content(memory) == {}
    memory.keep({4: images_of(4, 20), 1: images_of(1, 20)})
    assert content(memory) == {1: [0, 1, 2, 3, 4], 4: [0, 1, 2, 3, 4]}
    memory.keep({0: images_of(0, 20)})
    assert content(memory) == {0: [0, 1, 2], 1: [0, 1, 2], 4: [0, 1, 2]}
    memory.keep({7: images_of(7, 1)})  # a class with less than its share gives what it has
    assert content(memory) == {0: [0, 1], 1: [0, 1], 4: [0, 1], 7: [0]}


def test_the_memory_is_uint8_variables_that_nothing_trains():
    memory = Exemplars(6, (2, 2, 1))
    memory.keep({3: images_of(3, 6)})
    assert [v.dtype for v in memory.weights] == ["uint8", "int32", "int32"]
    assert memory.trainable_variables == []
    other = Exemplars.from_config(memory.get_config())
    other.set_weights([ops.convert_to_numpy(v) for v in memory.weights])
    assert content(other) == content(memory) == {3: [0, 1, 2, 3, 4, 5]}


@pytest.mark.parametrize("capacity", [2, 3])
def test_what_is_cut_leaves_nothing_behind(capacity):
    memory = Exemplars(capacity, (2, 2, 1))
    memory.keep({1: images_of(1, 3)})
    memory.keep({2: images_of(2, 3)})
    assert ops.convert_to_numpy(memory.images)[2:].sum() == 0
