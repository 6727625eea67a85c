"""The pydantic models of a zoo entry: every key that `zoo_configs/<name>.yaml` may hold, with its
type and range.

Reading, error sentences and writing are in `config.py`; here stands only what is allowed.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Tag,
    field_validator,
    model_validator,
)

from sslzoo.zoo.found import AnyProtocol, AnySampler
from sslzoo.zoo.strict import Source, Strict

WEIGHTS_FILE = r"^[\w.-]+\.weights\.h5$"
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Paper(Strict):
    """Where the method comes from. `arxiv` is a quoted string ("2002.05709": YAML would read a
    number).
    """

    title: str
    authors: str | None = None
    year: Annotated[int, Field(ge=1900, le=2100)] | None = None
    arxiv: Annotated[str, Field(pattern=r"^(\d{4}\.\d{4,5}|[a-z-]+/\d{7})$")] | None = None
    url: str | None = None


class Backbone(BaseModel):
    """A network of `sslzoo.nn` and its options (`width`, `stem`, ...), which `sslzoo.nn.backbone`
    checks by name.
    """

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    name: str

    def options(self):
        """The options that the config sets, as keyword arguments of `sslzoo.nn.backbone`."""
        return dict(self.model_extra)


class Optimizer(Strict):
    """What every optimizer has. Gradients are clipped before the step: `clipnorm` bounds the norm
    of each variable's gradient, `clipvalue` each of its values.
    """

    learning_rate: PositiveFloat
    clipnorm: PositiveFloat | None = None
    clipvalue: PositiveFloat | None = None

    def settings(self) -> dict[str, Any]:
        """The keyword arguments of `sslzoo.optim.build`."""
        return self.model_dump(exclude_none=True)


class SGD(Optimizer):
    name: Literal["sgd"]
    momentum: Fraction = 0.9
    nesterov: bool = False
    weight_decay: NonNegativeFloat = 0.0


class LARS(Optimizer):
    name: Literal["lars"]
    momentum: Fraction = 0.9
    weight_decay: NonNegativeFloat = 0.0
    trust_coefficient: PositiveFloat = 0.001


class Adam(Optimizer):
    name: Literal["adam", "adamw"]
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: PositiveFloat = 1e-7
    weight_decay: NonNegativeFloat = 0.0


class RMSprop(Optimizer):
    name: Literal["rmsprop"]
    rho: Fraction = 0.9
    momentum: Fraction = 0.0
    epsilon: PositiveFloat = 1e-7
    centered: bool = False


class Adagrad(Optimizer):
    name: Literal["adagrad"]
    initial_accumulator_value: NonNegativeFloat = 0.1
    epsilon: PositiveFloat = 1e-7


class Schedule(Strict):
    """The learning rate over the run.

    cosine: linear warm-up from 0 to the optimizer's learning rate, then a half cosine to the
    learning rate `final`; fixmatch: rate * cos(7 pi k / 16 K) at step k of K; step: times `factor`
    after each epoch in `milestones`; polynomial: to `final` with `power`; constant.
    """

    name: Literal["cosine", "fixmatch", "constant", "step", "polynomial"] = "cosine"
    warmup_epochs: NonNegativeFloat = 0.0
    final: NonNegativeFloat = 0.0
    milestones: list[PositiveFloat] = []
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1
    power: PositiveFloat = 1.0


class Tasks(Strict):
    """The data as `count` tasks of disjoint classes, one after the other, in the order of their
    labels or drawn by `seed`. `test`: what the accuracy matrix is measured on.
    """

    count: PositiveInt
    test: Source
    seed: NonNegativeInt | None = None


class Initial(Strict):
    """Networks (attributes of the method) that start with the published weights of another
    entry.
    """

    model: str
    networks: Annotated[list[str], Field(min_length=1)]


AnyOptimizer = Annotated[SGD | LARS | Adam | RMSprop | Adagrad, Field(discriminator="name")]


def _one_or_roles(value: Any) -> str:
    """Whether `data` is one source, or a source for each role."""
    if not isinstance(value, dict) or not value:
        return "one"
    sources = all(isinstance(source, (dict, Source)) for source in value.values())
    return "roles" if sources else "one"


Data = Annotated[
    Annotated[Source, Tag("one")] | Annotated[dict[str, Source], Tag("roles")],
    Discriminator(_one_or_roles),
]


class Agreement(Strict):
    """How close the features of the stored weights are to those of the float32 original, on
    `images` images.
    """

    max_relative_difference: NonNegativeFloat
    # a cosine, with float32 rounding
    mean_cosine: Annotated[float, Field(ge=-1.000001, le=1.000001)]
    images: PositiveInt | None = None


class Weights(Strict):
    """The published weights file. `mirrors` are further URLs of the same bytes, tried after the
    release.
    """

    file: Annotated[str, Field(pattern=WEIGHTS_FILE)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: PositiveInt
    encoding: Literal["fp16", "int8", "float32"]
    agreement: Agreement | None = None
    mirrors: list[str] = []


class Reference(Strict):
    """A figure that somebody else measured, to hold this entry's against: what it is, its value,
    where it stands.
    """

    what: str
    value: float
    source: str


class Record(Strict):
    """The run that made the weights. Written by `sslzoo train --record`, never typed."""

    commit: str  # where the run began
    continued: list[str] | None = None  # the other commits that it was resumed on
    backend: Literal["tensorflow", "jax"]
    device: str
    versions: dict[str, str]
    started: str  # ISO 8601, UTC
    wall_seconds: PositiveFloat
    steps: PositiveInt
    metrics: list[dict[str, JsonValue]]  # one record per evaluation, as sslzoo.evaluate returns it
    weights: Weights


class ZooConfig(Strict):
    """A whole experiment: what is trained, on what, how, how it is evaluated, and the record of the
    run.
    """

    description: str
    paper: Paper
    licence: str
    default: bool = False

    method: str
    backbone: Backbone | None = None
    image_size: (
        PositiveInt | Annotated[list[PositiveInt], Field(min_length=2, max_length=2)] | None
    ) = None  # pixels of a square, or [height, width]
    hyperparameters: dict[str, JsonValue] = {}
    augment: Any = None  # a preset's name or a mapping; None: the method's own default
    data: Data
    sampler: AnySampler | None = None  # None: shuffled items
    tasks: Tasks | None = None
    initial: Initial | None = None

    optimizer: AnyOptimizer | None = None
    # of single groups of networks (the method's `optimizer_groups`)
    optimizers: dict[str, AnyOptimizer] = {}
    schedule: Schedule = Schedule()
    batch_size: PositiveInt | None = None
    epochs: PositiveInt | None = None
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    seed: NonNegativeInt = 0

    reference: list[Reference] = []
    evaluate: list[AnyProtocol] = []
    record: Record | None = None

    @field_validator("backbone", mode="before")
    @classmethod
    def name_alone(cls, value):
        return {"name": value} if isinstance(value, str) else value

    @field_validator("augment", mode="after")
    @classmethod
    def preset_or_mapping(cls, value):
        if value is not None and not isinstance(value, (str, dict)):
            raise ValueError("must be the name of a preset or a mapping of its settings")
        return value

    @field_validator("method", mode="after")
    @classmethod
    def known_method(cls, value):
        from sslzoo.methods import method_path

        method_path(value)
        return value

    @model_validator(mode="after")
    def consistent(self):
        """Keys that need each other."""
        if self.optimizer is None:
            self._without_optimizer()
        else:
            self._with_optimizer()
        return self

    def _without_optimizer(self) -> None:
        for key in ("optimizers", "batch_size", "epochs"):
            if getattr(self, key):
                value = getattr(self, key)
                raise ValueError(f"{key} is {value}, an optimizer is needed with it")

    def _with_optimizer(self) -> None:
        if self.epochs is None:
            raise ValueError("epochs is missing, a method with an optimizer needs it")
        warmup, final = self.schedule.warmup_epochs, self.schedule.final
        peak = self.optimizer.learning_rate
        if warmup >= self.epochs:
            raise ValueError(
                f"schedule.warmup_epochs is {warmup}, must be less than epochs = {self.epochs}"
            )
        if final > peak:
            raise ValueError(
                f"schedule.final is {final}, must be at most optimizer.learning_rate = {peak}"
            )
        marks = self.schedule.milestones
        if (self.schedule.name == "step") != bool(marks) or sorted(set(marks)) != marks:
            raise ValueError(
                f"schedule.milestones is {marks}, ascending epochs are needed for `step` alone"
            )

    def sources(self) -> dict[str, Source]:
        """{role: source}; the role of a single one is "train"."""
        return self.data if isinstance(self.data, dict) else {"train": self.data}
