"""Callbacks that look at features after each epoch, on both backends."""

import numpy as np
import pytest
from keras import ops

import sslzoo
from sslzoo import data, evaluate, nn


@pytest.fixture(scope="module")
def sets():
    """A hundred labeled digits for training, fifty for test."""
    digits = data.load("digits", split="train")
    return digits.take(slice(0, 100)), digits.take(slice(100, 150))


def fitted(images, *callbacks, method="simclr", epochs=2, **kwargs):
    model = sslzoo.build(method, "micro", 8, augment="digits", **kwargs)
    settings = {"epochs": epochs, "batch_size": 50, "verbose": 0}
    return model, model.fit(images, callbacks=list(callbacks), **settings).history


def test_the_callbacks_log_each_epoch_and_do_not_change_the_training(sets):
    train, test = sets
    callbacks = [
        evaluate.KNNLog(train, test, k=5),
        evaluate.LinearProbeLog(train, test),
        evaluate.AlignmentLog(train.images[:32]),
    ]
    model, history = fitted(train.images, *callbacks)
    plain, _ = fitted(train.images)
    for mine, expected in zip(model.weights, plain.weights, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(mine), ops.convert_to_numpy(expected))
    for name in ("knn_accuracy", "probe_accuracy", "alignment", "uniformity", "effective_rank"):
        assert len(history[name]) == 2 and np.isfinite(history[name]).all()
    record = evaluate.knn(model, train, test, k=5, baselines=False)
    assert history["knn_accuracy"][-1] == record["accuracy"]
    assert history["knn_accuracy"][-1] > 0.3 < history["probe_accuracy"][-1]  # chance is 0.1
    assert history["alignment"][-1] > 0 > history["uniformity"][-1]


def test_a_probe_goes_on_from_where_it_stood(sets):
    train, test = sets
    log = evaluate.LinearProbeLog(train, test, steps=1)
    weights = []
    log.set_model(sslzoo.build("simclr", "micro", 8))
    for epoch in range(2):
        log.on_epoch_end(epoch, {})
        weights.append(np.abs(log.classifier.coef_).sum())
    assert weights[1] > weights[0]  # one step from zero, one from there


def test_data_that_the_model_does_not_read_are_refused_before_the_first_step(sets):
    vectors = np.eye(10), np.arange(10)
    model = sslzoo.build("simclr", "micro", 8, augment="digits")
    with pytest.raises(ValueError, match="train"):
        model.fit(sets[0].images, callbacks=[evaluate.KNNLog(vectors, vectors)], verbose=0)
    assert not int(ops.convert_to_numpy(model.clock.step))


def test_a_method_without_two_views_has_no_alignment(sets):
    images = sets[0].images
    model = sslzoo.build("fixmatch", "micro", 8, classes=10)
    with pytest.raises(ValueError, match="callbacks: got an AlignmentLog for FixMatch; it must be"):
        evaluate.AlignmentLog(images).set_model(model)


def test_the_projector_has_a_row_and_a_label_for_each_item(sets, tmp_path):
    train, _ = sets
    model, _ = fitted(train.images, evaluate.ProjectorLog(tmp_path, train), epochs=1)
    rows = np.loadtxt(tmp_path / "features.tsv", delimiter="\t")
    np.testing.assert_allclose(rows, model.encode(train.images), rtol=1e-4, atol=1e-5)
    labels = (tmp_path / "metadata.tsv").read_text().split()
    assert labels == [str(label) for label in train.labels]
    config = (tmp_path / "projector_config.pbtxt").read_text()
    assert 'tensor_path: "features.tsv"' in config and 'metadata_path: "metadata.tsv"' in config


@pytest.mark.tensorflow
def test_tensorboard_reads_the_projector(sets, tmp_path):
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    fitted(sets[0].images, evaluate.ProjectorLog(tmp_path, sets[0]), epochs=1)
    text = (tmp_path / "projector_config.pbtxt").read_text()
    config = text_format.Parse(text, ProjectorConfig())
    assert config.embeddings[0].tensor_path == "features.tsv"


def test_another_number_of_labels_is_refused(tmp_path):
    with pytest.raises(ValueError, match="labels: got 2; it must be 3, one for each item"):
        evaluate.ProjectorLog(tmp_path, np.eye(3), labels=["a", "b"])


def test_alignment_and_uniformity_are_the_formulas():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 9, 4))
    x, y = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (first, second))
    expected = np.mean([np.linalg.norm(a - b) ** 2 for a, b in zip(x, y, strict=True)])
    assert nn.alignment(first, second) == pytest.approx(expected)
    pairs = [(a, b) for i, a in enumerate(x) for b in x[:i]]
    mean = np.mean([np.exp(-2 * np.linalg.norm(a - b) ** 2) for a, b in pairs])
    assert nn.uniformity(first) == pytest.approx(np.log(mean))
