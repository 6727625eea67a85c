"""Optimizer and schedule of an entry, stretched over however many steps a `fit` has."""

from typing import Any

import keras

from sslzoo import optim
from sslzoo.checks import one_of
from sslzoo.zoo.optimizers import READS


@keras.saving.register_keras_serializable("sslzoo")
class Recipe:
    """Optimizer and schedule as a function of the number of steps: total_steps -> optimizer.

    Args:
        optimizer: {"name", "learning_rate", ...}, as `sslzoo.optim.build` takes them.
        warmup_share: of the run, in 0..1, before a cosine.
        final: the learning rate at the end of a cosine or polynomial.
        schedule: "cosine"; "fixmatch"; "constant"; "step": times `factor` after each share of the
            run in `milestones`; "polynomial": from the learning rate to `final` with `power`.
        milestones: shares of the run, in 0..1, ascending.
        factor: of the learning rate at each milestone. 0.1 in most papers.
        power: Power of the polynomial. 1 is a straight line.
        groups: {regular expression of variable paths: an optimizer like the first}, for networks
            that have their own. One without a name is the first with these changes. Its "schedule":
            "constant" takes the place of the run's (the predictor of SimSiam).

    Example:
        >>> from sslzoo.zoo.recipe import Recipe
        >>> recipe = Recipe({"name": "adam", "learning_rate": 0.1}, schedule="constant")
        >>> round(float(recipe(100).learning_rate), 3)
        0.1
    """

    def __init__(
        self,
        optimizer: dict,
        warmup_share: float = 0.05,
        final: float = 0.0,
        schedule: str = "cosine",
        milestones: tuple = (),
        factor: float = 0.1,
        power: float = 1.0,
        groups: dict | None = None,
    ) -> None:
        self.optimizer = dict(optimizer)
        self.warmup_share, self.final = warmup_share, final
        self.schedule = one_of("schedule", schedule, READS)
        self.milestones, self.factor = tuple(milestones), factor
        self.power = power
        self.groups = dict(groups or {})

    def __call__(self, total_steps: int) -> keras.optimizers.Optimizer:
        main = self._optimizer(self.optimizer, total_steps)
        if not self.groups:
            return main
        groups = self.groups.items()
        others = {paths: self._optimizer(settings, total_steps) for paths, settings in groups}
        return keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(main, others))

    def _optimizer(self, settings: dict, total_steps: int) -> keras.optimizers.Optimizer:
        settings = dict(settings) if "name" in settings else self.optimizer | settings
        name, rate = settings.pop("name"), settings.pop("learning_rate")
        if settings.pop("schedule", self.schedule) != "constant":
            rate = self._rate(rate, total_steps)
        return optim.build(name, rate, **settings)

    def _rate(self, peak: float, total_steps: int) -> Any:
        """The learning rate over the run."""
        schedules = keras.optimizers.schedules
        if self.schedule == "cosine":
            warmup = min(round(self.warmup_share * total_steps), total_steps - 1)
            return optim.WarmupCosine(peak, warmup, total_steps, self.final)
        if self.schedule == "fixmatch":
            return optim.FixMatchCosine(peak, total_steps)
        if self.schedule == "polynomial":
            return schedules.PolynomialDecay(peak, total_steps, self.final, self.power)
        if self.schedule == "step":
            # Keras keeps a rate up to and with its boundary; here it changes at the milestone.
            steps = [round(share * total_steps) - 1 for share in self.milestones]
            rates = [peak * self.factor**count for count in range(len(steps) + 1)]
            return schedules.PiecewiseConstantDecay(steps, rates)
        return peak

    def get_config(self) -> dict:
        keys = ("optimizer", "warmup_share", "final", "schedule", "milestones", "factor", "power")
        return {key: getattr(self, key) for key in (*keys, "groups")}

    @classmethod
    def from_config(cls, config: dict) -> "Recipe":
        return cls(**config)
