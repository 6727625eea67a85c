import keras
import numpy as np
import pytest

from sslzoo import evaluate


class Classifier:
    """Knows the digits by their mean image: a model in all that the protocol asks of one."""

    def __init__(self, means):
        self.means = means

    def classify(self, images, batch_size=256):
        pixels = np.asarray(images, "float32").reshape(len(images), -1)
        return -np.square(pixels[:, None] - self.means).sum(axis=-1)

    def untrained(self):
        return Classifier(self.means[::-1])


@pytest.fixture
def classifier(digits):
    train, _ = digits
    pixels = train.images.reshape(len(train.images), -1).astype("float32")
    return Classifier(np.stack([pixels[train.labels == c].mean(axis=0) for c in range(10)]))


def test_the_record_is_the_share_of_right_answers(classifier, digits):
    _, test = digits
    right = classifier.classify(test.images).argmax(axis=1) == test.labels
    record = evaluate.accuracy(classifier, test)
    assert record["protocol"] == "accuracy"
    assert record["accuracy"] == right.mean() > 0.8
    assert record["confidence_95"][0] < record["accuracy"] < record["confidence_95"][1]
    assert record["per_class"] == {f"digit {c}": right[test.labels == c].mean() for c in range(10)}
    assert record["settings"] == {
        "layer": "classifier",
        "test_name": "digits",
        "test_split": "test",
        "n_test": 300,
        "items": "images",
        "item_shape": [8, 8, 1],
        "preprocessing": {},
    }
    assert record["baselines"]["untrained"] < 0.3
    assert (
        evaluate.accuracy(classifier, (test.images, test.labels), baselines=False)["baselines"]
        == {}
    )


def test_labels_are_needed(classifier, digits):
    with pytest.raises(
        ValueError, match="test: got no labels; it must have labels .* accuracy needs"
    ):
        evaluate.accuracy(classifier, (digits[1].images, None))


def test_the_log_has_the_accuracy_of_every_epoch(classifier, digits):
    log = evaluate.AccuracyLog(digits[1])
    log.set_model(classifier)
    logs = {}
    log.on_epoch_end(0, logs)
    assert logs == {"test_accuracy": evaluate.accuracy(classifier, digits[1])["accuracy"]}
    assert isinstance(log, keras.callbacks.Callback)
