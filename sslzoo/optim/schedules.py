"""What changes with the step: the learning rate of a run, and the momentum of a target network."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable("sslzoo")
class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up, then one half cosine: the schedule of SimCLR, BYOL and most that came after.

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
        warmup_steps: optimiser steps (not epochs), at least 0. The papers use 10 epochs.
        total_steps: optimiser steps of the whole run, warm-up included, at least 1 and above
        warmup_steps.
        final: learning rate at total_steps and after, between 0 and peak.

    Raises:
        ValueError: a value outside these ranges.
    """

    def __init__(self, peak, warmup_steps, total_steps, final=0.0):
        if not (math.isfinite(peak) and peak > 0):
            raise ValueError(f"WarmupCosine needs a finite peak above 0, got {peak}.")
        if not 0 <= final <= peak:
            raise ValueError(f"WarmupCosine needs final between 0 and peak {peak}, got {final}.")
        if not 0 <= warmup_steps < total_steps:
            raise ValueError(
                "WarmupCosine needs 0 <= warmup_steps < total_steps, got warmup_steps "
                f"{warmup_steps} and total_steps"
                f" {total_steps}."
            )
        self.peak, self.warmup_steps, self.total_steps, self.final = (
            peak,
            warmup_steps,
            total_steps,
            final,
        )

    def __call__(self, step):
        step = ops.cast(step, "float32")
        warmup = self.peak * step / max(self.warmup_steps, 1)
        done = ops.clip(
            (step - self.warmup_steps) / (self.total_steps - self.warmup_steps), 0.0, 1.0
        )
        cosine = self.final + (self.peak - self.final) * (1.0 + ops.cos(math.pi * done)) / 2.0
        return ops.where(step < self.warmup_steps, warmup, cosine)

    def get_config(self):
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
    """

    def __init__(self, peak, total_steps):
        if not (math.isfinite(peak) and peak > 0):
            raise ValueError(f"FixMatchCosine needs a finite peak above 0, got {peak}.")
        if total_steps < 1:
            raise ValueError(f"FixMatchCosine needs total_steps of at least 1, got {total_steps}.")
        self.peak, self.total_steps = peak, total_steps

    def __call__(self, step):
        done = ops.minimum(ops.cast(step, "float32") / self.total_steps, 1.0)
        return self.peak * ops.cos(7.0 * math.pi / 16.0 * done)

    def get_config(self):
        return {"peak": self.peak, "total_steps": self.total_steps}


def scaled_learning_rate(base, batch_size, rule="linear"):
    """The peak learning rate for a global batch, in the two rules of SimCLR (arXiv:2002.05709,
    section 2.2 and B.1).

    linear: base * batch_size / 256 (SimCLR's base is 0.3, BYOL's 0.2); sqrt: base *
    sqrt(batch_size) (SimCLR's 0.075, for small batches).

    Raises:
        ValueError: a base or batch_size not above 0, or another rule.
    """
    if not (math.isfinite(base) and base > 0):
        raise ValueError(f"scaled_learning_rate needs a finite base above 0, got {base}.")
    if batch_size < 1:
        raise ValueError(
            f"scaled_learning_rate needs a batch_size of at least 1, got {batch_size}."
        )
    if rule == "linear":
        return base * batch_size / 256
    if rule == "sqrt":
        return base * math.sqrt(batch_size)
    raise ValueError(f"scaled_learning_rate knows the rules 'linear' and 'sqrt', got {rule!r}.")


def cosine_ema(step, total_steps, base):
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
    """
    if isinstance(total_steps, int) and total_steps < 1:
        raise ValueError(f"cosine_ema needs total_steps of at least 1, got {total_steps}.")
    if not 0 <= base <= 1:
        raise ValueError(f"cosine_ema needs a base between 0 and 1, got {base}.")
    done = ops.cast(step, "float32") / ops.cast(total_steps, "float32")
    done = ops.clip(done, 0.0, 1.0)
    return 1.0 - (1.0 - base) * (ops.cos(math.pi * done) + 1.0) / 2.0
