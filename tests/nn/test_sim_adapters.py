import numpy as np
import pytest
from keras import ops

from sslzoo import nn
from sslzoo.nn.sim_adapters import AdapterAttention


def test_the_attention_is_the_formula():
    rng = np.random.default_rng(0)
    layer = AdapterAttention()
    x, *outputs = (rng.normal(size=(2, 5, 4)).astype("float32") for _ in range(4))
    layer.build([x.shape] * 4)
    for variable in layer.weights:
        variable.assign(rng.normal(size=variable.shape))
    weights = (layer.query, layer.query_bias, layer.key, layer.value)
    wq, bq, wk, wv = (ops.convert_to_numpy(w).astype("float64") for w in weights)
    scores = np.stack([((x @ wq + bq) * (a @ wk)).sum(axis=-1) for a in outputs], axis=-1)
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    expected = sum(p[..., k : k + 1] * (a @ wv) for k, a in enumerate(outputs))
    mixed, attention = layer([x, *outputs])
    np.testing.assert_allclose(ops.convert_to_numpy(mixed), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(attention), p.mean(axis=1), atol=1e-5)


def test_one_language_is_none_to_attend_to():
    with pytest.raises(ValueError, match="languages: got 1"):
        nn.with_sim_adapters(nn.backbone("micro", 8), units=2, languages=1)
