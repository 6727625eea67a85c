"""Schedules of learning rates, and of the momentum of a target network."""

import math
from typing import Any

import keras
from keras import ops

from sslzoo.checks import above, at_least, in_range, one_of


@keras.saving.register_keras_serializable("sslzoo")
class WarmupCosine(keras.optimizers.schedules.CosineDecay):
    """Linear warm-up, then half a cosine. This is the schedule of SimCLR, BYOL and most later
    methods.

    It is Keras' `CosineDecay` with the arguments that papers state.

    At step t, counted from 0 (`optimizer.iterations` before the update):
        t < warmup_steps:   peak * t / warmup_steps
        t <= total_steps:   final + (peak - final) * (1 + cos(pi * c)) / 2,
                            c = (t - warmup_steps) / (total_steps - warmup_steps)
        after that:         final
    The first step of a warm-up has the rate 0, as in the official SimCLR code
    (google-research/simclr, tf2/model.py); lightly starts at peak / warmup_steps. Without warm-up
    the first step has the peak.

    Args:
        peak: learning rate at the end of the warm-up, above 0; see `scaled_learning_rate`.
        warmup_steps: optimizer steps (not epochs), at least 0. The papers use 10 epochs.
        total_steps: optimizer steps of the whole run, warm-up included, at least 1 and above
            warmup_steps.
        final: learning rate at total_steps and after, between 0 and peak.

    Raises:
        ValueError: a value outside these ranges.

    Example:
        >>> from sslzoo import optim
        >>> schedule = optim.WarmupCosine(0.5, warmup_steps=2, total_steps=10)
        >>> [round(float(schedule(step)), 3) for step in (0, 1, 2, 6, 10)]
        [0.0, 0.25, 0.5, 0.25, 0.0]
    """

    def __init__(
        self, peak: float, warmup_steps: float, total_steps: int, final: float = 0.0
    ) -> None:
        self.peak = above("peak", peak, 0)
        self.total_steps = at_least("total_steps", total_steps, 1)
        self.warmup_steps = in_range("warmup_steps", warmup_steps, 0, total_steps, high_open=True)
        self.final = in_range("final", final, 0, peak)
        super().__init__(
            initial_learning_rate=0.0 if warmup_steps else float(peak),
            decay_steps=total_steps - warmup_steps,
            alpha=final / peak,
            warmup_target=float(peak) if warmup_steps else None,
            warmup_steps=warmup_steps,
        )

    def get_config(self) -> dict:
        return {
            "peak": self.peak,
            "warmup_steps": self.warmup_steps,
            "total_steps": self.total_steps,
            "final": self.final,
        }


@keras.saving.register_keras_serializable("sslzoo")
class FixMatchCosine(keras.optimizers.schedules.LearningRateSchedule):
    """FixMatch's schedule (Sohn et al. 2020, arXiv:2001.07685, section 2.3): peak * cos(7 pi k /
    (16 K)) at step k of K.

    It ends at cos(7 pi / 16) = 0.195 of the peak and stays there.

    Args:
        peak: learning rate at step 0, above 0.
        total_steps: K, at least 1.

    Raises:
        ValueError: a value outside these ranges.

    Example:
        >>> from sslzoo import optim
        >>> schedule = optim.FixMatchCosine(1.0, total_steps=100)
        >>> [round(float(schedule(step)), 3) for step in (0, 50, 100, 200)]
        [1.0, 0.773, 0.195, 0.195]
    """

    def __init__(self, peak: float, total_steps: int) -> None:
        self.peak = above("peak", peak, 0)
        self.total_steps = at_least("total_steps", total_steps, 1)

    def __call__(self, step: Any) -> Any:
        done = ops.minimum(ops.cast(step, "float32") / self.total_steps, 1.0)
        return self.peak * ops.cos(7.0 * math.pi / 16.0 * done)

    def get_config(self) -> dict:
        return {"peak": self.peak, "total_steps": self.total_steps}


def scaled_learning_rate(base: float, batch_size: int, rule: str = "linear") -> float:
    """The peak learning rate for a global batch, in the two rules of SimCLR (arXiv:2002.05709,
    section 2.2 and B.1).

    linear: base * batch_size / 256 (SimCLR's base is 0.3, BYOL's 0.2).
    sqrt: base * sqrt(batch_size) (SimCLR's 0.075, for small batches).

    Raises:
        ValueError: a base not above 0, a batch_size below 1, or another rule.

    Example:
        >>> from sslzoo import optim
        >>> optim.scaled_learning_rate(0.25, 512)
        0.5
    """
    above("base", base, 0)
    at_least("batch_size", batch_size, 1)
    one_of("rule", rule, ("linear", "sqrt"))
    if rule == "linear":
        return base * batch_size / 256
    return base * math.sqrt(batch_size)


def cosine_ema(step: Any, total_steps: Any, base: float) -> Any:
    """Momentum tau of BYOL's target network (Grill et al. 2020, arXiv:2006.07733, section 3.3).

    tau_k = 1 - (1 - base) * (cos(pi * k / K) + 1) / 2: `base` at k = 0, 1 at k = K = total_steps
    and after. The paper's base is 0.996 for 1000 epochs; deepmind-research uses 0.99 for 100 and
    300 epochs and 0.97 for 40.

    Args:
        step: k, a number or an integer tensor, counted from 0.
        total_steps: K, at least 1, a number or an integer tensor.
        base: tau at the start, between 0 and 1.

    Returns:
        A float32 tensor of the shape of `step`.

    Raises:
        ValueError: a total_steps or base outside these ranges.

    Example:
        >>> from sslzoo import optim
        >>> [round(float(optim.cosine_ema(step, 100, 0.5)), 3) for step in (0, 50, 100)]
        [0.5, 0.75, 1.0]
    """
    if isinstance(total_steps, int):
        at_least("total_steps", total_steps, 1)
    in_range("base", base, 0, 1)
    done = ops.cast(step, "float32") / ops.cast(total_steps, "float32")
    done = ops.clip(done, 0.0, 1.0)
    return 1.0 - (1.0 - base) * (ops.cos(math.pi * done) + 1.0) / 2.0
