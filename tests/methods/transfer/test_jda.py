"""JDA: its rounds against the matrices of the paper, and the labels that it reads."""

import keras
import numpy as np
import pytest
import scipy.linalg

import sslzoo
from sslzoo.data import Dataset
from sslzoo.methods import JDA, TCA

DIM, COMPONENTS, CLASSES = 6, 3, 3


def domains(spread=0.7):
    """Three classes; those of the target are turned and shifted, each by itself."""
    rng = np.random.default_rng(0)
    labels = np.arange(75) % CLASSES
    centers = spread * rng.normal(size=(CLASSES, DIM))
    moves = rng.normal(size=(CLASSES, DIM)) + 1.5
    rows = (centers[labels] + rng.normal(size=(75, DIM))).astype("float32")
    rows[45:] += moves[labels[45:]]
    source = {"vectors": rows[:45], "labels": labels[:45] + 10}
    return {"source": source, "target": rows[45:]}, labels


def oracle(rounds):
    """Embeddings (75, COMPONENTS) after so many rounds, up to signs."""
    data, labels = domains()
    x = np.concatenate([data["source"]["vectors"], data["target"]]).astype("float64")
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    n, kernel, labels = len(x), x @ x.T, labels[:45]
    guesses = None
    for _ in range(rounds):
        e = np.repeat([1 / 45, -1 / 30], [45, 30])
        distance = CLASSES * np.outer(e, e)
        for c in range(CLASSES) if guesses is not None else ():
            e = np.zeros(n)
            e[:45][labels == c] = 1 / (labels == c).sum()
            if (guesses == c).any():
                e[45:][guesses == c] = -1 / (guesses == c).sum()
                distance += np.outer(e, e)
        distance /= np.linalg.norm(distance)
        spread = kernel @ (np.eye(n) - np.ones((n, n)) / n) @ kernel
        values, vectors = scipy.linalg.eig(spread, kernel @ distance @ kernel + np.eye(n))
        w = vectors[:, np.argsort(-values.real)[:COMPONENTS]].real
        z = kernel @ (w / np.linalg.norm(w, axis=0))
        z /= np.linalg.norm(z, axis=1, keepdims=True)
        squares = ((z[45:, None] - z[:45]) ** 2).sum(axis=-1)
        guesses = labels[squares.argmin(axis=1)]
    return z


def fitted(**settings):
    model = JDA(features=DIM, components=COMPONENTS, **settings)
    return model, model.fit(domains()[0]).history


@pytest.mark.parametrize("iterations", [1, 2, 3])
def test_rounds_are_those_of_the_paper(iterations):
    model, history = fitted(iterations=iterations)
    assert history["rounds"][0] == iterations
    data, _ = domains()
    rows = np.concatenate([data["source"]["vectors"], data["target"]])
    z, expected = model.encode(rows), oracle(iterations)
    signs = np.sign((z * expected).sum(axis=0))
    np.testing.assert_allclose(z, signs * expected, atol=2e-4)


def test_one_round_is_tca():
    data, _ = domains()
    tca = TCA(features=DIM, components=COMPONENTS)
    tca.fit({"source": data["source"]["vectors"], "target": data["target"]})
    model, _ = fitted(iterations=1)
    np.testing.assert_allclose(model.encode(data["target"]), tca.encode(data["target"]), atol=1e-5)


def test_it_ends_when_no_label_changes():
    model = JDA(features=DIM, components=COMPONENTS, iterations=50)
    assert 1 < model.fit(domains(spread=4)[0]).history["rounds"][0] < 50


def test_the_labels_of_the_target_are_not_read():
    data, labels = domains()
    model, _ = fitted()
    told = JDA(features=DIM, components=COMPONENTS)
    told.fit({**data, "target": Dataset(None, labels[45:], vectors=data["target"])})
    np.testing.assert_array_equal(told.encode(data["target"]), model.encode(data["target"]))


def test_arguments_are_kept_in_a_file(tmp_path):
    model, _ = fitted(iterations=2, mu=0.5)
    model.save(tmp_path / "a.keras")
    loaded = keras.saving.load_model(tmp_path / "a.keras")
    assert (loaded.iterations, loaded.mu, loaded.components) == (2, 0.5, COMPONENTS)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (lambda s: s["vectors"], "source: got no labels; it must be a Dataset or a dict"),
        (lambda s: {"vectors": s["vectors"]}, "source: got no labels"),
        (lambda s: {**s, "labels": s["labels"][:-1]}, r"source labels: got shape \(44,\)"),
    ],
)
def test_a_source_without_its_labels_is_refused(source, message):
    data, _ = domains()
    with pytest.raises(ValueError, match=message):
        JDA(features=DIM, components=COMPONENTS).fit({**data, "source": source(data["source"])})


def test_no_round_is_refused():
    with pytest.raises(ValueError, match="iterations: got 0"):
        sslzoo.build("jda", features=DIM, components=2, iterations=0)
