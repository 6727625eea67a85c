import numpy as np
import pytest
from harness import MethodChecks, dtype_policy
from keras import ops
from second_task import NEW, SecondTask, logits

from sslzoo import data, nn
from sslzoo.methods.incremental.icarl import ICaRL


@pytest.fixture(scope="module")
def two_tasks():
    """(model, tasks): iCaRL at the beginning of the second of two tasks of five digits, with 40
    exemplars.
    """
    digits = data.load("digits", split="train")
    stream = data.TaskStream(digits, data.load("digits", split="test"), tasks=2)
    model = ICaRL(nn.backbone("mlp", 8, channels=1, widths=[24]), classes=10, exemplars=43)
    model.compile("adam")
    model.begin_task(stream[0].classes)
    with pytest.raises(ValueError, match="classify: this model has learned no task yet"):
        model.classify(stream[0].test.images)
    model.fit(stream[0].train, batch_size=32, epochs=3, verbose=0)
    model.end_task(stream[0].train)
    model.begin_task(stream[1].classes)
    return model, stream


class TestICaRL(SecondTask, MethodChecks):
    method = ICaRL
    stopped = ("old_backbone", "old_head")
    learning_rate = 0.1
    drop = 1.0

    def oracle(self, model, batch):
        z, before = logits(model, batch["view"])
        g, q = 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(-before / model.temperature))
        total = 0.0
        for i, y in enumerate(batch["labels"]):
            for c in range(10):
                target = float(c == y) if c in NEW else q[i, c]
                total -= target * np.log(g[i, c]) + (1 - target) * np.log(1 - g[i, c])
        return {"icarl": total / len(z)}

    def test_temperature_softens_the_old_network_alone(self):
        model, batch = self.make(temperature=2.0), self.batch()
        model.old_head.set_weights([5 * w for w in model.old_head.get_weights()])
        loss = float(model.losses_logs_kept(batch)[0]["icarl"])
        assert loss == pytest.approx(self.oracle(model, batch)["icarl"], rel=1e-5)
        model.temperature = 1.0
        assert loss != pytest.approx(self.oracle(model, batch)["icarl"], rel=1e-3)


def test_exemplars_of_a_task_are_trained_on_in_the_next(two_tasks):
    """The mistake that cost GMvandeVen/continual-learning 20 points: they were added after the
    training (issue 2).
    """
    model, stream = two_tasks
    images, labels = model.exemplars.arrays()
    assert np.bincount(labels).tolist() == [8] * 5
    joined = model.training_data(stream[1].train)
    assert len(joined["labels"]) == len(stream[1].train) + 40
    assert sorted(set(joined["labels"])) == list(range(10))
    np.testing.assert_array_equal(joined["images"][-40:], images)


def test_exemplars_are_the_first_of_herding(two_tasks):
    model, stream = two_tasks
    own = stream[0].train.images[stream[0].train.labels == 3][..., None]
    images, labels = model.exemplars.arrays()
    np.testing.assert_array_equal(images[labels == 3], own[nn.herding(model.encode(own), 8)])


def test_the_nearest_mean_answers_the_classes_of_the_task_that_just_ended(two_tasks):
    model, stream = two_tasks
    test = stream[0].test
    images, labels = model.exemplars.arrays()
    unit = [f / np.linalg.norm(f) for f in model.encode(images).astype("float64")]
    means = [
        np.mean([f for f, y in zip(unit, labels, strict=True) if y == c], axis=0) for c in range(5)
    ]
    means = [m / np.linalg.norm(m) for m in means]
    features = model.encode(test.images).astype("float64")
    distances = np.array(
        [[np.sum((f / np.linalg.norm(f) - m) ** 2) for m in means] for f in features]
    )
    probabilities = model.classify(test.images)
    assert probabilities.argmax(axis=1).tolist() == distances.argmin(axis=1).tolist()
    assert (probabilities.argmax(axis=1) == test.labels).mean() > 0.7
    np.testing.assert_allclose(model.scores(test.images)[:, :5], -distances, atol=1e-5)
    assert np.isneginf(model.scores(test.images)[:, 5:]).all() and not probabilities[:, 5:].any()


def test_a_second_task(two_tasks):
    model, stream = two_tasks
    first, _ = model.exemplars.arrays()
    model.fit(stream[1].train, batch_size=32, epochs=3, verbose=0)
    with pytest.raises(ValueError, match="task: got 1; it must be .* at most 0"):
        model.classify(stream[1].test.images, task=1)  # until end_task it has no means
    model.end_task(stream[1].train)
    images, labels = model.exemplars.arrays()
    assert np.bincount(labels).tolist() == [4] * 10
    for c in range(5):  # a memory shrinks by cutting the end
        np.testing.assert_array_equal(images[labels == c], first[8 * c : 8 * c + 4])
    np.testing.assert_allclose(
        np.linalg.norm(ops.convert_to_numpy(model.means), axis=1), 1, rtol=1e-5
    )
    for task in stream:
        assert (
            model.classify(task.test.images, task=task.index).argmax(axis=1) == task.test.labels
        ).mean() > 0.7


def test_a_memory_has_room_for_every_class():
    with pytest.raises(ValueError, match="exemplars: got 9; it must be an integer of at least 10"):
        ICaRL(nn.backbone("micro", 8), classes=10, exemplars=9)


def test_a_class_without_exemplars_keeps_its_mean(two_tasks):
    """Published weights have the means of the classes that were learned, and none of their
    images.
    """
    _, stream = two_tasks
    model = ICaRL(nn.backbone("mlp", 8, channels=1, widths=[24]), classes=10, exemplars=40)
    model.task_of.assign([0] * 5 + [-1] * 5)
    model.tasks_done.assign(1)
    means = np.eye(10, 24, dtype="float32") * (np.arange(10) < 5)[:, None]
    model.means.assign(means)
    model.begin_task(stream[1].classes)
    model.end_task(stream[1].train)
    found = ops.convert_to_numpy(model.means)
    np.testing.assert_array_equal(found[:5], means[:5])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_mixed_policy_does_not_round_the_means(policy):
    images = data.load("digits").images[:9]
    with dtype_policy(policy):
        model = ICaRL(nn.backbone("mlp", 8, channels=1, widths=[24]), classes=10, exemplars=20)
        model.task_of.assign(np.zeros(10, "int32"))
        model.tasks_done.assign(1)
        means = np.random.default_rng(0).normal(size=(10, 24)).astype("float32")
        model.means.assign(means)
        scores, features = model.scores(images), model.encode(images).astype("float64")
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    expected = -np.sum((features[:, None] - means) ** 2, axis=-1)
    np.testing.assert_allclose(scores, expected, rtol=1e-5)
