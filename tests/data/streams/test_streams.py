import inspect
import subprocess
import sys

import numpy as np
import pytest

from sslzoo import data
from sslzoo.data import Dataset, streams
from sslzoo.errors import UnknownName

EMPTY = inspect.Parameter.empty


def test_every_file_is_a_sampler_found_by_its_name():
    assert {"batches", "class_balanced", "crops", "paired"} <= set(streams.names())
    for name in streams.names():
        sampler = streams.find(name)
        assert issubclass(sampler, streams.Endless)
        assert getattr(data, sampler.__name__) is sampler and sampler.__name__ in data.__all__


def test_a_name_that_is_no_sampler_gets_the_nearest():
    with pytest.raises(UnknownName, match="Unknown sampler 'pared'; did you mean paired"):
        streams.find("pared")


def test_the_settings_are_what_the_training_does_not_give():
    assert streams.settings("batches") == {}
    assert streams.settings("class_balanced") == {
        "classes": (int, 32),
        "samples": (int, 4),
        "steps_per_epoch": (int | None, None),
    }
    assert streams.settings("crops") == {"size": (int, EMPTY), "steps_per_epoch": (int, EMPTY)}
    assert streams.settings("paired") == {
        "ratio": (int, 7),
        "steps_per_epoch": (int | None, None),
        "labels_per_class": (int | None, None),
        "draw": (int, 0),
    }


def test_a_sampler_is_built_of_a_config():
    digits = data.load("digits")
    paired = streams.build("paired", digits, 10, seed=3, ratio=2, labels_per_class=4)
    assert (paired.batch_size, paired.seed, paired.ratio) == (10, 3, 2)
    # a sampler whose batches follow from its settings does not take the size of a batch
    balanced = streams.build("class_balanced", digits, 64, seed=3, classes=4, samples=2)
    assert (balanced.batch_size, balanced.seed) == (8, 3)


def test_a_setting_that_there_is_not_is_named():
    with pytest.raises(ValueError, match="Unknown setting of sampler paired 'ration'; did you"):
        streams.build("paired", data.load("digits"), 10, ration=2)


def test_a_sampler_reads_its_data(tmp_path, monkeypatch):
    from PIL import Image

    Image.new("RGB", (9, 7)).save(tmp_path / "a.png")
    Image.new("RGB", (5, 4)).save(tmp_path / "b.png")
    monkeypatch.setenv("SSLZOO_DATA", str(tmp_path.parent))
    name = tmp_path.name
    read = streams.find("crops").read
    assert read(name, "train", settings={"size": 4}).names == ["a", "b"]
    with pytest.warns(UserWarning, match="1 of 2 .* left out"):
        assert read(name, "train", on_error="skip", settings={"size": 6}).names == ["a"]
    assert streams.find("batches").read(name, "train", image_size=4).images.shape == (2, 4, 4, 3)


# === Other fields than images ===

SERIES = np.arange(24.0)[:, None, None] * np.ones((1, 3, 2))  # row i is all i
LABELS = np.arange(24) % 3
AIR = Dataset(series=SERIES, labels=LABELS, targets=np.arange(24) / 2)


def test_batches_have_all_fields_of_a_data_set():
    batch = data.Batches(AIR, 5)[3]
    assert set(batch) == {"series", "labels", "targets", "index"}
    np.testing.assert_array_equal(batch["series"][:, 0, 0], batch["index"])
    np.testing.assert_array_equal(batch["targets"], batch["index"] / 2)


def test_pairs_of_any_field():
    paired = data.Paired(AIR, batch_size=3, ratio=2, labels_per_class=2)
    batch = paired[1]
    assert {field: len(rows) for field, rows in batch.items()} == {
        "series": 3,
        "labels": 3,
        "unlabeled": 6,
        "index": 6,
    }
    rows = batch["series"][:, 0, 0].astype(int)
    np.testing.assert_array_equal(LABELS[rows], batch["labels"])
    np.testing.assert_array_equal(batch["unlabeled"][:, 0, 0], batch["index"])
    assert paired.field == "series" and paired.sample(4).shape == (4, 3, 2)
    others = data.Paired(AIR, 3, 2, unlabeled=Dataset(series=-SERIES))
    assert (others[0]["unlabeled"] <= 0).all()
    with pytest.raises(ValueError, match="unlabeled: got shape .*; it must be finite numbers"):
        data.Paired(AIR, 3, 2, unlabeled=SERIES[:, 0])


def test_pairs_of_graphs_are_refused():
    graphs = Dataset(nodes=SERIES, edges=np.zeros((24, 1, 2), int), labels=LABELS)
    with pytest.raises(ValueError, match="dataset: got graphs .nodes and edges.; it must have one"):
        data.Paired(graphs, 2, 1)


def test_class_balanced_batches_of_any_field():
    batch = data.ClassBalanced(AIR, classes=2, samples=3)[0]
    assert set(batch) == {"series", "labels", "targets", "index"}
    np.testing.assert_array_equal(batch["series"][:, 0, 0], batch["index"])
    assert sorted(np.unique(batch["labels"], return_counts=True)[1]) == [3, 3]


def test_fields_that_a_network_cannot_read_are_refused_by_a_sampler():
    bad = SERIES.copy()
    bad[5, 1, 1] = np.nan
    for sampler in (data.Paired, data.ClassBalanced):
        with pytest.raises(ValueError, match="series: got NaN or infinite values"):
            sampler(Dataset(series=bad, labels=LABELS), 2, 2)


def test_samplers_need_neither_keras_nor_tensorflow():
    code = (
        "import sys, sslzoo.data as d; x = d.load('digits');"
        "d.Batches(x, 8)[0]; d.Paired(x, 8, 2)[0]; d.ClassBalanced(x, 3, 2)[0];"
        "d.Crops(list(x.images), 4, 2, 1)[0];"
        "print([m for m in ('keras', 'tensorflow', 'jax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
