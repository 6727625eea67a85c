"""The pydantic models of a zoo entry: every key that `zoo_configs/<name>.yaml` may hold, with its
type and range.

Reading, error sentences and writing are in `config.py`; here stands only what is allowed.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    NonNegativeInt,
    PositiveInt,
    Tag,
    field_validator,
    model_validator,
)

from sslzoo.data import streams
from sslzoo.zoo.found import AnyProtocol, AnySampler
from sslzoo.zoo.optimizers import READS, AnyOptimizer, Schedule
from sslzoo.zoo.records import Record, Reference
from sslzoo.zoo.strict import Source, Strict

# What decides the weights of a run, as against words about it and what is measured afterwards.
TRAINING = {
    *("method", "backbone", "image_size", "hyperparameters", "augment", "data", "sampler"),
    *("tasks", "initial", "optimizer", "optimizers", "schedule", "batch_size", "epochs"),
    *("precision", "seed"),
}


class Paper(Strict):
    """Where the method comes from. `arxiv` is a quoted string ("2002.05709": YAML would read a
    number).

    Example:
        >>> from sslzoo.zoo.schema import Paper
        >>> Paper(title="A Simple Framework", arxiv="2002.05709").arxiv
        '2002.05709'
    """

    title: str
    authors: str | None = None
    year: Annotated[int, Field(ge=1900, le=2100)] | None = None
    arxiv: Annotated[str, Field(pattern=r"^(\d{4}\.\d{4,5}|[a-z-]+/\d{7})$")] | None = None
    url: str | None = None


class Backbone(BaseModel):
    """A network of `sslzoo.nn` and its options (`width`, `stem`, ...), which `sslzoo.nn.backbone`
    checks by name.

    Example:
        >>> from sslzoo.zoo.schema import Backbone
        >>> Backbone(name="resnet20", width=32).options()
        {'width': 32}
    """

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    name: str

    def options(self) -> dict[str, Any]:
        """The options that the config sets, as keyword arguments of `sslzoo.nn.backbone`."""
        return dict(self.model_extra)


class Tasks(Strict):
    """The data as `count` tasks of disjoint classes, one after the other, in the order of their
    labels or drawn by `seed`. `test`: what the accuracy matrix is measured on.

    Example:
        >>> from sslzoo.zoo.schema import Source, Tasks
        >>> Tasks(count=5, test=Source(name="digits", split="test")).count
        5
    """

    count: PositiveInt
    test: Source
    seed: NonNegativeInt | None = None


class Initial(Strict):
    """Networks (attributes of the method) that start with the published weights of another
    entry. They may have twice its channels: see `sslzoo.nn.widen`.

    Example:
        >>> from sslzoo.zoo.schema import Initial
        >>> Initial(model="srresnet_x4", networks=["generator"]).networks
        ['generator']
    """

    model: str
    networks: Annotated[list[str], Field(min_length=1)]


class Checkpoint(Strict):
    """A file that other people published, which `sslzoo import` converts.

    Example:
        >>> from sslzoo.zoo.schema import Checkpoint
        >>> Checkpoint(layout="moco", url="https://example.org/moco.pth.tar").sha256 is None
        True
    """

    layout: str  # a file of `sslzoo.zoo.importers.layouts`
    parameters: PositiveInt | None = None  # of the backbone that it fills
    part: str | None = None  # of several networks in a file: "student", "target"
    url: str | None = None
    more: list[str] = []  # names of its other files, beside `url`: the data of TensorFlow's index
    bytes: PositiveInt | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")] | None = None


def _one_or_roles(value: Any) -> str:
    """Whether `data` is one source, several to mix, or a source for each role."""
    if isinstance(value, list):
        return "several"
    if not isinstance(value, dict) or not value:
        return "one"
    sources = any(isinstance(source, (dict, Source)) for source in value.values())
    return "roles" if sources else "one"


Data = Annotated[
    Annotated[Source, Tag("one")]
    | Annotated[list[Source], Field(min_length=2), Tag("several")]
    | Annotated[dict[str, Source], Tag("roles")],
    Discriminator(_one_or_roles),
]


class ZooConfig(Strict):
    """A whole experiment: what is trained, on what, how, how it is evaluated, and the record of the
    run.

    Example:
        >>> import sslzoo
        >>> config = sslzoo.info("simclr_resnet20.digits").config
        >>> config.method, config.backbone.name
        ('simclr', 'resnet20')
    """

    description: str = ""
    paper: Paper | None = None  # of an entry of the zoo
    licence: str | None = None  # of an entry of the zoo
    default: bool = False
    aliases: list[str] = []  # its former names

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
    checkpoint: Checkpoint | None = None  # of an entry whose weights other people trained

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
    def name_alone(cls, value: Any) -> Any:
        """The name of a backbone stands for a mapping of it."""
        return {"name": value} if isinstance(value, str) else value

    @field_validator("augment", mode="after")
    @classmethod
    def preset_or_mapping(cls, value: Any) -> Any:
        """Refuse an augmentation that is neither."""
        if value is not None and not isinstance(value, (str, dict)):
            raise ValueError("must be the name of a preset or a mapping of its settings")
        return value

    @field_validator("method", mode="after")
    @classmethod
    def known_method(cls, value: str) -> str:
        """Refuse the name of no method."""
        from sslzoo.methods import method_path

        method_path(value)
        return value

    @model_validator(mode="after")
    def consistent(self) -> Self:
        """Keys that need each other."""
        if self.tasks is not None and not isinstance(self.data, Source):
            roles = ", ".join(self.sources())
            raise ValueError(f"tasks: got data for {roles}; it must come with one source of data")
        if self.sampler is not None and isinstance(self.data, list):
            raise ValueError(
                f"sampler: got {self.sampler.name} for a list of data sets; it must be left out"
            )
        if isinstance(self.data, dict):
            self._check_roles()
        if self.optimizer is None:
            self._without_optimizer()
        else:
            self._with_optimizer()
        return self

    def _check_roles(self) -> None:
        """Data of a sampler's roles come with that sampler, and it with them."""
        came = ", ".join(self.data)
        for name in streams.names():
            roles = streams.find(name).roles
            chosen = self.sampler is not None and self.sampler.name == name
            if chosen and roles and set(roles) != set(self.data):
                raise ValueError(f"data: got {came}; it must be {', '.join(roles)} for {name}")
            if not chosen and set(roles) == set(self.data):
                raise ValueError(f"sampler: missing; data for {came} come with the sampler {name}")

    def _without_optimizer(self) -> None:
        given = {key: getattr(self, key) for key in ("optimizers", "batch_size", "epochs")}
        if self.schedule != Schedule():
            given["schedule"] = self.schedule.name
        if self.sampler is not None:
            given["sampler"] = self.sampler.name
        for key, value in given.items():
            if value:
                raise ValueError(f"{key}: got {value}; it must come with an optimizer")

    def _with_optimizer(self) -> None:
        if self.epochs is None:
            raise ValueError("epochs: missing; a method with an optimizer needs it")
        if self.batch_size is None and (self.sampler is None or self.sampler.takes_batch_size()):
            needing = self.sampler.name if self.sampler else "a method with an optimizer"
            raise ValueError(f"batch_size: missing; {needing} needs it")
        self._check_schedule()

    def _check_schedule(self) -> None:
        if self.optimizer.schedule is not None:
            raise ValueError(
                "optimizer.schedule: got 'constant'; it must be left out: `schedule` is for all, "
                "and this key for a group in `optimizers`"
            )
        name = self.schedule.name
        for key in self.schedule.unread():
            has = f"which reads {', '.join(READS[name])}" if READS[name] else "which reads no key"
            got = getattr(self.schedule, key)
            raise ValueError(f"schedule.{key}: got {got}; it must be left out of {name}, {has}")
        warmup, final = self.schedule.warmup_epochs, self.schedule.final
        peak = self.optimizer.learning_rate
        if warmup >= self.epochs:
            raise ValueError(
                f"schedule.warmup_epochs: got {warmup}; it must be below epochs = {self.epochs}"
            )
        if final > peak:
            raise ValueError(
                f"schedule.final: got {final}; it must be at most optimizer.learning_rate = {peak}"
            )
        marks = self.schedule.milestones
        ascending = sorted(set(marks)) == marks and all(mark < self.epochs for mark in marks)
        if not ascending or (name == "step" and not marks):
            raise ValueError(
                f"schedule.milestones: got {marks}; it must be ascending epochs below epochs = "
                f"{self.epochs}, at least one"
            )

    def sources(self) -> dict[str, Source]:
        """{role: source}; a single one is "train", those of a list are "part 1", "part 2", ..."""
        if isinstance(self.data, list):
            return {f"part {number}": source for number, source in enumerate(self.data, 1)}
        return self.data if isinstance(self.data, dict) else {"train": self.data}

    def differing(self, other: "ZooConfig") -> list[str]:
        """The keys that decide the weights of a run and that another config has otherwise."""
        mine, its = self.model_dump(include=TRAINING), other.model_dump(include=TRAINING)
        return sorted(key for key in TRAINING if mine[key] != its[key])

    def references(self) -> dict[str, str]:
        """{key: entry} of the zoo's entries whose networks this one takes."""
        entries = {} if self.initial is None else {"initial.model": self.initial.model}
        for key, value in self.hyperparameters.items():
            if isinstance(value, dict) and value.keys() == {"zoo"}:
                entries[f"hyperparameters.{key}.zoo"] = value["zoo"]
        return entries
