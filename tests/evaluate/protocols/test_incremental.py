import json

import numpy as np
import pytest

from sslzoo.data import TaskStream
from sslzoo.evaluate import incremental


class Means:
    """A learner without training: the class whose mean is nearest, of the classes it has met.
    Forgets nothing.
    """

    classes = 10

    def __init__(self):
        self.means, self.calls = {}, []

    def learn_task(self, classes, train, checkpoint=None, checkpoint_every=200, **fit):
        self.calls.append((classes, checkpoint, fit))
        assert sorted(set(train.labels)) == sorted(classes)
        self.means |= {
            c: train.images[train.labels == c].reshape(-1, 64).mean(axis=0) for c in classes
        }
        return 7

    def scores(self, images):
        found = np.full((len(images), self.classes), -np.inf)
        for c, mean in self.means.items():
            found[:, c] = -np.linalg.norm(images.reshape(-1, 64) - mean, axis=1)
        return found


@pytest.fixture
def stream(digits):
    return TaskStream(*digits, tasks=5, seed=0)


def test_the_record_of_a_learner_that_forgets_nothing(stream):
    model = Means()
    record = json.loads(json.dumps(incremental(model, stream, epochs=3, batch_size=50)))
    assert [call[0] for call in model.calls] == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
    assert model.calls[0][2] == {"epochs": 3, "batch_size": 50, "callbacks": (), "verbose": 0}
    predicted = model.scores(stream.test.images).argmax(axis=1)
    right = predicted == stream.test.labels
    assert record["protocol"] == "incremental" and record["accuracy"] == pytest.approx(right.mean())
    assert record["confidence_95"][0] < record["accuracy"] < record["confidence_95"][1]
    assert record["per_class"] == {
        name: pytest.approx(right[stream.test.labels == c].mean())
        for c, name in enumerate(stream.classes)
    }
    for scenario in ("class", "task"):
        assert np.shape(record[scenario]["matrix"]) == (5, 5)
        assert record[scenario]["curve"][-1] == pytest.approx(record[scenario]["average_accuracy"])
    assert record["task"]["forgetting"] == pytest.approx(0) and record["task"][
        "backward_transfer"
    ] == pytest.approx(0)
    assert 0 < record["class"]["forgetting"] < 0.2  # more classes compete, that is all
    assert record["task"]["forward_transfer"] is None  # no mean, no answer
    assert record["task"]["matrix"][0][1] is None and record["class"]["matrix"][0][1] == 0
    assert record["task"]["average_accuracy"] > record["class"]["average_accuracy"] > 0.85
    assert (
        record["settings"]["tasks"][1] == stream.classes[2:4]
        and record["settings"]["order"] == stream.order
    )
    assert record["settings"]["steps"] == [7] * 5 and record["settings"]["n_test"] == 300


def test_joint_training_is_one_task_tested_on_all(stream):
    model = Means()
    record = incremental(model, stream, joint=True)
    assert [call[0] for call in model.calls] == [list(range(10))]
    assert np.shape(record["task"]["matrix"]) == (1, 5)
    assert record["class"]["curve"] == [record["class"]["average_accuracy"]]
    assert record["class"]["forgetting"] is None


def test_rows_are_kept_in_the_checkpoint_folder_and_not_measured_again(stream, tmp_path):
    whole = incremental(Means(), stream, checkpoint=tmp_path / "run")

    class Interrupted(Means):
        def learn_task(self, classes, *args, **kwargs):
            if 4 in classes:
                raise KeyboardInterrupt
            return super().learn_task(classes, *args, **kwargs)

    class Counted(Means):
        measured = 0

        def scores(self, images):
            self.measured += 1
            return super().scores(images)

    with pytest.raises(KeyboardInterrupt):
        incremental(Interrupted(), stream, checkpoint=tmp_path / "other")
    path = tmp_path / "other/rows.json"
    saved = json.loads(path.read_text())
    saved["run"]["method"] = "Counted"
    assert len(saved["rows"]) == 3  # untrained, and two tasks
    path.write_text(json.dumps(saved))
    model = Counted()
    resumed = incremental(model, stream, checkpoint=tmp_path / "other")
    assert model.measured == 3 + 1  # three tasks to go, and the answers by class
    assert [call[1].name for call in model.calls] == [f"task{t}.npz" for t in range(5)]
    assert {**resumed, "seconds": 0} == {**whole, "seconds": 0}


def test_a_folder_belongs_to_one_run(stream, digits, tmp_path):
    incremental(Means(), stream, checkpoint=tmp_path)
    with pytest.raises(
        ValueError, match=r"rows.json: its run has epochs 1, this one 2; use another folder"
    ):
        incremental(Means(), stream, epochs=2, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="its run has tasks"):
        incremental(Means(), TaskStream(*digits, tasks=5, seed=1), checkpoint=tmp_path)


def test_a_head_that_is_too_small_is_refused(stream):
    model = Means()
    model.classes = 9
    with pytest.raises(ValueError, match="stream: got 10 classes; it must have at most 9, which"):
        incremental(model, stream)
    assert not model.calls
