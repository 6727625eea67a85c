"""CORAL, subspace alignment and the geodesic flow kernel: what they learn, and what is kept."""

import keras
import numpy as np
import pytest

import sslzoo
from sslzoo import methods
from sslzoo.evaluate.protocols.adaptation import adaptation
from sslzoo.nn.subspaces import geodesic_flow, principal_axes, recoloring
from sslzoo.zoo.weights import load_weights, save_weights

DIM = 6
MODELS = {
    "coral": lambda: methods.CORAL(DIM, ridge=0.5),
    "subspace_alignment": lambda: methods.SubspaceAlignment(DIM, 3),
    "gfk": lambda: methods.GFK(DIM, 3),
}
each = pytest.mark.parametrize("name", MODELS)


def domains():
    """Two classes on correlated vectors; those of the target are turned, shifted and narrower."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    rows = rng.normal(size=(60, DIM)) @ rng.normal(size=(DIM, DIM)) + 4 * labels[:, None]
    turn = np.linalg.qr(np.eye(DIM) + 0.2 * rng.normal(size=(DIM, DIM)))[0]
    source, target = rows[:35].astype("float32"), (0.7 * rows[35:] @ turn + 1).astype("float32")
    return {"source": source, "target": target}, labels


def fitted(name):
    model = MODELS[name]()
    model.fit(domains()[0])
    return model


def expected(name, source, target):
    """By the formulas of the papers."""
    means = source.mean(axis=0), target.mean(axis=0)
    if name == "coral":
        return (source - means[0]) @ recoloring(source, target, 0.5) + means[1], target
    own, other = principal_axes(source, 3), principal_axes(target, 3)
    if name == "subspace_alignment":
        return (source - means[0]) @ own @ own.T @ other, (target - means[1]) @ other
    flow = geodesic_flow(own, other)
    return (source - means[0]) @ flow, (target - means[1]) @ flow


@each
def test_maps_are_those_of_the_paper(name):
    data, _ = domains()
    model = fitted(name)
    source, target = expected(name, *(data[role].astype("float64") for role in data))
    np.testing.assert_allclose(model.align(data["source"]), source, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(model.encode(data["target"]), target, rtol=1e-4, atol=1e-4)


@each
def test_the_means_meet(name):
    history = MODELS[name]().fit(domains()[0]).history
    assert history["mmd_vectors"][0] > 1 and history["mmd"][0] < 1e-6


@each
def test_the_protocol_maps_the_source_by_its_own_map(name):
    data, labels = domains()
    sets = {"a": (data["source"], labels[:35]), "b": (data["target"], labels[35:])}
    record = adaptation(MODELS[name](), sets, pairs=[["a", "b"]], baselines=False)
    model = fitted(name)
    bank, queries = model.align(data["source"]), model.encode(data["target"])
    nearest = ((queries[:, None] - bank) ** 2).sum(axis=-1).argmin(axis=1)
    assert record["accuracy"] == (labels[:35][nearest] == labels[35:]).mean()


@each
def test_files_and_weights_are_the_same_maps(name, tmp_path):
    model, data = fitted(name), domains()[0]
    model.save(tmp_path / "a.keras")
    save_weights(model, tmp_path / "a.weights.h5", "float32")
    other = MODELS[name]()
    load_weights(other, tmp_path / "a.weights.h5")
    for loaded in (keras.saving.load_model(tmp_path / "a.keras"), other):
        for verb, role in (("align", "source"), ("encode", "target")):
            rows = data[role]
            np.testing.assert_array_equal(getattr(loaded, verb)(rows), getattr(model, verb)(rows))


@each
@pytest.mark.tensorflow
def test_exports_have_both_maps(name, tmp_path):
    import tensorflow as tf

    model, data = fitted(name), domains()[0]
    model.export(tmp_path / "served", warmup=False)
    signatures = tf.saved_model.load(tmp_path / "served/1").signatures
    for verb, role in (("align", "source"), ("encode", "target")):
        served = signatures[verb](vectors=tf.constant(data[role]))["embedding"].numpy()
        np.testing.assert_allclose(served, getattr(model, verb)(data[role]), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("coral", {"features": 0}, "features: got 0"),
        ("coral", {"features": 4, "ridge": 0}, "ridge: got 0"),
        ("subspace_alignment", {"features": 4, "components": 5}, "components: got 5; .* at most 4"),
        ("gfk", {"features": 6, "components": 4}, "components: got 4; .* at most 3"),
    ],
)
def test_impossible_arguments_are_refused(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        sslzoo.build(name, **arguments)


def test_too_few_rows_are_refused():
    data = {"source": np.ones((1, 4), "float32"), "target": np.eye(4, dtype="float32")}
    with pytest.raises(ValueError, match="source: got 1 row; it must have at least 2"):
        methods.CORAL(4).fit(data)
    with pytest.raises(ValueError, match="components: got 2; it must be at most 0 for data"):
        methods.GFK(4, 2).fit(data)
