"""What the keys of a zoo entry are made of."""

import difflib
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, PositiveInt, model_validator
from pydantic_core import PydanticCustomError


class Strict(BaseModel):
    """A frozen record that refuses unknown keys (with the nearest allowed one) and wrong types (no
    coercion).

    Example:
        >>> from sslzoo.zoo.strict import Source, Strict
        >>> issubclass(Source, Strict)
        True
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def refuse_unknown_keys(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        for key in data:
            if key not in cls.model_fields:
                near = difflib.get_close_matches(str(key), cls.model_fields, n=1)
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
    """A data set and its split, as `sslzoo.data.load` takes them; `sslzoo.zoo.sources` says when
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
