"""The nearest source item, on domains that a method was trained on."""

import json

import keras
import numpy as np
import pytest
from keras import layers, ops

import sslzoo
from sslzoo.data import Dataset
from sslzoo.evaluate import adaptation
from sslzoo.evaluate.nearest import nearest
from sslzoo.methods.transfer.tca import TCA
from sslzoo.training import Method

CLASSES, FEATURES = 3, 5


def domain(shift, n=30, seed=0):
    """Three classes along three features, moved along the fifth."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % CLASSES
    vectors = 3 * np.eye(FEATURES)[labels] + rng.normal(size=(n, FEATURES))
    vectors[:, -1] += shift
    return Dataset(None, labels, vectors=vectors.astype("float32"), name=f"shift{shift}")


DOMAINS = {"a": domain(0), "b": domain(8, seed=1), "c": domain(-8, n=24, seed=2)}


class Fake:
    """Remembers what it learned; its embedding is the first features."""

    roles = ("source", "target")
    learned = []

    def untrained(self):
        return Fake()

    def learn(self, data, **settings):
        self.learned.append((self, data, settings))

    def encode(self, items, batch_size):
        return items[:, :CLASSES]


@pytest.fixture
def fake():
    Fake.learned = []
    return Fake()


@keras.saving.register_keras_serializable("sslzoo_tests")
class Meet(Method):
    """A dense network that is trained by gradients to give both domains one mean."""

    roles = ("source", "target")

    def __init__(self, features=FEATURES, seed=0, name=None):
        vectors = keras.Input((features,), name="vectors")
        start = keras.initializers.Orthogonal(seed=seed)
        network = keras.Model(vectors, layers.Dense(4, kernel_initializer=start)(vectors))
        super().__init__(network, seed=seed, name=name)
        self.label_fields = ("domains",)

    def compute_losses(self, batch):
        z = self.represent(self.reads.layer(batch["vectors"]))
        side = 2.0 * ops.cast(batch["domains"], "float32") - 1.0
        return {"means": ops.sum(ops.square(ops.mean(side[:, None] * z, axis=0)))}

    def learn(self, data, **settings):
        rows = [data[role].inputs for role in self.roles]
        domains = np.repeat([0, 1], [len(part) for part in rows])
        fields = {"vectors": np.concatenate(rows), "domains": domains}
        return super().learn(fields, verbose=0, **settings)


# ---- the figure -----------------------------------------------------------------------


def first(bank, queries):
    return np.concatenate([rows[:, 0] for _, rows in nearest(bank, queries, 1)]).tolist()


@pytest.mark.parametrize("held", [1, 4, 10**6])
def test_nearest_is_the_double_loop(held, monkeypatch):
    monkeypatch.setattr("sslzoo.evaluate.nearest.HELD", held)
    rng = np.random.default_rng(0)
    bank, queries = rng.normal(size=(17, 4)), rng.normal(size=(11, 4))
    expected = [min(range(17), key=lambda i: np.sum((bank[i] - q) ** 2)) for q in queries]
    assert first(bank, queries) == expected


@pytest.mark.parametrize("similarity", ["euclidean", "cosine"])
def test_accuracy_is_the_share_of_targets_whose_nearest_source_has_their_label(fake, similarity):
    record = adaptation(fake, DOMAINS, similarity=similarity)
    for pair, accuracy in record["pairs"].items():
        source, target = (DOMAINS[name] for name in pair.split("-"))
        right = 0
        queries = target.vectors[:, :CLASSES].astype("float64")
        for query, label in zip(queries, target.labels, strict=True):
            bank = source.vectors[:, :CLASSES].astype("float64")
            if similarity == "cosine":
                query = query / np.linalg.norm(query)
                bank = bank / np.linalg.norm(bank, axis=1, keepdims=True)
            right += source.labels[np.sum((bank - query) ** 2, axis=1).argmin()] == label
        assert accuracy == pytest.approx(right / len(target))
    assert list(record["pairs"]) == ["a-b", "a-c", "b-a", "b-c", "c-a", "c-b"]
    assert record["accuracy"] == pytest.approx(np.mean(list(record["pairs"].values())))


def test_pairs_may_be_chosen(fake):
    record = adaptation(fake, DOMAINS, pairs=[["c", "a"], ["a", "c"]])
    assert list(record["pairs"]) == ["c-a", "a-c"] and record["settings"]["n_pairs"] == 2
    assert len(fake.learned) == 2


# ---- what the method sees -------------------------------------------------------------


def test_each_pair_is_learned_by_a_new_copy_without_the_target_labels(fake):
    adaptation(fake, DOMAINS, pairs=[["a", "b"], ["b", "c"]], training={"epochs": 2})
    (first, data, settings), (second, _, _) = fake.learned
    assert first is not second and fake not in (first, second)
    assert settings == {"epochs": 2}
    assert list(data) == ["source", "target"]
    np.testing.assert_array_equal(data["source"].labels, DOMAINS["a"].labels)
    assert set(data["target"].fields) == {"vectors"}


def test_other_fields_of_a_domain_do_not_reach_the_method(fake):
    extra = {name: d.replace(targets=d.labels.astype("float32")) for name, d in DOMAINS.items()}
    adaptation(fake, extra, pairs=[["a", "b"]])
    assert set(fake.learned[0][1]["source"].fields) == {"vectors", "labels"}


def test_a_closed_form_adapts():
    model = TCA(features=FEATURES, components=3, mu=1e-3, unit_length=False)
    before = model.encode(DOMAINS["a"].vectors)
    record = adaptation(model, DOMAINS)
    assert record["accuracy"] > record["baselines"]["raw_values"] + 0.2
    np.testing.assert_array_equal(model.encode(DOMAINS["a"].vectors), before)


def test_a_method_of_gradients_is_compiled_as_the_model_is():
    model = Meet()
    model.compile(keras.optimizers.SGD(0.05))
    before = model.encode(DOMAINS["a"].vectors)
    training = {"epochs": 40, "batch_size": 60}
    settings = {"pairs": [["a", "b"]], "baselines": False}
    record = adaptation(model, DOMAINS, training=training, **settings)
    model.compile(keras.optimizers.SGD(0.0))
    frozen = adaptation(model, DOMAINS, training=training, **settings)
    assert record["accuracy"] >= frozen["accuracy"] + 0.1
    np.testing.assert_array_equal(model.encode(DOMAINS["a"].vectors), before)


# ---- the record -----------------------------------------------------------------------


def test_baselines_are_the_items_and_their_principal_components(fake):
    record = adaptation(fake, DOMAINS, pairs=[["a", "b"]])
    assert set(record["baselines"]) == {
        f"{name}{end}" for name in ("raw_values", "pca") for end in ("", "_cosine")
    }
    source, target = DOMAINS["a"], DOMAINS["b"]
    both = np.concatenate([source.vectors, target.vectors]).astype("float64")
    centered = both - both.mean(axis=0)
    components = np.linalg.svd(centered, full_matrices=False)[2][:CLASSES]
    for name, rows in (("raw_values", both), ("pca", centered @ components.T)):
        for end in ("", "_cosine"):
            values = rows / np.linalg.norm(rows, axis=1, keepdims=True) if end else rows
            found = first(values[:30], values[30:])
            expected = np.mean(source.labels[found] == target.labels)
            assert record["baselines"][name + end] == pytest.approx(expected)
            assert record["baseline_pairs"][name + end] == {"a-b": pytest.approx(expected)}


def test_record_is_plain_json_with_the_settings(fake):
    record = adaptation(fake, DOMAINS, baselines=False)
    assert json.loads(json.dumps(record)) == record
    settings = record["settings"]
    assert record["protocol"] == "adaptation" and record["baselines"] == {}
    assert settings["similarity"] == "euclidean" and settings["transductive"] is True
    assert settings["feature_dim"] == CLASSES and settings["n_pairs"] == 6
    assert (settings["n_a"], settings["n_c"], settings["a_name"]) == (30, 24, "shift0")
    assert settings["items"] == "vectors" and settings["item_shape"] == [FEATURES]


def test_images_are_compared_by_their_pixels():
    class Flat(Fake):
        def untrained(self):
            return Flat()

        def encode(self, items, batch_size):
            return items.reshape(len(items), -1)[:, :6].astype("float32")

    digits = sslzoo.data.load("digits").take(slice(40))
    domains = {"plain": digits, "inverted": digits.replace(images=255 - digits.images)}
    record = adaptation(Flat(), domains)
    assert "raw_pixels" in record["baselines"]


# ---- bad input ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"domains": {"a": DOMAINS["a"]}}, "domains: got a; it must be {name: data} of at least"),
        ({"domains": DOMAINS["a"]}, "domains: got Dataset; it must be {name: data} of at least"),
        ({"pairs": [["a", "d"]]}, r"pairs: got \[a, d\]; it must be two different names of a, b"),
        ({"pairs": [["a", "a"]]}, r"pairs: got \[a, a\]; it must be two different names"),
        ({"pairs": [["a", "b", "c"]]}, r"pairs: got \[a, b, c\]"),
        ({"pairs": []}, "pairs: got none"),
        ({"similarity": "dot"}, "similarity: got 'dot'"),
        ({"batch_size": 0}, "batch_size: got 0"),
        (
            {"domains": DOMAINS | {"d": DOMAINS["a"].replace(labels=None)}},
            "d: got no labels; it must have labels",
        ),
        (
            {"domains": DOMAINS | {"d": DOMAINS["a"].replace(labels=DOMAINS["a"].labels + 1)}},
            "d labels: got class 3; it must be among the classes of a",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is_learned(fake, change, message):
    with pytest.raises(ValueError, match=message):
        adaptation(fake, **{"domains": DOMAINS} | change)
    assert fake.learned == []


def test_a_method_of_one_data_set_is_refused():
    model = sslzoo.build("simclr", "micro", 8)
    with pytest.raises(ValueError, match="model: got SimCLR with no roles; it must learn from the"):
        adaptation(model, DOMAINS)


def test_settings_of_a_training_are_refused_where_nothing_is_trained():
    message = "training: got epochs; it must be left out: TCA is solved at once."
    with pytest.raises(ValueError, match=message):
        adaptation(
            TCA(features=FEATURES, components=3), DOMAINS, training={"epochs": 3}, dry_run=True
        )


def test_items_of_another_kind_or_size_are_refused():
    with pytest.raises(ValueError, match=r"a vectors: got shape \(30, 5\); this network needs"):
        adaptation(TCA(features=4, components=3), DOMAINS)
    images = Dataset(np.zeros((2, 8, 8), "uint8"), [0, 1])
    with pytest.raises(ValueError, match="i: got images; it must hold vectors"):
        adaptation(TCA(features=FEATURES, components=3), DOMAINS | {"i": images})


# ---- the published figures ------------------------------------------------------------

OFFICE = {"W": "office_caltech10/webcam_surf", "D": "office_caltech10/dslr_surf"}
NAMES = {name for name, _, _ in sslzoo.data.available()}


@pytest.mark.slow
@pytest.mark.skipif(not set(OFFICE.values()) <= NAMES, reason="SSLZOO_DATA has no office_caltech10")
def test_office_caltech_gives_the_published_accuracies():
    """jindongwang/transferlearning, data/benchmark.md, SURF: 1NN, PCA and TCA of W-D and D-W."""
    domains = {key: sslzoo.data.load(name) for key, name in OFFICE.items()}
    record = adaptation(TCA(features=800), domains)
    found = {"TCA": record["pairs"]} | record["baseline_pairs"]
    for name, expected in (
        ("raw_values", [59.2, 63.4]),
        ("pca", [89.2, 86.1]),
        ("TCA", [91.1, 87.5]),
    ):
        accuracies = [100 * found[name][pair] for pair in ("W-D", "D-W")]
        np.testing.assert_allclose(accuracies, expected, atol=0.06)
