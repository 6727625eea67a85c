import keras
import numpy as np
import pytest

from sslzoo import optim
from sslzoo.optim import SGD, WarmupCosine


def torch_sgd(variables, gradients, rates, momentum, decay):
    """torch.optim.SGD's formula, with the decay left out for variables of one axis."""
    variables = [v.astype("float64") for v in variables]
    buffers = [np.zeros_like(v) for v in variables]
    for step_gradients, rate in zip(gradients, rates, strict=True):
        for i, g in enumerate(step_gradients):
            g = g + (decay * variables[i] if variables[i].ndim > 1 else 0)
            buffers[i] = momentum * buffers[i] + g
            variables[i] = variables[i] - rate * buffers[i]
    return variables


def folded_sgd(variables, gradients, rates, momentum, decay):
    """The same with the learning rate inside the velocity."""
    variables = [v.astype("float64") for v in variables]
    velocities = [np.zeros_like(v) for v in variables]
    for step_gradients, rate in zip(gradients, rates, strict=True):
        for i, g in enumerate(step_gradients):
            g = g + (decay * variables[i] if variables[i].ndim > 1 else 0)
            velocities[i] = momentum * velocities[i] - rate * g
            variables[i] = variables[i] + velocities[i]
    return variables


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_equals_torch_at_a_constant_rate(decay, run, random_variables):
    variables, gradients = random_variables(steps=6)
    found = run(SGD(0.2, weight_decay=decay), variables, gradients)
    for f, e in zip(found, torch_sgd(variables, gradients, [0.2] * 6, 0.9, decay), strict=True):
        np.testing.assert_allclose(f, e, rtol=1e-5, atol=1e-5)


def test_the_velocity_carries_the_former_rate_under_a_schedule(run, random_variables):
    variables, gradients = random_variables(steps=6)
    schedule = WarmupCosine(0.2, 2, 6)
    rates = [float(schedule(t)) for t in range(6)]
    found = run(SGD(schedule, weight_decay=0.1), variables, gradients)
    folded = folded_sgd(variables, gradients, rates, 0.9, 0.1)
    torch = torch_sgd(variables, gradients, rates, 0.9, 0.1)
    for f, e, t in zip(found, folded, torch, strict=True):
        np.testing.assert_allclose(f, e, rtol=1e-5, atol=1e-5)
        assert np.abs(f - t).max() > 1e-2


def test_decay_is_applied_once_and_not_to_one_axis(run):
    kernel, bias = np.ones((2, 2), "float32"), np.ones(2, "float32")
    found = run(
        SGD(0.5, weight_decay=0.1), [kernel, bias], [[np.zeros_like(kernel), np.zeros_like(bias)]]
    )
    np.testing.assert_allclose(found[0], 1 - 0.5 * 0.1, rtol=1e-6)
    np.testing.assert_array_equal(found[1], bias)


def test_adamw_spares_one_axis_also_after_serialization(run):
    kernel, bias = np.ones((2, 2), "float32"), np.ones(2, "float32")
    optimizer = optim.build("adamw", 0.5, weight_decay=0.1)
    for candidate in (
        optimizer,
        keras.optimizers.deserialize(keras.optimizers.serialize(optimizer)),
    ):
        found = run(candidate, [kernel, bias], [[np.zeros_like(kernel), np.zeros_like(bias)]])
        np.testing.assert_allclose(found[0], 1 - 0.5 * 0.1, rtol=1e-6)
        np.testing.assert_array_equal(found[1], bias)


def test_survives_serialization(run, random_variables):
    optimizer = SGD(WarmupCosine(0.2, 2, 6), weight_decay=0.1, nesterov=True)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert isinstance(again, SGD)
    assert (again.l2, again.momentum, again.nesterov) == (0.1, 0.9, True)
    variables, gradients = random_variables(steps=3)
    for a, b in zip(
        run(optimizer, variables, gradients), run(again, variables, gradients), strict=True
    ):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["sgd", "lars", "adam", "adamw"])
def test_build_gives_every_name(name, run, random_variables):
    variables, gradients = random_variables(steps=1)
    moved = run(optim.build(name, 1), variables, gradients)
    assert all(np.abs(m - v).max() > 0 for m, v in zip(moved, variables, strict=True))


def test_refusals_name_the_value():
    with pytest.raises(ValueError, match="optimizer: got 'lion'; it must be one of 'sgd', 'lars'"):
        optim.build("lion", 0.1)
    with pytest.raises(ValueError, match="learning_rate: got -0.1; it must be .* at least 0"):
        optim.build("sgd", -0.1)
    with pytest.raises(ValueError, match="weight_decay: got -1"):
        SGD(0.1, weight_decay=-1)
