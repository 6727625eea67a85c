"""From the names of a published checkpoint to the variables of a network here."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from sslzoo.checks import refused
from sslzoo.zoo.importers.refusal import quoted

TORCH = {"gamma": ".weight", "kernel": ".weight", "alpha": ".weight", "beta": ".bias"}
TORCH |= {"moving_mean": ".running_mean", "moving_variance": ".running_var", "bias": ".bias"}
COUNTS = r"num_batches_tracked$"


class Layout(NamedTuple):
    """Attributes:
        rules: (pattern, replacement) in turn, from our name of a layer to the published one.
        prefixes: what stands before all names; the first that occurs counts.
        dropped: patterns of whole names that are left out on purpose.
        exact: {our variable: published name}, instead of the rules.
        prepare: what is done first to {name: tensor} of the file: other names, tensors joined.
        layers: {our layer: published layer} of all our layers, for names that count them; instead
            of the rules.
        parts: {our name in a layer: what follows the published name of the layer}.
        torch: whether the axes of tensors are in torch's order, not in TensorFlow's.

    >>> Layout((("^first", "neck.0"),)).name("first/kernel")
    'neck.0.weight'
    """

    rules: Sequence[tuple[str, str | Callable]]
    prefixes: Sequence[str] = ("module.", "_orig_mod.", "")
    dropped: Sequence[str] = ()
    exact: Mapping[str, str] = {}
    prepare: Callable[[dict], dict] = dict
    layers: Callable[[Iterable[str]], dict[str, str]] | None = None
    parts: Mapping[str, str] = TORCH
    torch: bool = True

    def name(self, path: str) -> str:
        """The published name of a variable, by the path of its layer and itself."""
        layer, part = path.split("/")[-2:]
        if f"{layer}/{part}" in self.exact:
            return self.exact[f"{layer}/{part}"]
        for pattern, name in self.rules:
            layer = re.sub(pattern, name, layer)
        return layer + (".gamma" if ".ls" in layer else self.parts.get(part, f".{part}"))

    def names(self, paths: Sequence[str]) -> list[str]:
        """The published names of all variables of a network, by their paths.

        >>> Layout((("^first", "neck.0"),)).names(["first/kernel", "first/bias"])
        ['neck.0.weight', 'neck.0.bias']
        """
        if self.layers is None:
            return [self.name(path) for path in paths]
        places = [path.split("/")[-2:] for path in paths]
        layers = self.layers(dict.fromkeys(layer for layer, _ in places))
        return [layers[layer] + self.parts.get(part, f"/{part}") for layer, part in places]

    def wanted(self, variables: Iterable[Any], arrays: Iterable[str]) -> dict[str, Any]:
        """{published name: variable} of a network, behind the prefix that the names of the file
        have.

        >>> Layout(()).wanted([], ["neck.0.weight"])
        {}
        """
        variables = list(variables)
        prefix = next((p for p in self.prefixes if any(key.startswith(p) for key in arrays)), "")
        names = self.names([variable.path for variable in variables])
        return {prefix + name: variable for name, variable in zip(names, variables, strict=True)}


class Networks(NamedTuple):
    """All networks of a method in one file: backbone, heads, and their moving averages.

    Queues and slots of optimizers are dropped on purpose: published weights hold neither. A queue
    fills in the first steps.

    Attributes:
        layouts: {attribute of the method: its layout}, for methods that have all of them.
        dropped: patterns of whole names that are left out on purpose.
        parts: what the file keeps apart, such as "student" and "teacher". Its tensors are named
            "student/" and so on here.
        prepare: what is done first to {name: tensor} of the file, or of each part.

    >>> Networks({"backbone": Layout(())}).parts
    ()
    """

    layouts: Mapping[str, Layout]
    dropped: Sequence[str] = ()
    parts: Sequence[str] = ()
    prepare: Callable[[dict], dict] = dict

    def tensors(self, read: Callable[[str | None], dict]) -> dict[str, np.ndarray]:
        """{name: tensor} of all parts, of a function that reads one of them.

        >>> Networks({}, parts=("student", "teacher")).tensors(lambda part: {"w": len(part)})
        {'student/w': 7, 'teacher/w': 7}
        """
        if not self.parts:
            return self.prepare(read(None))
        parts = {part: self.prepare(read(part)) for part in self.parts}
        return {f"{part}/{name}": array for part in parts for name, array in parts[part].items()}


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
    arrays = layout.prepare(arrays)
    wanted = layout.wanted(variables, arrays)
    _assign(wanted, arrays, layout.dropped, layout.torch, file)


def fill_networks(
    method: Any, arrays: dict[str, np.ndarray], networks: Networks, file: str
) -> None:
    """As `fill`, for all networks of a method.

    Args:
        method: has the attributes of `networks.layouts`.
        arrays: {published name: tensor}, of `networks.tensors`.
        networks: how they are named. file: names them in errors.

    Raises:
        ValueError: as of `fill`.

    >>> fill_networks(None, {"queue": np.zeros(1)}, Networks({}, dropped=("queue",)), "net.pth")
    """
    wanted = {}
    for attribute, layout in networks.layouts.items():
        wanted |= layout.wanted(getattr(method, attribute).weights, arrays)
    torch = all(layout.torch for layout in networks.layouts.values())
    _assign(wanted, arrays, networks.dropped, torch, file)


def _assign(wanted, arrays, dropped, torch, file):
    dropped = re.compile("|".join((COUNTS, *dropped)))
    left = [key for key in arrays if key not in wanted and not dropped.search(key)]
    missing = [key for key in wanted if key not in arrays]
    values = {k: to_ours(arrays[k], v, torch) for k, v in wanted.items() if k in arrays}
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


def to_ours(array: np.ndarray, variable: Any, torch: bool = True) -> np.ndarray | None:
    """A tensor in the layout of a variable here; None where its rank is another.

    Args:
        array: the tensor. variable: of the network here.
        torch: whether its axes are in torch's order, not in TensorFlow's.

    >>> import keras
    >>> kernel = keras.Variable(np.zeros((3, 2), "float32"), name="kernel")
    >>> to_ours(np.zeros((2, 3)), kernel).shape
    (3, 2)
    """
    path, rank = variable.path, len(variable.shape)
    if "prelu" in path and array.size == np.prod(variable.shape):
        return array.reshape(variable.shape)
    if rank == 1 and max(array.shape, default=0) == array.size:  # Haiku: (1, 1, 1, C)
        array = array.reshape(-1)
    if array.ndim != rank or not torch:
        return array if array.ndim == rank else None
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
