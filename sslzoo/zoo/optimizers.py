"""The keys of an optimizer and a schedule in a zoo entry."""

from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat

from sslzoo.zoo.strict import Strict

Fraction = Annotated[float, Field(ge=0, lt=1)]


class Optimizer(Strict):
    """What every optimizer has.

    Gradients are clipped before the step: `clipnorm` bounds the norm of each variable's gradient,
    `clipvalue` each of its values. `schedule` is for a group in `optimizers`, such as the predictor
    of SimSiam: its rate is constant, whatever the schedule of the config.

    Example:
        >>> from sslzoo.zoo.optimizers import SGD
        >>> SGD(name="sgd", learning_rate=0.1, clipnorm=1.0).settings()["clipnorm"]
        1.0
    """

    learning_rate: PositiveFloat
    clipnorm: PositiveFloat | None = None
    clipvalue: PositiveFloat | None = None
    schedule: Literal["constant"] | None = None

    def settings(self) -> dict[str, Any]:
        """The keyword arguments of `sslzoo.optim.build`."""
        return self.model_dump(exclude_none=True)


class SGD(Optimizer):
    """`sslzoo.optim.SGD`.

    Example:
        >>> from sslzoo.zoo.optimizers import SGD
        >>> SGD(name="sgd", learning_rate=0.1).momentum
        0.9
    """

    name: Literal["sgd"]
    momentum: Fraction = 0.9
    nesterov: bool = False
    weight_decay: NonNegativeFloat = 0.0


class LARS(Optimizer):
    """`sslzoo.optim.LARS`.

    Example:
        >>> from sslzoo.zoo.optimizers import LARS
        >>> LARS(name="lars", learning_rate=1.0).trust_coefficient
        0.001
    """

    name: Literal["lars"]
    momentum: Fraction = 0.9
    weight_decay: NonNegativeFloat = 0.0
    trust_coefficient: PositiveFloat = 0.001


class Adam(Optimizer):
    """`keras.optimizers.Adam`, or with decay `sslzoo.optim.AdamW`.

    Example:
        >>> from sslzoo.zoo.optimizers import Adam
        >>> Adam(name="adamw", learning_rate=0.001, weight_decay=0.05).beta_1
        0.9
    """

    name: Literal["adam", "adamw"]
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: PositiveFloat = 1e-7
    weight_decay: NonNegativeFloat = 0.0


class RMSprop(Optimizer):
    """`keras.optimizers.RMSprop`.

    Example:
        >>> from sslzoo.zoo.optimizers import RMSprop
        >>> RMSprop(name="rmsprop", learning_rate=0.001).rho
        0.9
    """

    name: Literal["rmsprop"]
    rho: Fraction = 0.9
    momentum: Fraction = 0.0
    epsilon: PositiveFloat = 1e-7
    centered: bool = False


class Adagrad(Optimizer):
    """`keras.optimizers.Adagrad`.

    Example:
        >>> from sslzoo.zoo.optimizers import Adagrad
        >>> Adagrad(name="adagrad", learning_rate=0.01).initial_accumulator_value
        0.1
    """

    name: Literal["adagrad"]
    initial_accumulator_value: NonNegativeFloat = 0.1
    epsilon: PositiveFloat = 1e-7


# {schedule: the keys that it reads}
READS = {
    "cosine": ("warmup_epochs", "final"),
    "fixmatch": (),
    "constant": (),
    "step": ("milestones", "factor"),
    "polynomial": ("final", "power"),
}

AnyOptimizer = Annotated[SGD | LARS | Adam | RMSprop | Adagrad, Field(discriminator="name")]


class Schedule(Strict):
    """The learning rate over the run.

    - cosine: linear warm-up from 0 to the optimizer's learning rate, then a half cosine to the
      learning rate `final`
    - fixmatch: rate * cos(7 pi k / 16 K) at step k of K
    - step: times `factor` after each epoch in `milestones`
    - polynomial: to `final` with `power`
    - constant

    `READS` says which of the keys each of them reads.

    Example:
        >>> from sslzoo.zoo.optimizers import Schedule
        >>> Schedule(name="step", milestones=[30.0, 60.0]).factor
        0.1
    """

    name: Literal[*READS] = "cosine"
    warmup_epochs: NonNegativeFloat = 0.0
    final: NonNegativeFloat = 0.0
    milestones: list[PositiveFloat] = []
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1
    power: PositiveFloat = 1.0

    def unread(self) -> list[str]:
        """The keys that are set to something and that this schedule does not read.

        >>> from sslzoo.zoo.optimizers import Schedule
        >>> Schedule(name="constant", final=0.1).unread()
        ['final']
        """
        keys = {key: field.default for key, field in Schedule.model_fields.items() if key != "name"}
        changed = [key for key, default in keys.items() if getattr(self, key) != default]
        return [key for key in changed if key not in READS[self.name]]
