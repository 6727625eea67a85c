import keras
import numpy as np
import pytest

from sslzoo.optim import LARS, WarmupCosine


def official_lars(variables, gradients, rates, momentum, trust, decay):
    """google-research/simclr, tf2/lars_optimizer.py, classic momentum, with its exclusions as "one
    axis or none".
    """
    variables = [v.astype("float64") for v in variables]
    velocities = [np.zeros_like(v) for v in variables]
    for step_gradients, rate in zip(gradients, rates, strict=True):
        for i, g in enumerate(step_gradients):
            w, scaled = variables[i], rate
            if w.ndim > 1:
                g = g + decay * w
                w_norm, g_norm = np.sqrt((w**2).sum()), np.sqrt((g**2).sum())
                if w_norm > 0 and g_norm > 0:
                    scaled = rate * trust * w_norm / g_norm
            velocities[i] = momentum * velocities[i] + scaled * g
            variables[i] = w - velocities[i]
    return variables


def assert_equal_steps(found, expected, start):
    """Compares the steps, not the variables: a LARS step is a thousandth of its variable."""
    for f, e, s in zip(found, expected, start, strict=True):
        np.testing.assert_allclose(f - s, e - s, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_equals_the_official_update_over_several_steps(decay, run, random_variables):
    variables, gradients = random_variables(steps=6)
    found = run(LARS(3.0, trust_coefficient=0.02, weight_decay=decay), variables, gradients)
    assert_equal_steps(
        found, official_lars(variables, gradients, [3.0] * 6, 0.9, 0.02, decay), variables
    )


def test_equals_the_official_update_under_a_schedule(run, random_variables):
    variables, gradients = random_variables(steps=8)
    schedule = WarmupCosine(5.0, 3, 8)
    rates = [float(schedule(t)) for t in range(8)]
    found = run(LARS(schedule, weight_decay=1e-2), variables, gradients)
    assert_equal_steps(
        found, official_lars(variables, gradients, rates, 0.9, 1e-3, 1e-2), variables
    )


def test_the_step_does_not_depend_on_the_gradients_scale_above_one_axis(run, random_variables):
    variables, gradients = random_variables(steps=1)
    small = run(LARS(1.0), variables, gradients)
    large = run(LARS(1.0), variables, [[1000 * g for g in gradients[0]]])
    for i, v in enumerate(variables):
        ratio = 1 if v.ndim > 1 else 1000
        np.testing.assert_allclose(large[i] - v, ratio * (small[i] - v), rtol=2e-3, atol=1e-6)


def test_zero_gradient_and_zero_weight(run):
    zero, one = np.zeros((2, 3), "float32"), np.ones((2, 3), "float32")
    found = run(LARS(0.1), [one, zero, zero], [[zero, one, zero]])
    np.testing.assert_array_equal(found[0], one)
    # ratio 1, or a zero kernel could never leave zero
    np.testing.assert_allclose(found[1], -0.1 * one, rtol=1e-6)
    np.testing.assert_array_equal(found[2], zero)


def test_decay_alone_moves_a_kernel_by_the_trust_coefficient_and_no_bias(run):
    kernel, bias = np.ones((2, 2), "float32"), np.ones(2, "float32")
    found = run(
        LARS(1.0, weight_decay=0.3), [kernel, bias], [[np.zeros_like(kernel), np.zeros_like(bias)]]
    )
    # |w| / |decay * w| * decay * w = w: decay cancels
    np.testing.assert_allclose(found[0], 1 - 1e-3, rtol=1e-6)
    np.testing.assert_array_equal(found[1], bias)


def test_survives_serialization():
    optimizer = LARS(
        WarmupCosine(0.2, 2, 6),
        momentum=0.8,
        trust_coefficient=0.01,
        weight_decay=0.1,
        clipnorm=1.0,
    )
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert isinstance(again, LARS)
    assert again.get_config() == optimizer.get_config()
    assert (again.momentum, again.trust_coefficient, again.l2, again.clipnorm) == (
        0.8,
        0.01,
        0.1,
        1.0,
    )


def test_loss_scaling_leaves_the_update_as_it_is(run, random_variables):
    variables, gradients = random_variables(steps=3)
    plain = run(LARS(1.0, weight_decay=0.1), variables, gradients)
    scaled = keras.optimizers.LossScaleOptimizer(LARS(1.0, weight_decay=0.1), initial_scale=1024.0)
    found = run(scaled, variables, [[1024 * g for g in step] for step in gradients])
    for f, p in zip(found, plain, strict=True):
        np.testing.assert_allclose(f, p, rtol=1e-6)


def test_an_overflow_is_skipped_under_loss_scaling(run, random_variables):
    variables, gradients = random_variables(steps=1)
    gradients[0][2][0, 0] = np.inf
    found = run(keras.optimizers.LossScaleOptimizer(LARS(1.0)), variables, gradients)
    for f, v in zip(found, variables, strict=True):
        np.testing.assert_array_equal(f, v)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_fit_lowers_the_loss(policy):
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 6)).astype("float32")
    y = x @ rng.normal(size=(6, 1)).astype("float32")
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(16, "relu", dtype=policy),
            keras.layers.Dense(1, dtype=policy),
        ]
    )
    model.compile(LARS(WarmupCosine(0.2, 5, 40), trust_coefficient=0.1, weight_decay=1e-4), "mse")
    losses = model.fit(x, y, batch_size=16, epochs=10, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.tensorflow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute")
def test_takes_the_same_steps_under_a_mirrored_strategy(run, random_variables):
    import tensorflow as tf

    start, gradients = random_variables(steps=1)
    expected = run(LARS(1.0, weight_decay=0.1), start, gradients * 2)
    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
    with strategy.scope():
        variables = [keras.Variable(v) for v in start]
        optimizer = LARS(1.0, weight_decay=0.1)
        optimizer.build(variables)

    def step():
        with tf.GradientTape() as tape:
            loss = sum(
                tf.reduce_sum(g * v.value) for g, v in zip(gradients[0], variables, strict=True)
            )
        optimizer.apply(tape.gradient(loss, [v.value for v in variables]), variables)

    train = tf.function(lambda: strategy.run(step))
    for _ in range(2):
        train()
    for v, e in zip(variables, expected, strict=True):
        np.testing.assert_allclose(v.numpy(), e, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"momentum": 1.5}, "momentum: got 1.5; it must be .* at most 1"),
        ({"trust_coefficient": 0.0}, "trust_coefficient: got 0.0; it must be .* above 0"),
        ({"weight_decay": -1e-4}, "weight_decay: got -0.0001; it must be .* at least 0"),
    ],
)
def test_refusals_name_the_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        LARS(0.1, **arguments)
