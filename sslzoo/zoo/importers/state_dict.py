"""Where the network lies in a checkpoint."""

import os
from typing import Any

import numpy as np

from sslzoo.checks import refused
from sslzoo.zoo.importers.opaque import kind_of
from sslzoo.zoo.importers.reading import read
from sslzoo.zoo.importers.refusal import quoted

# In this order: DINO's full checkpoint has a teacher and a student.
PLACES = (
    ("state_dict",),
    ("model",),
    ("teacher",),
    ("classy_state_dict", "base_model", "model", "trunk"),
    ("model_state_dict",),
    ("params_ema",),
    ("params",),
)


def tensors(path: str | os.PathLike, part: str | None = None) -> dict[str, np.ndarray]:
    """{name: array} of the network in a checkpoint file, with the names that its authors gave.

    The state dict may be the whole file or lie where the usual programs put it: `state_dict`,
    `model`, `teacher`, VISSL's trunk, BYOL's online network.

    Args:
        path: as of `parts`.
        part: one of several networks: "student" of DINO's full checkpoints, "target" of BYOL's.

    Raises:
        ValueError: as of `read`, or the file holds no state dict, or something else than a tensor
            in it; in one sentence. FileNotFoundError: there is no such file.

    >>> import pickle, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "net.pkl")
    ...     with open(path, "wb") as file:
    ...         pickle.dump({"epoch": 3, "state_dict": {"w": np.zeros(2)}}, file, protocol=2)
    ...     tensors(path)
    {'w': array([0., 0.])}
    """
    value = read(path)
    byol = [("experiment_state", f"{part or 'online'}_{kind}") for kind in ("params", "state")]
    maps = [_inside(value, place) for place in byol]
    if all(isinstance(one, dict) for one in maps):
        return _flat(maps, path)
    for place in ((part,),) if part else PLACES:
        network = _inside(value, place)
        if isinstance(network, dict):
            return _checked(network, path)
    if not part and isinstance(value, dict) and any(map(_is_tensor, value.values())):
        return _checked(value, path)
    kind = kind_of(value)
    names = f" with {quoted(list(value)[:5])}" if isinstance(value, dict) else ""
    needed = f"hold the part {part}" if part else "hold a state dict, as of `model.state_dict()`"
    raise refused(str(path), f"a {kind}{names}", needed)


def _inside(value: Any, place: tuple) -> Any:
    for key in place:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _checked(part, path):
    if not part:
        raise refused(str(path), "an empty state dict", "hold tensors")
    for name, value in part.items():
        if not isinstance(name, str) or not isinstance(value, np.ndarray):
            got = f"a {kind_of(value)} as {quoted(name)}"
            raise refused(str(path), got, "hold tensors alone in its state dict")
    return part


def _flat(maps, path):
    """Haiku's {module: {name: array}} as {module/name: array}."""
    flat = {}
    for one in maps:
        for module, values in one.items():
            if not isinstance(values, dict):
                raise refused(str(path), f"a {kind_of(values)}", "hold modules with arrays")
            for name, value in values.items():
                if f"{module}/{name}" in flat:
                    raise refused(str(path), f"{quoted(name)} twice", "name each array once")
                flat[f"{module}/{name}"] = value
    return _checked(flat, path)


def _is_tensor(value):
    return isinstance(value, np.ndarray) or kind_of(value).startswith("torch.")
