import numpy as np
import pytest

from sslzoo.rows import unit_rows


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(5,), (4, 5), (2, 3, 5)])
def test_rows_keep_their_direction_and_dtype_and_get_length_1(shape, dtype):
    rows = np.random.default_rng(0).normal(size=shape).astype(dtype)
    unit = unit_rows(rows)
    assert unit.dtype == dtype and unit.shape == shape
    lengths = np.sqrt((rows.astype("float64") ** 2).sum(axis=-1))
    np.testing.assert_allclose(unit * lengths[..., None], rows, rtol=1e-6)


def test_a_zero_row_stays_zero():
    assert unit_rows(np.array([[0.0, 0.0], [0.0, 2.0]])).tolist() == [[0, 0], [0, 1]]
