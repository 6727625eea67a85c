"""What the keys of a zoo entry are made of."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator
from pydantic_core import PydanticCustomError

from sslzoo.errors import nearest


class Strict(BaseModel):
    """A frozen record that refuses unknown keys (with the nearest allowed one) and wrong types (no
    coercion).

    Example:
        >>> from sslzoo.zoo.strict import Strict
        >>> class Point(Strict):
        ...     x: int
        >>> Point(x=1, y=2)  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        pydantic.ValidationError: unknown key 'y'
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def refuse_unknown_keys(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        for key in data:
            if key not in cls.model_fields:
                near = nearest(key, cls.model_fields, most=1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                raise PydanticCustomError(
                    "unknown_key",
                    "{hint}allowed keys: {allowed}",
                    {
                        "key": str(key),
                        "value": data[key],
                        "hint": hint,
                        "allowed": ", ".join(cls.model_fields),
                    },
                )
        return data


class Source(Strict):
    """A data set, its split and the options of `sslzoo.data.load`; `sslzoo.zoo.sources` says when
    `image_size` matters.

    Example:
        >>> from sslzoo.zoo.strict import Source
        >>> Source(name="digits", split="train").on_error
        'raise'
    """

    name: str
    split: str
    image_size: PositiveInt | None = None
    on_error: Literal["raise", "skip"] = "raise"  # unreadable files of a folder of images
    labels: str | None = None  # a CSV of paths and labels: its files are train, others unlabeled
    hold_out: Annotated[float, Field(gt=0, lt=1)] | None = None  # share of train that becomes test
    per_class: PositiveInt | None = None  # only the first so many rows of each class
    # share of the split that is kept apart, as the split "train[validation]"
    validation: Annotated[float, Field(gt=0, lt=1)] | None = None

    def options(self) -> dict[str, Any]:
        """Keyword arguments of `sslzoo.data.load` beside the name and the split."""
        return self.model_dump(exclude={"name", "split"}, exclude_none=True)
