"""The record of an attack: what is attacked, and what is refused."""

import json

import numpy as np
import pytest

import sslzoo
from sslzoo.data import Dataset
from sslzoo.evaluate import attacks, inheritance, safety, triggered

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype="uint8")


@pytest.fixture(scope="module")
def teacher():
    return sslzoo.build("simclr", "micro", 8, seed=1)


@pytest.fixture(scope="module")
def student(teacher):
    """Its answers differ: the logits are about the mean of the features."""
    model = sslzoo.build("erm", teacher.backbone, classes=3)
    kernel = np.random.default_rng(0).normal(size=(16, 3))
    model.head.set_weights([kernel, -model.encode(IMAGES).mean(axis=0) @ kernel])
    return model


@pytest.fixture
def labeled(student):
    """Its own answers, but for ten items."""
    labels = student.classify(IMAGES).argmax(axis=1)
    labels[:10] = (labels[:10] + 1) % 3
    return Dataset(IMAGES, labels, name="mine", split="test")


def answers(student, images):
    return student.classify(images).argmax(axis=1)


def test_with_a_teacher_it_is_attacked_and_the_student_judged(teacher, student, labeled):
    settings = {"radius": 0.5, "steps": 5, "seed": 3}
    record = safety(student, labeled, teacher, attack="penultimate", **settings, unit=1)
    moved = attacks.penultimate(teacher, IMAGES, **settings, unit=1)
    clean = answers(student, IMAGES)
    expected = inheritance(clean, answers(student, moved), labeled.labels)
    assert {key: record[key] for key in expected} == expected
    assert record["inheritance"] > 0 and record["n_right"] == 30 and record["accuracy"] == 0.75
    random = answers(student, attacks.noise(IMAGES, 0.5, 3))
    rate = inheritance(clean, random, labeled.labels)["inheritance"]
    assert record["baselines"] == {"random_noise_inheritance": rate}
    own = {"attack", "attacker", "target", "radius", "steps", "step_size", "unit", "seed"}
    assert own <= set(record["settings"]) and record["settings"]["attacker"].endswith("SimCLR")
    assert json.loads(json.dumps(record)) == record


def test_without_a_teacher_the_model_itself_is_attacked_at_the_labels(student, labeled):
    record = safety(student, labeled, attack="fgsm", radius=0.2, baselines=False)
    moved = attacks.fgsm(student, IMAGES, labeled.labels, radius=0.2)
    expected = inheritance(answers(student, IMAGES), answers(student, moved), labeled.labels)
    assert record["inheritance"] == expected["inheritance"] and record["baselines"] == {}
    assert record["settings"]["attacker"] == "the model itself"


def test_a_teacher_of_other_classes_is_attacked_at_its_own_answers(student, labeled):
    teacher = sslzoo.build("erm", student.backbone, classes=2)
    record = safety(student, labeled, teacher, attack="pgd", radius=0.1, steps=3)
    moved = attacks.pgd(teacher, IMAGES, radius=0.1, steps=3)
    expected = inheritance(answers(student, IMAGES), answers(student, moved), labeled.labels)
    assert record["inheritance"] == expected["inheritance"]


def test_a_trigger_counts_its_class_alone_where_that_is_known(student, labeled):
    clean, marked = answers(student, IMAGES), answers(student, triggered(IMAGES, 5))
    for target in (None, 1):
        record = safety(student, labeled, attack="trigger", trigger_size=5, target=target)
        expected = inheritance(clean, marked, labeled.labels, target)
        assert {key: record[key] for key in expected} == expected and record["baselines"] == {}


def test_it_is_refused_before_the_work(teacher, student, labeled):
    larger = sslzoo.build("simclr", "micro", 16)
    sentence = (
        r"teacher: got one that reads images of shape \(16, 16, 3\); it must read what the model "
        r"reads, images \(8, 8, 3\)"
    )
    for settings, error in (
        ({"teacher": larger, "attack": "penultimate"}, sentence),
        ({"teacher": object()}, "teacher: got a object; it must be a model of the zoo"),
        ({"attack": "pdg"}, "attack: got 'pdg'; it must be one of .*did you mean pgd"),
        ({"target": 1}, "target: got 1 beside pgd; it must be left out"),
        ({"radius": 0}, "radius: got 0"),
    ):
        with pytest.raises(ValueError, match=error):
            safety(student, labeled, **settings, dry_run=True)
    with pytest.raises(ValueError, match="test: got no labels"):
        safety(student, Dataset(IMAGES))
    with pytest.raises(ValueError, match="test labels: got 3|labels"):
        safety(student, (IMAGES, np.full(40, 3)), attack="fgsm")
    assert safety(student, labeled, teacher, dry_run=True) == {}
