"""`optim.build`: names, and what it refuses."""

import keras
import pytest

from sslzoo import optim


@pytest.mark.parametrize("name", optim.OPTIMIZERS)
def test_every_name_builds_its_optimizer_without_decay(name):
    assert type(optim.build(name, 0.1, weight_decay=0.0)) is optim.OPTIMIZERS[name]


# it refuses, see below
@pytest.mark.parametrize("name", sorted(optim.OPTIMIZERS.keys() - set(optim.WITHOUT_DECAY)))
def test_no_optimizer_that_builds_with_decay_decays_a_bias(name, run):
    import numpy as np

    optimizer = optim.build(name, 0.1, weight_decay=0.5)
    variables = [np.ones(5, "float32"), np.ones((4, 5), "float32")]
    bias, kernel = run(optimizer, variables, [[np.zeros_like(v) for v in variables]])
    assert np.all(bias == 1) and np.all(kernel < 1)


@pytest.mark.parametrize("name", optim.WITHOUT_DECAY)
def test_a_decay_that_would_shrink_biases_is_refused(name):
    message = f"weight_decay: got 0.01; it must be 0 for {name}; sgd, lars and adamw have it"
    with pytest.raises(ValueError, match=message):
        optim.build(name, 1e-3, weight_decay=0.01)
    assert isinstance(optim.build(name, 1e-3), keras.optimizers.Optimizer)


@pytest.mark.parametrize(
    ("name", "rate", "message"),
    [("adamm", 0.1, "did you mean adam"), ("sgd", -1, "learning_rate: got -1")],
)
def test_refused(name, rate, message):
    with pytest.raises(ValueError, match=message):
        optim.build(name, rate)
