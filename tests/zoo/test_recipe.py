"""The optimizer and the learning rate that a config asks for, beside plain formulas."""

import math

import keras
import numpy as np
import pytest

from sslzoo import optim
from sslzoo.zoo.build import recipe
from sslzoo.zoo.config import parse_config
from sslzoo.zoo.recipe import Recipe

PEAK, EPOCHS, STEPS = 0.5, 10, 40  # four steps an epoch
CONFIG = """\
description: a model of the tests
paper: {title: A Paper}
licence: Apache-2.0
method: simclr
backbone: {name: micro, width: 4}
image_size: 8
data: {name: digits, split: train}
batch_size: 8
epochs: 10
"""


def made(optimizer, schedule="{name: constant}", steps=STEPS):
    """The optimizer of a config in a run of so many steps."""
    text = f"{CONFIG}optimizer: {optimizer}\nschedule: {schedule}\n"
    return recipe(parse_config(text))(steps)


def rates(schedule, steps=STEPS):
    """The learning rate at each step of a run."""
    optimizer = made(f"{{name: sgd, learning_rate: {PEAK}}}", schedule, steps)
    found = []
    for step in range(steps):
        optimizer.iterations.assign(step)
        found.append(float(keras.ops.convert_to_numpy(optimizer.learning_rate)))
    return found


def warmed_cosine(k):
    warmup, final = 8, 0.1
    if k < warmup:
        return PEAK * k / warmup
    share = (k - warmup) / (STEPS - warmup)
    return final + (PEAK - final) * (1 + math.cos(math.pi * share)) / 2


@pytest.mark.parametrize(
    ("schedule", "formula"),
    [
        ("{name: constant}", lambda k: PEAK),
        ("{warmup_epochs: 2, final: 0.1}", warmed_cosine),
        ("{name: fixmatch}", lambda k: PEAK * math.cos(7 * math.pi * k / (16 * STEPS))),
        ("{name: step, milestones: [5]}", lambda k: PEAK * (1 if k < 20 else 0.1)),
        (
            "{name: step, milestones: [2.5, 5, 7], factor: 0.5}",
            lambda k: PEAK * 0.5 ** sum(k >= mark for mark in (10, 20, 28)),
        ),
        ("{name: polynomial}", lambda k: PEAK * (1 - k / STEPS)),
        (
            "{name: polynomial, final: 0.1, power: 2}",
            lambda k: 0.1 + (PEAK - 0.1) * (1 - k / STEPS) ** 2,
        ),
    ],
)
def test_the_learning_rate_at_every_step(schedule, formula):
    assert rates(schedule) == pytest.approx([formula(k) for k in range(STEPS)], rel=1e-4, abs=1e-6)


def test_the_rate_drops_at_the_step_of_the_milestone():
    found = rates("{name: step, milestones: [5]}", steps=10)
    assert found == pytest.approx([PEAK] * 5 + [PEAK / 10] * 5)


def test_milestones_of_a_run_with_fewer_steps_than_epochs():
    found = rates("{name: step, milestones: [1, 2, 9]}", steps=2)
    assert found == pytest.approx([PEAK / 100, PEAK / 100])  # round(0.1 2) = round(0.2 2) = 0


@pytest.mark.parametrize(
    ("optimizer", "kind", "settings"),
    [
        ("{name: sgd, learning_rate: 0.1, momentum: 0.5}", optim.SGD, {"momentum": 0.5}),
        ("{name: lars, learning_rate: 0.1}", optim.LARS, {"trust_coefficient": 0.001}),
        ("{name: adam, learning_rate: 0.1, beta_1: 0.5}", keras.optimizers.Adam, {"beta_1": 0.5}),
        ("{name: adamw, learning_rate: 0.1, weight_decay: 0.2}", optim.AdamW, {}),
        (
            "{name: rmsprop, learning_rate: 0.1, rho: 0.8, momentum: 0.3, centered: true}",
            keras.optimizers.RMSprop,
            {"rho": 0.8, "momentum": 0.3, "epsilon": 1e-7, "centered": True},
        ),
        (
            "{name: adagrad, learning_rate: 0.1, initial_accumulator_value: 0.4, epsilon: 1e-5}",
            keras.optimizers.Adagrad,
            {"initial_accumulator_value": 0.4, "epsilon": 1e-5},
        ),
    ],
)
def test_an_optimizer_gets_its_settings(optimizer, kind, settings):
    found = made(optimizer)
    assert type(found) is kind
    assert float(keras.ops.convert_to_numpy(found.learning_rate)) == pytest.approx(0.1)
    config = found.get_config()
    assert {key: config[key] for key in settings} == pytest.approx(settings)


def moved(optimizer, gradient):
    """How far one step moves a variable."""
    variable = keras.Variable(np.zeros(len(gradient), "float32"))
    optimizer.build([variable])
    optimizer.apply([keras.ops.convert_to_tensor(np.array(gradient, "float32"))], [variable])
    return keras.ops.convert_to_numpy(variable)


def rmsprop(g):
    return -0.1 * g / np.sqrt(0.1 * g**2 + 1e-7)


def adagrad(g):
    return -0.1 * g / np.sqrt(0.1 + g**2 + 1e-7)


@pytest.mark.parametrize(
    ("name", "step"), [("sgd", lambda g: -0.1 * g), ("rmsprop", rmsprop), ("adagrad", adagrad)]
)
@pytest.mark.parametrize(
    ("clip", "clipped"),
    [
        ("", [3.0, -4.0]),
        (", clipnorm: 1.0", [0.6, -0.8]),
        (", clipnorm: 9.0", [3.0, -4.0]),
        (", clipvalue: 3.5", [3.0, -3.5]),
    ],
)
def test_gradients_are_clipped_before_the_step(name, step, clip, clipped):
    found = moved(made(f"{{name: {name}, learning_rate: 0.1{clip}}}"), [3.0, -4.0])
    assert found == pytest.approx(step(np.array(clipped)), rel=1e-5)


def test_a_recipe_is_what_its_config_says():
    first = Recipe({"name": "sgd", "learning_rate": 0.1}, schedule="step", milestones=(0.5,))
    assert Recipe.from_config(first.get_config()).get_config() == first.get_config()
