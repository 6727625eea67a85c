import numpy as np
from keras import ops

from sslzoo.nn import CosineDense


def test_outputs_are_cosines():
    layer, x = CosineDense(5), np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    found, kernel = np.asarray(layer(x)), ops.convert_to_numpy(layer.kernel)
    for i in range(4):
        for k in range(5):
            lengths = np.linalg.norm(x[i]) * np.linalg.norm(kernel[:, k])
            np.testing.assert_allclose(found[i, k], x[i] @ kernel[:, k] / lengths, atol=1e-5)


def test_zero_and_huge_vectors_in_half_precision_are_finite():
    layer = CosineDense(5, dtype="mixed_float16")
    found = np.asarray(layer(ops.cast([[0.0, 0.0], [6e4, 6e4]], "float16")))
    assert found.dtype == "float16" and np.isfinite(found).all() and not found[0].any()
