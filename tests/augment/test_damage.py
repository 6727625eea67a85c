import numpy as np
import pytest
from keras import ops

from sslzoo import augment

GRAY = np.full((2, 50, 50, 2), 0.5, "float32")


@pytest.mark.parametrize("noise", ["masking", "salt_and_pepper", "gaussian"])
def test_each_value_has_its_own_noise_of_the_level(noise):
    """Of 10,000 values, by the backend's draws and by NumPy's; 5 deviations."""
    layer = augment.Noisy(noise, 0.2, seed=1)
    first, second = (ops.convert_to_numpy(layer(GRAY)) for _ in range(2))
    by_numpy = layer.drawn(GRAY, np.random.default_rng(0))
    for values in (first, second, by_numpy):
        assert values.dtype == "float32" and values.min() >= 0 and values.max() <= 1
        if noise == "gaussian":
            assert abs(np.std(values) - 0.2) < 0.01  # 1 in 80 is clipped
        else:
            assert abs(np.mean(values != 0.5) - 0.2) < 0.02
            assert abs(np.mean(values == 1) - (0 if noise == "masking" else 0.1)) < 0.015
    assert (first != second).any() and (first[..., 0] != first[..., 1]).any()
    assert (first[0] != first[1]).any()
    np.testing.assert_array_equal(by_numpy, layer.drawn(GRAY, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("noise", "level", "message"),
    [
        ("blur", 0.1, "noise: got 'blur'; it must be one of 'gaussian', 'masking'"),
        ("gaussian", 0.0, "level: got 0.0; it must be a finite number above 0"),
        ("masking", 1.0, "level: got 1.0; it must be a number above 0 and below 1"),
    ],
)
def test_noise_that_damages_nothing_or_everything_is_refused(noise, level, message):
    with pytest.raises(ValueError, match=message):
        augment.Noisy(noise, level)
