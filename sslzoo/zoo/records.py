"""The keys of the record of a run in a zoo entry, and of figures from elsewhere."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, NonNegativeFloat, PositiveFloat, PositiveInt

from sslzoo.zoo.strict import Strict

WEIGHTS_FILE = r"^[\w.-]+(@v\d+)?\.weights\.h5$"


class Agreement(Strict):
    """How close the features of the stored weights are to those of the float32 original, on
    `images` images.

    Example:
        >>> from sslzoo.zoo.records import Agreement
        >>> Agreement(max_relative_difference=1e-3, mean_cosine=1.0).mean_cosine
        1.0
    """

    max_relative_difference: NonNegativeFloat
    # a cosine, with float32 rounding
    mean_cosine: Annotated[float, Field(ge=-1.000001, le=1.000001)]
    images: PositiveInt | None = None


class Weights(Strict):
    """The published weights file. `mirrors` are further URLs of the same bytes, tried after the
    release.

    Example:
        >>> from sslzoo.zoo.records import Weights
        >>> Weights(file="a.weights.h5", sha256="0" * 64, bytes=9, encoding="fp16").mirrors
        []
    """

    file: Annotated[str, Field(pattern=WEIGHTS_FILE)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: PositiveInt
    encoding: Literal["fp16", "int8", "float32"]
    agreement: Agreement | None = None
    mirrors: list[str] = []


class TransferRow(Strict):
    """What an encoder and its baselines reach on a data set that it was not trained on.

    Example:
        >>> from sslzoo.zoo.records import TransferRow
        >>> TransferRow(set="mnist", n_train=9, n_test=9, classes=2, figures={}).classes
        2
    """

    set: str
    n_train: PositiveInt
    n_test: PositiveInt
    classes: PositiveInt
    figures: dict[str, dict[str, JsonValue]]  # {encoder: as sslzoo.evaluate.transferred says}


class Speed(Strict):
    """How many items a second the main verb computes in the fastest of its calls.

    Example:
        >>> from sslzoo.zoo.records import Speed
        >>> machine = {"device": "AMD EPYC", "cores": 2, "load": 0.0, "backend": "jax"}
        >>> given = {"verb": "encode", "items": "images", "shape": [8, 8, 3], "batch_size": 256}
        >>> Speed(**given, **machine, per_second=900.0, measured="2026-11-27").per_second
        900.0
    """

    verb: str
    items: str  # what they are: images, series, vectors
    shape: list[PositiveInt]  # of one
    per_second: PositiveFloat
    batch_size: PositiveInt
    device: str
    cores: PositiveInt
    load: NonNegativeFloat  # programs that ran on them in the minute before
    backend: Literal["tensorflow", "jax"]
    measured: str  # date, ISO 8601


class Reference(Strict):
    """A figure that somebody else measured, to hold this entry's against: what it is, its value,
    where it stands.

    Example:
        >>> from sslzoo.zoo.records import Reference
        >>> Reference(what="kNN, ResNet-18", value=0.868, source="lightly").value
        0.868
    """

    what: str
    value: float
    source: str


class Record(Strict):
    """The run that made the weights. Written by `sslzoo train --record`, never typed.

    Example:
        >>> import sslzoo
        >>> sslzoo.info("simclr_resnet20.digits").config.record.steps > 0
        True
    """

    commit: str  # where the run began
    continued: list[str] | None = None  # the other commits that it was resumed on
    backend: Literal["tensorflow", "jax"]
    device: str
    versions: dict[str, str]
    started: str  # ISO 8601, UTC
    wall_seconds: PositiveFloat
    steps: PositiveInt
    curves: dict[str, list[int | float]] | None = None  # as sslzoo.zoo.log.curves gives them
    metrics: list[dict[str, JsonValue]]  # one record per evaluation, as sslzoo.evaluate returns it
    transfer: list[TransferRow] | None = None  # of `sslzoo eval --transfer --record`
    speed: Speed | None = None  # of `sslzoo eval --speed --record`
    weights: Weights
