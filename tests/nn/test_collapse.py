import math

import numpy as np
import pytest

from sslzoo import nn


def test_spread_is_one_on_the_sphere_and_zero_for_a_constant():
    rows = np.random.default_rng(0).normal(size=(4000, 32))
    assert float(nn.feature_std(rows)) == pytest.approx(1, abs=0.01)
    assert float(nn.feature_std(np.ones((50, 32)))) == pytest.approx(0, abs=1e-5)
    assert float(nn.feature_std(rows * 1000)) == pytest.approx(
        float(nn.feature_std(rows)), rel=1e-5
    )


def test_effective_rank_counts_directions():
    rng = np.random.default_rng(0)
    assert nn.effective_rank(np.ones((50, 8))) == 0
    assert nn.effective_rank(np.outer(rng.normal(size=50), np.ones(8))) == pytest.approx(
        1, abs=1e-4
    )
    assert nn.effective_rank(np.concatenate([np.eye(8), -np.eye(8)])) == pytest.approx(8)
    assert nn.effective_rank(rng.normal(size=(500, 2)) @ rng.normal(size=(2, 8))) < 2.001
    assert math.isnan(nn.effective_rank(np.full((4, 8), np.nan)))
