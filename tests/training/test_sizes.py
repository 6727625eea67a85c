"""Verbs of items of many shapes: how often they are traced, and what is kept of it."""

import numpy as np
import pytest

import sslzoo
from sslzoo import backends, nn
from sslzoo.data import Dataset, Pictures

SIZES = [(10 + i, 31 - i // 2) for i in range(12)]


def pictures_of(sizes, channels=3):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*size, channels), dtype=np.uint8) for size in sizes]


def traces(model, verb):
    """A list that grows by one whenever the graph of the verb is traced."""
    graph, traced = getattr(model, f"{verb}_graph"), []

    def counted(*inputs):
        traced.append(1)
        return graph(*inputs)

    setattr(model, f"{verb}_graph", counted)
    return traced


def upscaler():
    trunk = {"name": "srresnet", "width": 4, "blocks": 1}
    return sslzoo.build("srresnet", trunk, 16, scale=2, last_kernel=3)


def test_images_of_many_sizes_are_traced_once_and_once_of_the_networks_own():
    model = sslzoo.build("simclr", "micro", 8)
    traced = traces(model, "encode")
    for size in [*SIZES, (8, 8)]:
        model.encode(np.zeros((2, *size, 3), "uint8"))
    assert len(traced) <= 2


def test_the_number_of_items_is_traced_a_few_times():
    model = sslzoo.build("simclr", "micro", 8)
    traced = traces(model, "encode")
    for count in range(1, 40):
        model.encode(np.zeros((count, 8, 8, 3), "uint8"))
    assert len(traced) <= 7  # JAX: powers of two


def test_whole_images_of_many_sizes_are_traced_once():
    model = upscaler()
    enlarged, traced = model._enlarged, []
    model._enlarged = lambda *inputs: traced.append(1) or enlarged(*inputs)
    for size in SIZES:
        model.upscale(np.zeros((1, *size, 3), "uint8"))
    assert len(traced) == 1


@pytest.mark.parametrize("size", [(5, 7), (48, 50), (3, 97)])
@pytest.mark.parametrize("scale", [2, 4])
def test_filled_images_give_what_the_images_give(size, scale):
    trunk = {"name": "srresnet", "width": 4, "blocks": 1}
    model = sslzoo.build("srresnet", trunk, 16, scale=scale, last_kernel=3)
    images = np.random.default_rng(0).random((2, *size, 3)).astype("float32")
    network = nn.inside(model.generator)
    filled = nn.filled(lambda x: np.asarray(network(x)), images, scale)
    np.testing.assert_allclose(filled, np.asarray(model.generator(images)), atol=1e-5)


def test_programs_that_were_not_used_lately_are_let_go(monkeypatch):
    monkeypatch.setattr("sslzoo.backends.recent.KEPT", 2)
    traced = []

    def double(x):
        traced.append(x.shape)
        return 2 * x

    function = backends.compiled(nn.backbone("micro", 8), double)
    for width in (1, 2, 1, 3, 1, 2):  # 2 was let go for 3
        function(np.zeros((1, width), "float32"))
    assert [shape[-1] for shape in traced] == [1, 2, 3, 2]


@pytest.mark.parametrize("size", [(8, 8), (9, 8), (40, 8), (5, 31), (1, 1), (8, 9), (33, 64)])
@pytest.mark.parametrize("network", [8, (8, 12), (12, 8)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_sizes_are_changed_in_numpy_as_in_a_program(size, network, dtype):
    layer = nn.Preprocess(network)
    [image] = pictures_of([size])
    images = image[None] if dtype == "uint8" else image[None].astype("float32") / 255
    np.testing.assert_allclose(layer(layer.sized(images)), layer(images), atol=2e-6)


def test_pictures_of_many_sizes_give_what_each_gives_alone():
    model = sslzoo.build("simclr", "micro", 8)
    images = pictures_of(SIZES)
    alone = np.concatenate([model.encode(image[None]) for image in images])
    np.testing.assert_allclose(model.encode(Pictures(images), 5), alone, rtol=1e-4, atol=1e-6)


def test_a_data_set_is_encoded():
    model = sslzoo.build("simclr", "micro", 8)
    images = np.concatenate(pictures_of([(1, 8, 8)] * 5))
    data = Dataset(images, labels=range(5))
    np.testing.assert_array_equal(model.encode(data), model.encode(images))
    np.testing.assert_array_equal(model.encode({"images": images}), model.encode(images))
    with pytest.raises(ValueError, match="got the fields vectors; it must have images"):
        model.encode(Dataset(vectors=np.eye(3)))


def test_a_batch_of_none_is_refused():
    model = sslzoo.build("simclr", "micro", 8)
    with pytest.raises(ValueError, match="batch_size: got 0"):
        model.encode(np.zeros((2, 8, 8, 3), "uint8"), batch_size=0)


def test_tiles_give_what_the_whole_gives():
    model = upscaler()
    images = np.random.default_rng(0).random((2, 61, 100, 3)).astype("float32")
    asked = []

    def function(tile):
        asked.append(tile.shape[1:3])
        return model.upscale(tile)

    far = nn.reach(model.generator)
    tiled = nn.tiled(function, images, far, scale=2, side=4 * far)
    assert set(asked) == {(44, 44)} and len(asked) > 8
    np.testing.assert_allclose(tiled, model.upscale(images), atol=1e-5)


def test_tiles_of_a_graph_give_what_the_whole_gives():
    network = upscaler().generator
    images = np.random.default_rng(0).random((2, 61, 100, 3)).astype("float32")
    far = nn.reach(network)
    tiled = nn.tiled_graph(nn.inside(network), images, far, scale=2, side=4 * far)
    np.testing.assert_allclose(np.asarray(tiled), np.asarray(network(images)), atol=1e-5)


def test_an_image_of_the_size_of_training_crops_is_enlarged_as_part_of_a_batch():
    model = upscaler()
    height, width, _ = model.reads.shape
    images = np.random.default_rng(0).random((2, height, width, 3)).astype("float32")
    together = model.upscale(images)
    np.testing.assert_allclose(model.upscale(images[:1]), together[:1], atol=1e-5)


def test_what_sees_the_whole_image_has_no_reach():
    assert nn.reach(nn.backbone("micro", 8)) is None


def test_pictures_are_enlarged_to_a_list():
    model = upscaler()
    images = pictures_of([(9, 12), (30, 7)])
    large = model.upscale(Pictures(images))
    assert [image.shape for image in large] == [(18, 24, 3), (60, 14, 3)]
    np.testing.assert_array_equal(large[1], model.upscale(images[1][None])[0])
