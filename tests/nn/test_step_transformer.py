import numpy as np
import pytest
from keras import ops

from sslzoo import inputs, nn


def series(n=4, steps=7, features=3):
    return np.random.default_rng(0).normal(size=(n, steps, features)).astype("float32")


def network(**options):
    return nn.series_transformer("small", 7, 3, width=8, depth=2, heads=2, **options)


def test_it_reads_series_and_its_features_are_the_normalized_last_token():
    small = network(seed=1)
    *blocks, features = (ops.convert_to_numpy(h) for h in nn.hidden_states(small)(series()))
    assert isinstance(nn.reads(small), inputs.Series)
    assert [h.shape for h in blocks] == [(4, 7, 8)] * 2
    last = blocks[-1][:, -1].astype("float64")
    last = (last - last.mean(axis=1, keepdims=True)) / last.std(axis=1, keepdims=True)
    np.testing.assert_allclose(features, last, atol=1e-3)


def test_every_step_counts_and_so_does_their_order():
    small, x = network(), series()
    features = ops.convert_to_numpy(small(x))
    for step in range(7):
        other = x.copy()
        other[:, step] += 1.0
        assert np.abs(ops.convert_to_numpy(small(other)) - features).max() > 1e-3
    swapped = x[:, [1, 0, *range(2, 7)]]
    assert np.abs(ops.convert_to_numpy(small(swapped)) - features).max() > 1e-5


def test_a_transformer_of_images_has_no_states_of_steps():
    with pytest.raises(ValueError, match="backbone: vit_micro has no recurrent layer"):
        nn.hidden_states(nn.backbone("vit_micro", 8))


def test_a_seed_decides_the_weights_and_a_config_may_name_it():
    named = nn.backbone("series_transformer", steps=7, features=3, width=8, heads=2, seed=4)
    for one, two in zip(named.get_weights(), network(seed=4).get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    kernels = [network(seed=seed).get_layer("tokens").get_weights()[0] for seed in (4, 5)]
    assert np.abs(kernels[0] - kernels[1]).max() > 0.1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"steps": None}, "steps: got None"),
        ({"heads": 5}, "heads: got 5; it must divide 64, the width."),
    ],
)
def test_impossible_settings_are_refused(options, sentence):
    with pytest.raises(ValueError) as error:
        nn.series_transformer("series", **options)
    assert sentence in str(error.value)
