"""Fine-tuning on a few labels, then distillation into a student."""

import json

import numpy as np
import pytest

import sslzoo
from sslzoo.cli.simclr_v2 import command
from sslzoo.zoo import simclr_v2 as module
from sslzoo.zoo.simclr_v2 import simclr_v2, with_head

SETTINGS = {"fraction": 0.1, "student": "micro", "tuning_epochs": 3, "epochs": 1}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("v2") / "out"
    record = simclr_v2("simclr_resnet20.digits", "digits", folder=folder, verbose=0, **SETTINGS)
    return folder, record


@pytest.mark.slow
def test_a_teacher_and_a_student_are_made_and_measured(found):
    folder, record = found
    assert record["teacher"] > 0.75 > record["same_labels_alone"]  # it learned without labels
    assert 120 < record["labels"] < 140 and record["images"] == 1297
    assert json.loads((folder / "record.json").read_text()) == record
    test = sslzoo.data.load("digits", split="test")
    student = sslzoo.load(folder / "student")
    accuracy = (student.classify(test.images).argmax(1) == test.labels).mean()
    assert accuracy == pytest.approx(record["student"])


@pytest.mark.slow
def test_the_same_call_again_trains_nothing(found, monkeypatch, capsys):
    folder, record = found
    monkeypatch.setattr(module, "build", None)
    command("simclr_resnet20.digits", data="digits", out=folder, **SETTINGS)
    assert f"{100 * record['teacher']:.1f} %" in capsys.readouterr().out
    with pytest.raises(ValueError, match="settings.json: got fraction"):
        simclr_v2("simclr_resnet20.digits", "digits", folder=folder, **SETTINGS | {"fraction": 0.2})


def test_the_head_begins_with_layers_of_the_projector():
    model = sslzoo.build("simclr", "micro", 8, projection=(32, 24, 8))
    images = np.random.default_rng(0).random((3, 8, 8, 3)).astype("float32")
    features = model.backbone(images)
    layers = {layer.name: layer for layer in model.projector.layers}
    first = layers["projector_bn1"](layers["projector_dense1"](features))
    expected = np.maximum(np.asarray(first), 0)
    np.testing.assert_allclose(with_head(model, 1)(images), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(with_head(model, 0)(images), features, rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"head_layers": 2}, "head_layers: got 2; it must be below 2"),
        ({"fraction": 0}, "fraction: got 0"),
        ({"name": "vae_mlp.mnist"}, "have a projector"),
        ({"data": "digit"}, "did you mean digits"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(changes, message, tmp_path):
    given = {"name": "simclr_resnet20.digits", "data": "digits"} | changes
    with pytest.raises(ValueError, match=message):
        simclr_v2(**given, folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()
