"""The evaluations that a zoo entry may list: the protocols of `sslzoo.evaluate`, their data and
settings.
"""

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from sslzoo.errors import unknown
from sslzoo.zoo.strict import Source, Strict


class Protocol(Strict):
    """One evaluation at the end of training: a protocol of `sslzoo.evaluate` with its data and
    settings.
    """

    protocol: str
    test: Source

    def sources(self):
        """The data, in the order in which `sslzoo.evaluate.<protocol>` takes it."""
        return [self.test]

    def settings(self):
        """The settings beside the data, as keyword arguments of `sslzoo.evaluate.<protocol>`."""
        return self.model_dump(exclude={"protocol", "train", "test"}, exclude_none=True)


class Transfer(Protocol):
    """A protocol that learns from features of `train`."""

    train: Source

    def sources(self):
        return [self.train, self.test]


class KNN(Transfer):
    protocol: Literal["knn"]
    k: PositiveInt = 200
    temperature: PositiveFloat = 0.1


class LinearProbe(Transfer):
    protocol: Literal["linear_probe"]
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1
    seed: NonNegativeInt = 0


class FineTune(Transfer):
    protocol: Literal["finetune"]
    # of the labels of every class; neither: all of them
    fraction: Annotated[float, Field(gt=0, le=1)] | None = None
    labels_per_class: PositiveInt | None = None
    epochs: PositiveInt | None = None
    augment: Any = None  # None: the protocol's own, which flips
    seed: NonNegativeInt = 0


class Accuracy(Protocol):
    protocol: Literal["accuracy"]


class FewShot(Protocol):
    protocol: Literal["few_shot"]
    ways: PositiveInt
    shots: PositiveInt
    queries: PositiveInt = 15
    episodes: PositiveInt = 600
    seed: NonNegativeInt = 0


class Retrieval(Protocol):
    protocol: Literal["retrieval"]


class Verification(Protocol):
    protocol: Literal["verification"]
    seed: NonNegativeInt = 0


class SuperResolution(Protocol):
    protocol: Literal["super_resolution"]


class Incremental(Protocol):
    protocol: Literal["incremental"]


AnyProtocol = Annotated[
    KNN
    | LinearProbe
    | FineTune
    | Accuracy
    | FewShot
    | Retrieval
    | Verification
    | SuperResolution
    | Incremental,
    Field(discriminator="protocol"),
]
PROTOCOLS = {
    get_args(cls.model_fields["protocol"].annotation)[0]: cls
    for cls in get_args(get_args(AnyProtocol)[0])
}


def with_settings(config, protocol=None, data=None, settings=None):
    """The protocol of a config (by default its first), with other data or settings than it lists.

    data: the name of a data set, whose splits "train" and "test" are taken. Raises ValueError for a
    protocol that does not exist or cannot be repeated, and for a setting that it does not have.
    """
    protocol = protocol or (config.evaluate[0].protocol if config.evaluate else "knn")
    if protocol not in PROTOCOLS:
        raise ValueError(unknown("protocol", protocol, PROTOCOLS))
    if protocol == "incremental":
        raise ValueError(
            "protocol: incremental is measured while the tasks are learned: `sslzoo train` does it."
        )
    cls = PROTOCOLS[protocol]
    own = next((entry for entry in config.evaluate if entry.protocol == protocol), None)
    allowed = [key for key in cls.model_fields if key not in ("protocol", "train", "test")]
    changes = dict(settings or {})
    for key in changes:
        if key not in allowed:
            has = f"which has {', '.join(allowed)}" if allowed else "which has none"
            raise ValueError(f"--{key.replace('_', '-')}: not a setting of {protocol}, {has}.")
    if data is not None or own is None:
        name = data or config.data.name
        changes |= {
            split: Source(name=name, split=split)
            for split in ("train", "test")
            if split in cls.model_fields
        }
    # Settings are not validated here: the function of the protocol does it, for every caller.
    return (
        own.model_copy(update=changes) if own else cls.model_construct(protocol=protocol, **changes)
    )
