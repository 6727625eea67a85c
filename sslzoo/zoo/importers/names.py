"""The classes and functions that a pickle may name, and what is made instead of calling them."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sslzoo.zoo.importers import numpy_values, torch_tensors
from sslzoo.zoo.importers.keys import checked_keys
from sslzoo.zoo.importers.opaque import Opaque
from sslzoo.zoo.importers.refusal import Refusal, quoted

MODULE = re.compile(r"[A-Za-z_][\w.<>]{0,199}")
# Nothing of these would be executed either; a file that asks for them means harm.
HARMFUL_MODULES = {
    *("os", "posix", "nt", "subprocess", "_posixsubprocess", "sys", "shutil", "pty", "socket"),
    *("importlib", "runpy", "ctypes", "pickle", "_pickle", "marshal", "webbrowser"),
    *("pip", "asyncio", "multiprocessing", "timeit", "pdb", "bdb", "cProfile"),
    *("requests", "urllib", "http", "ftplib", "smtplib", "pydoc", "doctest"),
}
HARMFUL_BUILTINS = {
    *("eval", "exec", "compile", "open", "input", "__import__", "execfile", "apply", "file"),
    *("setattr", "delattr", "globals", "locals", "vars", "breakpoint", "exit", "quit", "map"),
}
HARMFUL = {
    *(("torch", "load"), ("torch.hub", "load"), ("torch.serialization", "load")),
    *(("numpy", "load"), ("torch.jit", "load"), ("numpy.testing._private.utils", "runstring")),
}


class Known(NamedTuple):
    """A function of a pickle. `make` checks its arguments, and never runs the original.

    >>> Known("torch.Size", tuple).name
    'torch.Size'
    """

    name: str
    make: Callable[..., Any]


def find(module: Any, name: Any) -> Any:
    """What stands for `module.name`. Nothing is imported.

    Raises:
        Refusal: what only harms.

    >>> find("argparse", "Namespace")
    <argparse.Namespace, not read>
    """
    if not (isinstance(module, str) and isinstance(name, str) and MODULE.fullmatch(module)):
        raise Refusal("a name that is none", "name classes by their modules")
    if not MODULE.fullmatch(name):
        raise Refusal(f"the name {quoted(name)}", "name classes by their modules")
    builtin = module in ("builtins", "__builtin__")
    if (builtin and name.split(".")[0] in HARMFUL_BUILTINS) or (module, name) in HARMFUL:
        raise _harmful(module, name)
    if module.split(".")[0] in HARMFUL_MODULES:
        raise _harmful(module, name)
    if module == "torch" and name.endswith("Storage"):
        return torch_tensors.StorageType.named(name) or Opaque(f"{module}.{name}")
    full = f"{'builtins' if builtin else module}.{name}"
    if full in KNOWN:
        return Known(full, KNOWN[full])
    return Opaque(full)


def call(function: Any, arguments: Any) -> Any:
    """What a pickle wants to make: a plain value or an array, else an `Opaque`.

    >>> call(find("collections", "OrderedDict"), ())
    {}
    """
    if not isinstance(arguments, tuple):
        raise Refusal(f"a call with {type(arguments).__name__}", "have a tuple of arguments")
    if isinstance(function, Opaque):
        return _record(function, arguments)
    if not isinstance(function, Known):
        raise Refusal(f"a call of {type(function).__name__}", "hold tensors and plain values")
    try:
        return function.make(*arguments)
    except (TypeError, ValueError, LookupError) as error:
        reason = quoted(f"{function.name}: {error}")
        raise Refusal(f"wrong arguments of {reason}", "be written by its library") from error


def build(target: Any, state: Any) -> None:
    """Give an object of the pickle its state.

    >>> build({}, {"_metadata": {}})  # of torch's OrderedDict; nothing needs it
    """
    if isinstance(target, Opaque):
        target.state = state
    elif isinstance(target, numpy_values.Dtype):
        target.set_state(state)
    elif isinstance(target, np.ndarray):
        numpy_values.fill(target, state)
    elif type(target) is not dict:
        raise Refusal(f"a state for {type(target).__name__}", "hold tensors and plain values")


def _harmful(module, name):
    asked = quoted(f"{module}.{name}")
    return Refusal(
        f"a pickle that asks for {asked}, of which nothing was executed",
        "hold tensors and plain values; do not trust this file",
    )


def _record(function, arguments):
    """Haiku's maps become dicts, BYOL's state one of its fields; all else stays as it is."""
    plain = len(arguments) == 1 and isinstance(arguments[0], dict)
    if function.name in HAIKU_MAPS and plain:
        return arguments[0]
    if function.name.endswith("._ByolExperimentState") and len(arguments) == len(BYOL_FIELDS):
        return dict(zip(BYOL_FIELDS, arguments, strict=True))
    return Opaque(function.name, arguments)


HAIKU_MAPS = [
    f"haiku._src.data_structures.{name}" for name in ("FlatMapping", "FlatMap", "frozendict")
]
BYOL_FIELDS = ("online_params", "target_params", "online_state", "target_state", "opt_state")


def _dict(pairs=()):
    """OrderedDict() or, of Python 2, OrderedDict([[key, value], ...])."""
    if not isinstance(pairs, (list, tuple)):
        raise ValueError("a list of pairs is needed")
    return dict(
        zip(checked_keys([key for key, _ in pairs]), [value for _, value in pairs], strict=True)
    )


def _set(items=()):
    if not isinstance(items, list):
        raise ValueError("a list is needed")
    return set(checked_keys(items))


def _size(sizes=()):
    if not isinstance(sizes, tuple) or not all(type(size) is int for size in sizes):
        raise ValueError("integers are needed")
    return sizes


KNOWN = {
    "collections.OrderedDict": _dict,
    "collections.defaultdict": lambda factory=None: {},
    "builtins.set": _set,
    "builtins.bytes": lambda: b"",
    "_codecs.encode": numpy_values.encode,
    "torch.Size": _size,
    "torch._utils._rebuild_tensor": torch_tensors.rebuild,
    "torch._utils._rebuild_tensor_v2": torch_tensors.rebuild_v2,
    "torch._utils._rebuild_parameter": lambda data, requires_grad, hooks: data,
    "numpy.dtype": numpy_values.dtype,
    "numpy.ndarray": lambda: Opaque("numpy.ndarray"),
    "numpy.core.multiarray._reconstruct": numpy_values.reconstruct,
    "numpy._core.multiarray._reconstruct": numpy_values.reconstruct,
    "numpy.core.multiarray.scalar": numpy_values.scalar,
    "numpy._core.multiarray.scalar": numpy_values.scalar,
}
