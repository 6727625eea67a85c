import numpy as np
import pytest
from keras import ops

from sslzoo.nn import Exemplars

IMAGES = {"images": ((2, 2, 1), "uint8")}


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
    memory = Exemplars(10, IMAGES)
    assert content(memory) == {}
    memory.keep({4: images_of(4, 20), 1: images_of(1, 20)})
    assert content(memory) == {1: [0, 1, 2, 3, 4], 4: [0, 1, 2, 3, 4]}
    memory.keep({0: images_of(0, 20)})
    assert content(memory) == {0: [0, 1, 2], 1: [0, 1, 2], 4: [0, 1, 2]}
    memory.keep({7: images_of(7, 1)})  # a class with less than its share gives what it has
    assert content(memory) == {0: [0, 1], 1: [0, 1], 4: [0, 1], 7: [0]}


def test_the_memory_is_uint8_variables_that_nothing_trains():
    memory = Exemplars(6, IMAGES)
    memory.keep({3: images_of(3, 6)})
    assert [v.dtype for v in memory.weights] == ["uint8", "int32", "int32"]
    assert memory.trainable_variables == []
    other = Exemplars.from_config(memory.get_config())
    other.set_weights([ops.convert_to_numpy(v) for v in memory.weights])
    assert content(other) == content(memory) == {3: [0, 1, 2, 3, 4, 5]}


@pytest.mark.parametrize("capacity", [2, 3])
def test_what_is_cut_leaves_nothing_behind(capacity):
    memory = Exemplars(capacity, IMAGES)
    memory.keep({1: images_of(1, 3)})
    memory.keep({2: images_of(2, 3)})
    assert ops.convert_to_numpy(memory.items["images"])[2:].sum() == 0


def test_an_item_of_several_fields_stays_together():
    memory = Exemplars(4, {"nodes": ((2, 1), "float32"), "edges": ((3, 2), "int32")})
    nodes, edges = np.zeros((5, 2, 1)), np.full((5, 3, 2), -1)
    nodes[:, 0, 0], edges[:, 0, 0] = np.arange(5) / 4, np.arange(5)
    memory.keep({1: {"nodes": nodes[:3], "edges": edges[:3]}})
    memory.keep({0: {"nodes": nodes[3:], "edges": edges[3:]}})
    items, labels = memory.arrays()
    assert labels.tolist() == [1, 1, 0, 0] and sorted(items) == ["edges", "nodes"]
    assert items["nodes"][:, 0, 0].tolist() == [0, 0.25, 0.75, 1]
    assert items["edges"][:, 0, 0].tolist() == [0, 1, 3, 4] and items["edges"].dtype == "int32"
