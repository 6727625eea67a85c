"""The protocols on every kind of data: what an item is, the model says."""

import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from sslzoo import data, evaluate, inputs, nn
from sslzoo.evaluate import protocols
from sslzoo.evaluate.encoders import RawValues
from sslzoo.evaluate.splits import labeled_split


@keras.saving.register_keras_serializable("evaluate_kinds")
class TakeNodes(layers.Layer):
    """The nodes of a graph, alone."""

    def call(self, x):
        return x["nodes"] + 0.0 * keras.ops.cast(keras.ops.max(x["edges"]), "float32")


def network(inputs, *parts):
    x = inputs
    for part in parts:
        x = part(x)
    return keras.Model(inputs, layers.Dense(6)(x))


def graph_inputs():
    return {
        "nodes": keras.Input((5, 3), name="nodes"),
        "edges": keras.Input((10, 2), dtype="int32", name="edges"),
    }


MAKE = {
    "images": lambda: network(keras.Input((8, 12, 3)), layers.Flatten()),
    "series": lambda: network(keras.Input((None, 4)), layers.GlobalAveragePooling1D()),
    "tokens": lambda: network(
        keras.Input((7,), dtype="int32"), layers.Embedding(11, 5), layers.GlobalMaxPooling1D()
    ),
    "vectors": lambda: network(keras.Input((9,)), layers.Dense(8)),
    "audio": lambda: network(
        keras.Input((None,), name="audio"),
        layers.Reshape((-1, 1)),
        layers.Conv1D(4, 5),
        layers.GlobalMaxPooling1D(),
    ),
    "nodes": lambda: network(graph_inputs(), TakeNodes(), layers.GlobalAveragePooling1D()),
}


def encoder(kind, make=None):
    """A plain encoder: a network, what it reads, and `encode`."""
    model = SimpleNamespace(backbone=(make or MAKE[kind])())
    model.reads = nn.reads(model.backbone)

    def encode(items, batch_size=256):
        count = model.reads.count(items)
        parts = []
        for start in range(0, count, batch_size):
            part = keras.tree.map_structure(lambda a, s=start: a[s : s + batch_size], items)
            parts.append(keras.ops.convert_to_numpy(model.backbone(model.reads.layer(part))))
        return np.concatenate(parts)

    model.encode = encode
    model.untrained = lambda: encoder(kind)
    return model


def labeled(kind, model, count=24, seed=0):
    """A data set of two classes whose values differ."""
    items, labels = model.reads.examples(count, seed), np.arange(count) % 2
    fields = dict(model.reads.named(items))
    values = fields[kind]
    if kind == "images":
        values = values // 4
        values[labels == 1] += 150
    elif kind == "tokens":
        values = values % 5
        values[labels == 1] += 5
    elif kind == "audio":
        values = (values * np.where(labels == 1, 0.9, 0.05)[:, None]).astype("float32")
    else:
        shape = (count, *[1] * (values.ndim - 1))
        values = values + 4 * labels.reshape(shape).astype("float32")
    return data.Dataset(**{**fields, kind: values}, labels=labels, name=kind, split="test")


@pytest.mark.parametrize("kind", MAKE)
def test_every_protocol_on_labels_takes_every_kind(kind):
    model = encoder(kind)
    train, test = (labeled(kind, model, seed=seed) for seed in (0, 1))
    model.classify = model.encode
    raw = "raw_pixels" if kind == "images" else "raw_values"
    records = {
        "knn": evaluate.knn(model, train, test, k=3),
        "linear_probe": evaluate.linear_probe(model, train, test),
        "few_shot": evaluate.few_shot(model, test, ways=2, queries=3, episodes=5),
        "retrieval": evaluate.retrieval(model, test),
        "verification": evaluate.verification(model, test, pairs=20),
        "accuracy": evaluate.accuracy(model, test, baselines=False),
    }
    for name, record in records.items():
        assert json.loads(json.dumps(record)) == record
        assert record["settings"]["items"] == kind
        if name != "accuracy":
            assert set(record["baselines"]) == {"untrained_encoder", raw}
    if kind in ("series", "vectors", "nodes"):  # the classes differ in the signs of the values
        assert records["knn"]["baselines"][raw] > 0.9
    described = json.loads(json.dumps(model.reads.describe()))
    assert records["knn"]["settings"]["preprocessing"] == described


@pytest.mark.parametrize("kind", MAKE)
def test_fine_tuning_takes_every_kind(kind):
    model = encoder(kind)
    train, test = (labeled(kind, model, 40, seed) for seed in (0, 1))
    before = model.backbone.get_weights()
    augment = layers.GaussianNoise(0.01) if kind == "images" else None
    settings = {"epochs": 30, "learning_rate": 0.02, "batch_size": 8, "augment": augment}
    record = evaluate.finetune(model, train, test, **settings)
    assert record["accuracy"] > 0.8  # a coin gives 0.5, the weakest kind (vectors) 0.92 to 0.98
    assert all(map(np.array_equal, before, model.backbone.get_weights()))
    raw = "raw_pixels" if kind == "images" else "raw_values"
    assert set(record["baselines"]) == {"untrained_encoder", raw}
    assert json.loads(json.dumps(record)) == record


def test_a_keras_layer_augments_any_kind_in_training_alone():
    model = encoder("vectors")
    train, test = (labeled("vectors", model, 40, seed) for seed in (0, 1))

    class Zero(layers.Layer):
        def call(self, x, training=False):
            return keras.ops.zeros_like(x) if training else x

    settings = {"epochs": 20, "learning_rate": 0.02, "batch_size": 8, "baselines": False}
    blind = evaluate.finetune(model, train, test, augment=Zero(), **settings)
    seeing = evaluate.finetune(model, train, test, **settings)
    assert seeing["accuracy"] > 0.8 and seeing["settings"]["augment"] is None
    assert blind["accuracy"] <= 0.75 and blind["settings"]["augment"] == "Zero"


def test_presets_are_for_images():
    model = encoder("series")
    train = labeled("series", model)
    with pytest.raises(
        ValueError, match="augment: got 'digits'; it must be a Keras layer for series"
    ):
        evaluate.finetune(model, train, train, augment="digits")


PROTOCOLS = [
    name
    for name in ("accuracy", "few_shot", "finetune", "knn", "linear_probe", "retrieval")
    if name in protocols.names()
]


@pytest.mark.parametrize("name", PROTOCOLS)
def test_another_kind_than_the_model_reads_is_refused_before_any_work(name):
    model = encoder("series")
    model.encode = model.classify = None  # would fail
    wrong = data.Dataset(vectors=np.eye(4), labels=[0, 1, 0, 1])
    sets = [wrong] * len(protocols.roles(name))
    with pytest.raises(
        ValueError, match="got vectors; it must hold series, which this model reads"
    ):
        protocols.find(name)(model, *sets)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_dry_run_checks_and_measures_nothing(name):
    model = encoder("series")
    right = labeled("series", model)
    model.encode = model.classify = None  # would fail
    settings = {"ways": 2, "queries": 3} if name == "few_shot" else {}
    sets = [right] * len(protocols.roles(name))
    assert protocols.find(name)(model, *sets, **settings, dry_run=True) == {}


@pytest.mark.parametrize("name", ["knn", "finetune", "linear_probe"])
def test_items_of_another_shape_are_refused_before_any_work(name):
    model = encoder("series")
    model.encode = None
    right = labeled("series", model)
    wrong = data.Dataset(series=np.zeros((4, 5, 3)), labels=[0, 1, 0, 1])
    with pytest.raises(ValueError, match=r"test series: got shape \(4, 5, 3\)"):
        protocols.find(name)(model, right, wrong)


def test_pairs_of_arrays_are_of_the_kind_that_the_model_reads():
    model = encoder("series")
    split = labeled_split(model, (np.zeros((4, 5, 4)), [0, 1, 0, 1]), "test", "knn")
    assert split.field == "series" and split.name is None
    plain = SimpleNamespace(encode=None)
    assert labeled_split(plain, (np.zeros((4, 5, 4)), [0, 1, 0, 1]), "t", "knn").field == "images"
    assert labeled_split(None, (np.zeros((4, 5)), [0, 1, 0, 1]), "t", "knn").field == "vectors"


def test_graphs_come_with_their_edges():
    model = encoder("nodes")
    test = labeled("nodes", model)
    split = labeled_split(model, test, "test", "knn")
    assert set(split.inputs) == {"nodes", "edges"} and len(split) == 24
    record = evaluate.knn(model, test, test, k=1)
    assert record["settings"]["item_shape"] == {"nodes": [5, 3], "edges": [10, 2]}
    assert evaluate.features(model, test).shape == (24, 6)
    assert RawValues().encode(split.inputs).shape == (24, 15)


def test_super_resolution_is_of_pictures():
    class Upscaler:
        scale = 2

        def upscale(self, images):
            return images.repeat(2, axis=1).repeat(2, axis=2)

    with pytest.raises(ValueError, match="model: got a SimpleNamespace without upscale"):
        evaluate.super_resolution(encoder("series"), [np.zeros((40, 40, 3), "uint8")])
    series = data.Dataset(series=np.zeros((2, 40, 3)))
    with pytest.raises(ValueError, match="test: got series; it must hold pictures"):
        evaluate.super_resolution(Upscaler(), series)
    images = data.Dataset(np.zeros((2, 40, 40, 3), "uint8"), name="black")
    record = evaluate.super_resolution(Upscaler(), images)
    assert record["settings"]["test_name"] == "black" and record["ssim"] == pytest.approx(1)


def test_a_model_is_told_what_it_lacks():
    test = data.Dataset(vectors=np.eye(4), labels=[0, 1, 0, 1])
    with pytest.raises(ValueError, match="without classify; it must have classify for accuracy"):
        evaluate.accuracy(encoder("vectors"), test)
    sampler = SimpleNamespace(encode=None, verbs={"sample": None}, reads=inputs.Vectors(4))
    with pytest.raises(ValueError, match="without encode; it must have encode for knn"):
        evaluate.knn(sampler, test, test)
    with pytest.raises(ValueError, match="without a network; it must have a backbone for finetune"):
        evaluate.finetune(sampler, test, test)
    flat = data.Dataset(series=np.zeros((4, 5, 4)), labels=[0, 1, 0, 1])
    x = keras.Input((None, 4))
    maps = SimpleNamespace(backbone=keras.Model(x, layers.Dense(2)(x)))
    with pytest.raises(ValueError, match="a backbone with output .*; it must give features"):
        evaluate.finetune(maps, flat, flat)
    with pytest.raises(ValueError, match="without learn_task; it must have learn_task"):
        evaluate.incremental(encoder("vectors"), data.TaskStream(test, test, tasks=2))


def test_a_network_of_any_size_is_fine_tuned():
    def any_size():
        x = keras.Input((None, None, 3))
        return keras.Model(x, layers.GlobalAveragePooling2D()(layers.Conv2D(6, 3)(x)))

    model = encoder("images", any_size)
    train = labeled("images", model, 12)
    record = evaluate.finetune(model, train, train, epochs=1, baselines=False, augment="none")
    assert record["settings"]["item_shape"] == [32, 32, 3]
