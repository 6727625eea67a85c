"""What a config may name and files define: samplers and protocols, with their settings.

Their keys are the parameters of their functions, so that a new file needs no entry here.
"""

import inspect
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from sslzoo.data import streams
from sslzoo.errors import unknown
from sslzoo.evaluate import protocols
from sslzoo.zoo.strict import Source, Strict

# Data of one role, or several named sets of it.
Role = Source | dict[str, Source]


class Sampler(Strict):
    """How batches are drawn, by a sampler of `sslzoo.data.streams` with its settings.

    Example:
        >>> from sslzoo.zoo.found import SAMPLERS
        >>> SAMPLERS["class_balanced"](name="class_balanced", classes=4).settings()["classes"]
        4
    """

    name: str

    def settings(self) -> dict[str, Any]:
        """Keyword arguments of the sampler."""
        return self.model_dump(exclude={"name"})

    def takes_batch_size(self) -> bool:
        """Whether the batch_size of the config says how large its batches are."""
        return "batch_size" in inspect.signature(streams.find(self.name)).parameters


class Protocol(Strict):
    """One evaluation at the end of training: a protocol of `sslzoo.evaluate` with its data and
    settings.

    Example:
        >>> from sslzoo.zoo.found import PROTOCOLS
        >>> from sslzoo.zoo.strict import Source
        >>> test = Source(name="digits", split="test")
        >>> len(PROTOCOLS["accuracy"](protocol="accuracy", test=test).sources())
        1
    """

    protocol: str

    def sources(self) -> list[Role]:
        """The data, in the order in which `sslzoo.evaluate.<protocol>` takes it."""
        return [getattr(self, role) for role in protocols.roles(self.protocol)]

    def settings(self) -> dict[str, Any]:
        """The settings beside the data, as keyword arguments of `sslzoo.evaluate.<protocol>`."""
        roles = protocols.roles(self.protocol)
        return self.model_dump(exclude={"protocol", *roles}, exclude_none=True)


def _fields(parameters: dict[str, tuple]) -> dict[str, tuple]:
    """{parameter: (annotation, default)} of a signature, for pydantic."""
    empty = inspect.Parameter.empty
    return {k: (kind, ... if value is empty else value) for k, (kind, value) in parameters.items()}


def _sampler(name: str) -> type[Sampler]:
    settings = _fields(streams.settings(name))
    return create_model(name, __base__=Sampler, name=(Literal[name], ...), **settings)


def _protocol(name: str) -> type[Protocol]:
    settings = _fields(protocols.settings(name))
    roles = {role: (Role, ...) for role in protocols.roles(name)}
    base = {"protocol": (Literal[name], ...), **roles, **settings}
    return create_model(name, __base__=Protocol, **base)


SAMPLERS = {name: _sampler(name) for name in streams.names()}
PROTOCOLS = {name: _protocol(name) for name in protocols.names() if protocols.data(name) != "tasks"}
AnySampler = Annotated[reduce(or_, SAMPLERS.values()), Field(discriminator="name")]
AnyProtocol = Annotated[reduce(or_, PROTOCOLS.values()), Field(discriminator="protocol")]


def with_settings(
    config: Any,
    protocol: str | None = None,
    data: str | None = None,
    settings: dict | None = None,
) -> Protocol:
    """The protocol of a config (by default its first), with other data or settings than it lists.

    Args:
        config: a `ZooConfig`, or None for a model that has none.
        protocol: a name of `sslzoo.evaluate.protocols`.
        data: the name of a data set, whose splits "train" and "test" are taken.
        settings: {name: value}.

    Raises:
        ValueError: a protocol that does not exist or cannot be repeated, a setting that it does not
        have, or data that it takes in another way.

    Example:
        >>> import sslzoo
        >>> config = sslzoo.info("simclr_resnet20.digits").config
        >>> with_settings(config, settings={"k": 5}).k
        5
    """
    evaluations = config.evaluate if config else []
    protocol = protocol or (evaluations[0].protocol if evaluations else "knn")
    if protocol not in protocols.names():
        raise ValueError(unknown("protocol", protocol, PROTOCOLS))
    if protocol not in PROTOCOLS:
        raise ValueError(
            f"protocol: {protocol} is measured while the tasks are learned: `sslzoo train` does it."
        )
    listed = next((entry for entry in evaluations if entry.protocol == protocol), None)
    roles = protocols.roles(protocol)
    allowed = list(protocols.settings(protocol))
    changes = dict(settings or {})
    for key in changes:
        if key not in allowed:
            has = f"which has {', '.join(allowed)}" if allowed else "which has none"
            raise ValueError(f"{key}: not a setting of {protocol}, {has}.")
    if data is not None or listed is None:
        changes |= _splits(config, protocol, roles, data)
    # Settings are not validated here: the function of the protocol does it, for every caller.
    if listed:
        return listed.model_copy(update=changes)
    return PROTOCOLS[protocol].model_construct(protocol=protocol, **changes)


def _splits(config: Any, protocol: str, roles: tuple, data: str | None) -> dict[str, Source]:
    """{role: that split of a data set}."""
    if not set(roles) <= {"train", "test"}:
        raise ValueError(f"data: {protocol} takes {', '.join(roles)}, which a config has to name.")
    if data is None and config is None:
        raise ValueError("data: missing; a saved model does not name any.")
    name = data or next(iter(config.sources().values())).name
    return {role: Source(name=name, split=role) for role in roles}
