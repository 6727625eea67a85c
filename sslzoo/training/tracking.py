"""What a step hands on beside its gradients: logs, and tensors for `after_step`."""

from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

import keras
from keras import ops

# (logs, kept) of the step that is being traced. Replicas are traced in threads that take turns at
# every gather, and each thread has its own value here.
collected: ContextVar[tuple[dict, dict]] = ContextVar("collected")


class Tracking:
    """The part of a `Method` that collects what its losses log and keep.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("simclr", "micro", 8, augment="digits")
        >>> history = model.fit(sslzoo.data.load("digits"), verbose=0)
        >>> sorted(metric.name for metric in model.metrics)
        ['feature_std', 'loss', 'nt_xent']
    """

    def track(self, name: str, value: Any) -> None:
        """Inside `compute_losses`: log a scalar of this step, as its mean over the epoch."""
        logs, _ = collected.get(({}, {}))
        logs[name] = ops.stop_gradient(ops.cast(value, "float32"))

    def keep(self, name: str, tensor: Any) -> None:
        """Inside `compute_losses`: hand a tensor to `after_step`, as `batch[name]`, without a
        gradient.
        """
        _, kept = collected.get(({}, {}))
        kept[name] = ops.stop_gradient(tensor)

    def losses_logs_kept(self, batch: dict) -> tuple[dict, dict, dict]:
        """The losses in float32, what was tracked beside them, what `after_step` will read."""
        logs, kept = {}, {}
        token = collected.set((logs, kept))
        try:
            losses = self.compute_losses(batch)
        finally:
            collected.reset(token)
        return {name: ops.cast(loss, "float32") for name, loss in losses.items()}, logs, kept

    def name_trackers(self, names: Iterable[str]) -> None:
        """Make a mean over the epoch for each name that a step logs."""
        for name in names:
            self._own.means.setdefault(name, keras.metrics.Mean(name=name))

    def update_trackers(self, values: dict) -> dict:
        """Add a step's values to the means; the means."""
        for name, value in values.items():
            self._own.means[name].update_state(value)
        return {name: mean.result() for name, mean in self._own.means.items()}

    @property
    def metrics(self) -> list:
        """The means that this `fit` logs."""
        return list(self._own.means.values())
