"""The evaluations that a zoo entry may list: the protocols of `sslzoo.evaluate`, their data and settings."""

from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from sslzoo.zoo.strict import Source, Strict


class Protocol(Strict):
    """One evaluation at the end of training: a protocol of `sslzoo.evaluate` with its data and settings."""

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
    fraction: Annotated[float, Field(gt=0, le=1)] | None = None  # of the labels of every class; neither: all of them
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
    queries: PositiveInt = 1
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
    KNN | LinearProbe | FineTune | Accuracy | FewShot | Retrieval | Verification | SuperResolution | Incremental,
    Field(discriminator="protocol"),
]
