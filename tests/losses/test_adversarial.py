import numpy as np
import pytest

from sslzoo import losses

RNG = np.random.default_rng(0)
REAL, FAKE = (RNG.normal(0, 3, (7, 1)).astype("float32") for _ in range(2))


def p(logit):
    return 1 / (1 + np.exp(-float(logit)))


def test_the_discriminator_tells_real_from_fake():
    expected = np.mean([-np.log(p(x)) for x in REAL[:, 0]]) + np.mean(
        [-np.log(1 - p(x)) for x in FAKE[:, 0]]
    )
    assert float(losses.discriminator_loss(REAL, FAKE)) == pytest.approx(expected, rel=1e-5)


def test_the_generator_wants_fakes_to_pass():
    assert float(losses.generator_loss(FAKE)) == pytest.approx(
        np.mean([-np.log(p(x)) for x in FAKE[:, 0]]), rel=1e-5
    )


def test_the_generator_still_learns_from_a_certain_discriminator():
    """log(1 - D), the form that saturates, would not change here."""
    far, farther = (float(losses.generator_loss(np.full((3, 1), x, "float32"))) for x in (-50, -51))
    assert farther - far == pytest.approx(1, rel=1e-4)


def test_half_precision_logits_are_summed_in_float32():
    logits = np.full((3000, 1), 40, "float16")
    assert float(losses.discriminator_loss(-logits, logits)) == pytest.approx(80, rel=1e-5)
