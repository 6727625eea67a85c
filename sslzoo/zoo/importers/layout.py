"""From the names of a published checkpoint to the variables of a network here."""

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from sslzoo.checks import refused
from sslzoo.zoo.importers.refusal import quoted

PARTS = {"gamma": "weight", "kernel": "weight", "alpha": "weight", "beta": "bias"}
PARTS |= {"moving_mean": "running_mean", "moving_variance": "running_var"}
COUNTS = r"num_batches_tracked$"


class Layout(NamedTuple):
    """Attributes:
        rules: (pattern, replacement) in turn, from our name of a layer to the published one.
        prefixes: what stands before all names; the first that occurs counts.
        dropped: patterns of whole names that are left out on purpose.
        exact: {our variable: published name}, instead of the rules.

    >>> Layout((("^first", "neck.0"),)).name("first/kernel")
    'neck.0.weight'
    """

    rules: tuple[tuple[str, str | Callable], ...]
    prefixes: tuple[str, ...] = ("module.", "_orig_mod.", "")
    dropped: tuple[str, ...] = ()
    exact: dict[str, str] = {}

    def name(self, path: str) -> str:
        """The published name of a variable, by the path of its layer and itself."""
        layer, part = path.split("/")[-2:]
        if f"{layer}/{part}" in self.exact:
            return self.exact[f"{layer}/{part}"]
        for pattern, name in self.rules:
            layer = re.sub(pattern, name, layer)
        return f"{layer}.{'gamma' if '.ls' in layer else PARTS.get(part, part)}"


def fill(
    variables: Iterable[Any], arrays: dict[str, np.ndarray], layout: Layout, file: str
) -> None:
    """Assign every variable its tensor; each tensor is used once or dropped on purpose.

    Args:
        variables: of a network. arrays: {published name: tensor}.
        layout: how they are named. file: names them in errors.

    Raises:
        ValueError: tensors are missing, left over, or of another shape, or not finite. No variable
            has changed then.

    >>> import keras
    >>> variable = keras.Variable(np.zeros((2, 1), "float32"), name="kernel")
    >>> fill([], {"fc.bias": np.zeros(1)}, Layout((), dropped=("fc",)), "net.pth")
    """
    prefix = next((p for p in layout.prefixes if any(key.startswith(p) for key in arrays)), "")
    wanted = {prefix + layout.name(variable.path): variable for variable in variables}
    dropped = re.compile("|".join((COUNTS, *layout.dropped)))
    left = [key for key in arrays if key not in wanted and not dropped.search(key)]
    missing = [key for key in wanted if key not in arrays]
    values = {k: to_ours(arrays[k], v) for k, v in wanted.items() if k in arrays}
    shapes = [
        f"{key} {arrays[key].shape}"
        for key, value in values.items()
        if value is None or value.shape != tuple(wanted[key].shape)
    ]
    problems = {"missing": missing, "left over": left, "of another shape": shapes}
    found = [f"{len(names)} {what} ({_some(names)})" for what, names in problems.items() if names]
    if found:
        needed = "hold exactly the network that the config describes"
        raise refused(file, f"a checkpoint with tensors {', '.join(found)}", needed)
    for key, value in values.items():
        if not np.isfinite(value).all():
            raise refused(file, f"NaN or infinity in {key}", "hold finite weights")
    for key, variable in wanted.items():
        variable.assign(values[key])


def to_ours(array: np.ndarray, variable: Any) -> np.ndarray | None:
    """A tensor of torch in the layout of a variable here; None where its rank is another.

    >>> import keras
    >>> kernel = keras.Variable(np.zeros((3, 2), "float32"), name="kernel")
    >>> to_ours(np.zeros((2, 3)), kernel).shape
    (3, 2)
    """
    path, rank = variable.path, len(variable.shape)
    if "prelu" in path and array.size == np.prod(variable.shape):
        return array.reshape(variable.shape)
    if array.ndim != rank:
        return None
    if rank == 4:  # (H, W, in, out) of (out, in, H, W)
        array = array.transpose(2, 3, 1, 0)
    elif rank == 2:  # (in, out) of (out, in)
        array = array.T
    if "upsample" in path and "conv" in path and array.shape[-1] % 4 == 0:
        *sizes, channels = array.shape  # torch's pixel shuffle has the channel outermost
        array = np.swapaxes(array.reshape(*sizes, channels // 4, 4), -1, -2)
        array = array.reshape(*sizes, channels)
    return array


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(quoted(name)[1:-1] for name in names[:3]) + more
