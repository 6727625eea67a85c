"""TCA: what it learns against the paper's formula, and that it works as every method does."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.linalg
from harness import dtype_policy

import sslzoo
from sslzoo.data import Dataset
from sslzoo.methods.transfer.tca import TCA
from sslzoo.nn.transfer_components import linear_components, mean_difference
from sslzoo.zoo.weights import load_weights, save_weights

DIM, COMPONENTS = 6, 3
KINDS = [{}, {"kernel": "rbf", "gamma": 0.7, "size": 40}]
IDS = ["linear", "rbf"]


def domains(seed=0, sources=25, targets=15):
    """Correlated vectors; those of the target are shifted and narrower."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(sources + targets, DIM)) @ rng.normal(size=(DIM, DIM))
    rows = (mixed + 0.5).astype("float32")
    return {"source": rows[:sources], "target": 0.6 * rows[sources:] + np.float32(1.5)}


def make(**kwargs):
    return TCA(**{"features": DIM, "components": COMPONENTS} | kwargs)


def fitted(**kwargs):
    model = make(**kwargs)
    model.fit(domains())
    return model


def oracle(data, kernel="linear", gamma=0.7, mu=1.0, form="2011", unit_length=True, whiten=False):
    """Embeddings (N, COMPONENTS) of all rows, up to signs: the matrices of the paper as they stand,
    and the general eigenvalue solver.
    """
    source, target = (data[role].astype("float64") for role in ("source", "target"))
    x = np.concatenate([source, target])
    if unit_length:
        x = x / np.sqrt((x**2).sum(axis=1, keepdims=True))
    n = len(x)
    kernel_matrix = x @ x.T
    if kernel == "rbf":
        kernel_matrix = np.array([[np.exp(-gamma * np.sum((a - b) ** 2)) for b in x] for a in x])
    e = np.array([1 / len(source)] * len(source) + [-1 / len(target)] * len(target))
    distance = np.outer(e, e) / np.linalg.norm(np.outer(e, e))
    spread = kernel_matrix @ (np.eye(n) - np.ones((n, n)) / n) @ kernel_matrix
    apart = kernel_matrix @ distance @ kernel_matrix
    a = apart + mu * np.eye(n) if form == "2011" else np.eye(n) + mu * apart
    values, vectors = scipy.linalg.eig(spread, a)
    w = vectors[:, np.argsort(-values.real)[:COMPONENTS]].real
    w /= np.sqrt(np.diag(w.T @ spread @ w)) if whiten else np.linalg.norm(w, axis=0)
    z = kernel_matrix @ w
    return z / np.sqrt((z**2).sum(axis=1, keepdims=True)) if unit_length else z


def embeddings(model, data):
    return np.concatenate([model.encode(data[role]) for role in ("source", "target")])


def assert_same_up_to_signs(z, expected):
    signs = np.sign(np.sum(z * expected, axis=0))
    np.testing.assert_allclose(z, signs * expected, atol=2e-5 * np.abs(expected).max())


# ---- what it learns -------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mu": 0.01},
        {"mu": 20.0, "form": "2009"},
        {"whiten": True},
        {"unit_length": False},
        {"unit_length": False, "whiten": True, "form": "2009"},
    ],
)
def test_embedding_is_the_formula_of_the_paper(kind, settings):
    data = domains()
    model = make(**kind, **settings)
    model.fit(data)
    expected = oracle(data, kind.get("kernel", "linear"), **settings)
    assert_same_up_to_signs(embeddings(model, data), expected)


@pytest.mark.parametrize(("form", "power"), [("2011", 1), ("2009", -1)])
def test_mu_of_the_paper_has_the_norm_of_l_in_it(form, power):
    data = domains()
    model = make(mu=0.5, form=form, unit_length=False)
    model.fit(data)
    rows = np.concatenate([data["source"], data["target"]]).astype("float64")
    mu = 0.5 * (1 / 25 + 1 / 15) ** power
    p = linear_components(rows, mean_difference(25, 15), COMPONENTS, mu, form)
    np.testing.assert_allclose(embeddings(model, data), rows @ p, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_new_rows_go_where_equal_rows_of_the_training_went(kind):
    """The map of jindongwang/transferlearning leaves out the lengths that its `fit` takes away."""
    data = domains()
    model = make(**kind)
    model.fit(data)
    whole = model.encode(data["target"])
    for row in (0, 7):
        # Another length is the same direction.
        single = model.encode(3 * data["target"][row : row + 1])
        np.testing.assert_allclose(single[0], whole[row], atol=1e-6)


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_domains_come_together(kind):
    history = make(**kind).fit(domains()).history
    assert 0 < history["mmd"][0] < 0.2 * history["mmd_vectors"][0]


def test_history_has_the_squared_distance_of_the_means():
    data = domains()
    model = make(unit_length=False)
    history = model.fit(data).history
    means = [data[role].astype("float64").mean(axis=0) for role in ("source", "target")]
    assert history["mmd_vectors"][0] == pytest.approx(np.sum((means[0] - means[1]) ** 2))
    means = [model.encode(data[role]).mean(axis=0) for role in ("source", "target")]
    assert history["mmd"][0] == pytest.approx(np.sum((means[0] - means[1]) ** 2), rel=1e-3)


def test_labels_change_nothing():
    data = domains()
    plain = fitted()
    labeled = make()
    sets = {
        "source": Dataset(None, np.arange(25) % 2, vectors=data["source"]),
        "target": Dataset(vectors=data["target"]),
    }
    labeled.fit(sets)
    np.testing.assert_array_equal(labeled.encode(data["source"]), plain.encode(data["source"]))


def test_two_fits_are_equal_and_the_second_replaces_the_first():
    model = fitted()
    model.fit(domains(seed=1))
    model.fit(domains())
    np.testing.assert_array_equal(*(embeddings(m, domains()) for m in (model, fitted(seed=5))))


def test_room_for_more_anchors_changes_nothing():
    exact, roomy = fitted(kernel="rbf", size=40), fitted(kernel="rbf", size=55)
    np.testing.assert_allclose(*(embeddings(m, domains()) for m in (exact, roomy)), atol=1e-6)


def test_before_fit_it_is_a_random_map():
    a, b = make(), make(seed=1)
    z = a.encode(domains()["source"])
    assert z.std(axis=0).min() > 0.1
    assert np.abs(z - b.encode(domains()["source"])).max() > 0.1
    np.testing.assert_array_equal(z, a.untrained().encode(domains()["source"]))


# ---- as every method -------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_keras_file_is_the_same_model(kind, tmp_path):
    model = fitted(**kind)
    model.save(tmp_path / "tca.keras")
    loaded = keras.saving.load_model(tmp_path / "tca.keras")
    assert type(loaded) is TCA and loaded.get_config() == model.get_config()
    np.testing.assert_array_equal(embeddings(loaded, domains()), embeddings(model, domains()))


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
@pytest.mark.parametrize(("encoding", "limit"), [("float32", 0), ("fp16", 2e-3), ("int8", 2e-2)])
def test_weights_file_is_the_same_map(kind, encoding, limit, tmp_path):
    model, other = fitted(**kind), make(**kind)
    save_weights(model, tmp_path / "tca.weights.h5", encoding)
    load_weights(other, tmp_path / "tca.weights.h5")
    z, w = embeddings(model, domains()), embeddings(other, domains())
    np.testing.assert_allclose(w, z, atol=limit)


@pytest.mark.tensorflow
@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_exported_model_is_encode(kind, tmp_path):
    import tensorflow as tf

    model, vectors = fitted(**kind), domains()["target"]
    model.export(tmp_path / "served", warmup=False)
    served = tf.saved_model.load(tmp_path / "served/1")
    for name in ("serving_default", "encode"):
        found = served.signatures[name](vectors=tf.constant(vectors))["embedding"].numpy()
        np.testing.assert_allclose(found, model.encode(vectors), atol=1e-6)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_tensorflow_and_jax_give_the_same_embeddings(tmp_path):
    """From the other backend's `fit`, and from the weights that were fitted here."""
    pytest.importorskip("jax")
    script = f"""
import numpy as np
from test_tca import KINDS, domains, embeddings, fitted, make
for i, kind in enumerate(KINDS):
    model = make(**kind)
    model.load_weights(r"{tmp_path}" + f"/{{i}}.weights.h5")
    np.savez(r"{tmp_path}" + f"/{{i}}.npz", embeddings(fitted(**kind), domains()),
             embeddings(model, domains()))
"""
    here = []
    for i, kind in enumerate(KINDS):
        model = fitted(**kind)
        model.save_weights(tmp_path / f"{i}.weights.h5")
        here.append(embeddings(model, domains()))
    tests, package = Path(__file__).parent, Path(sslzoo.__file__).parents[1]
    paths = [str(tests), str(tests.parent), str(package), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": os.pathsep.join(paths)}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
    for i, expected in enumerate(here):
        with np.load(tmp_path / f"{i}.npz") as there:
            for name in there.files:
                np.testing.assert_allclose(there[name], expected, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_embeddings_do_not_lose_precision_under_a_mixed_policy(kind, policy):
    with dtype_policy(policy):
        model = fitted(**kind)
        found = embeddings(model, domains())
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found, embeddings(fitted(**kind), domains()))


def test_it_is_built_by_its_name_without_an_optimizer():
    model = sslzoo.build("tca", features=DIM, components=2)
    assert isinstance(model, TCA) and not model.compiled and model.backbone is None
    assert model.fit(domains()).epoch == [0]


# ---- bad input -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"features": 0}, "features: got 0; it must be an integer of at least 1"),
        ({"components": 0}, "components: got 0"),
        ({"components": DIM + 1}, f"components: got {DIM + 1}; .* at least 1 and at most {DIM}"),
        ({"kernel": "rfb"}, r"kernel: got 'rfb'; it must be one of .* \(did you mean rbf\?\)"),
        ({"mu": 0}, "mu: got 0; it must be a finite number above 0"),
        ({"form": 2011}, "form: got 2011; it must be one of '2011', '2009'"),
        ({"kernel": "rbf"}, "size: got None; it must be an integer of at least 1"),
        ({"kernel": "rbf", "size": 9, "gamma": -1.0}, "gamma: got -1.0"),
        ({"gamma": 1.0}, "kernel: got 'linear' with gamma or size; it must be 'rbf' with them"),
        ({"size": 5}, "kernel: got 'linear' with gamma or size"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        make(**arguments)


def test_data_that_does_not_fit_is_refused_and_the_map_stays():
    model = fitted(kernel="rbf", size=40)
    before = embeddings(model, domains())
    with pytest.raises(ValueError, match="size: got 40; it must be at least 41, the rows of both"):
        model.fit(domains(sources=26))
    with pytest.raises(ValueError, match=r"target: got shape \(4, 5\); this network needs"):
        model.fit({"source": domains()["source"], "target": np.ones((4, 5))})
    with pytest.raises(ValueError, match="data: got roles source; TCA needs a dict of source, tar"):
        model.fit({"source": domains()["source"]})
    with pytest.raises(ValueError, match="fit: got epochs; TCA is solved at once"):
        model.fit(domains(), epochs=3)
    with pytest.raises(ValueError, match="components: got 3; it must be at most 1 for data"):
        fitted().fit({role: rows[:, :1] * np.ones(DIM) for role, rows in domains().items()})
    np.testing.assert_array_equal(embeddings(model, domains()), before)
