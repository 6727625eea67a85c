"""Items of the test that were learned from: counted by content, of every kind, and warned of."""

import tracemalloc
import warnings

import numpy as np
import pytest
from PIL import Image

from sslzoo import evaluate
from sslzoo.data import Dataset, TaskStream
from sslzoo.data.image_files import ImageFiles
from sslzoo.evaluate.overlap import overlap

RNG = np.random.default_rng(0)
KINDS = {
    "images": RNG.integers(0, 256, (30, 8, 8, 3)).astype("uint8"),
    "series": RNG.normal(size=(30, 24, 6)).astype("float32"),
    "tokens": RNG.integers(0, 50, (30, 16)),
    "vectors": RNG.normal(size=(30, 5)),
    "audio": RNG.normal(size=(30, 400)).astype("float32"),
    "graphs": {
        "nodes": RNG.normal(size=(30, 6, 3)).astype("float32"),
        "edges": RNG.integers(0, 6, (30, 8, 2)),
    },
}


def rows(items, chosen):
    if isinstance(items, dict):
        return {key: values[chosen] for key, values in items.items()}
    return items[chosen]


@pytest.mark.parametrize("kind", KINDS)
def test_items_of_every_kind_are_counted_by_content(kind):
    items = KINDS[kind]
    assert overlap(rows(items, slice(20)), rows(items, slice(15, 30))) == 5
    assert overlap(rows(items, slice(15)), rows(items, slice(15, 30))) == 0


def test_items_that_differ_in_one_value_are_not_the_same():
    train = np.zeros((3, 32, 32, 3), "uint8")
    test = train.copy()
    test[1, 31, 31, 1] = 1
    assert overlap(train, test) == 2


def test_graphs_with_equal_nodes_and_other_edges_are_not_the_same():
    graphs = KINDS["graphs"]
    assert overlap(graphs, {**graphs, "edges": graphs["edges"] + 1}) == 0


def test_a_large_set_costs_no_copy_of_itself():
    train = np.random.default_rng(1).integers(0, 256, (4000, 64, 64, 3), "uint8")  # 49 MB
    tracemalloc.start()
    assert overlap(train, train[:3] + np.uint8(1)) == 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6


def test_images_on_disk_are_compared_by_their_files(tmp_path):
    paths = [tmp_path / f"{number}.png" for number in range(5)]
    for number, path in enumerate(paths[:4]):
        pixels = np.random.default_rng(number).integers(0, 256, (12, 12, 3), "uint8")
        Image.fromarray(pixels).save(path)
    paths[4].write_bytes(paths[0].read_bytes())  # the same picture under another name
    files = ImageFiles(paths, 12)
    assert overlap(files.take([0, 1, 2]), files.take([3, 4])) == 1
    assert overlap(files.take([1, 2]), files.take([3, 4])) == 0
    assert overlap(files.take([0, 1]), files[[0, 1]]) == 0  # no files beside files


def warned(function, *arguments, **settings):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*arguments, **settings)
    return [str(warning.message) for warning in caught if "also in train" in str(warning.message)]


@pytest.mark.parametrize("protocol", ["knn", "linear_probe"])
def test_a_protocol_warns_once_of_what_was_learned_from(protocol, digits, projection):
    train, test = digits
    both = train.take(slice(100))
    run = getattr(evaluate, protocol)
    (message,) = warned(run, projection, train, both, baselines=False)
    assert message.startswith("test: 100 of 100 images are also in train; the figure is too good")
    assert warned(run, projection, train, test.take(slice(20)), baselines=False) == []


def test_regression_and_likelihood_warn(digits):
    from types import SimpleNamespace

    series = Dataset(series=KINDS["series"], targets=np.arange(30.0))
    forecaster = SimpleNamespace(forecast=lambda x, batch_size: x[:, -1, 0])
    assert len(warned(evaluate.regression, forecaster, series, series)) == 1

    def bound(images, **settings):
        return np.zeros(len(images))

    generator = SimpleNamespace(elbo=bound, importance_weighted_bound=bound)
    train, test = digits
    assert len(warned(evaluate.likelihood, generator, train.images, train.images)) == 1
    assert warned(evaluate.likelihood, generator, train.images, test.images) == []


def test_tasks_in_sequence_warn(digits):
    import sslzoo

    train, _ = digits
    model = sslzoo.build("naive", "mlp", 8, classes=10)
    stream = TaskStream(train.take(slice(200)), train.take(slice(50)), tasks=1)
    assert len(warned(evaluate.incremental, model, stream, epochs=1)) == 1
