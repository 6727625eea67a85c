"""A model in the formats of other runtimes: one file of each verb that takes items."""

import importlib
import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from sslzoo.checks import one_of, refused

FORMATS = ("onnx", "litert", "openvino")
EXACT = 1e-4  # relative difference from the verb in float32
COUNT = 4  # items that are compared


def check(model: keras.Model, format: str) -> None:
    """Refuse what cannot be written, before any work.

    Raises:
        ValueError: another format, one whose packages are not installed, or a model without a verb
            that takes items.

    Example:
        >>> import sslzoo
        >>> from sslzoo.serving import formats
        >>> formats.check(sslzoo.build("simclr", "micro", 8), "coreml")
        Traceback (most recent call last):
        ValueError: format: got 'coreml'; it must be one of 'onnx', 'litert', 'openvino'.
    """
    module = _module(one_of("format", format, FORMATS))
    missing = [name for name in module.NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        got = f"{format}, and {missing[0]} is not installed"
        raise refused("format", got, f"have its packages: pip install sslzoo[{format}]")
    if not _verbs(model):
        needed = f"have one that takes items, which {format} can hold"
        raise refused("verbs", ", ".join(model.verbs), needed)


def write(model: keras.Model, folder: Path, format: str) -> dict[str, dict]:
    """Write a file of each verb that takes items, and compare what it computes, read again, with
    the verb: `model.onnx` of the first, `<verb>.onnx` of the others. Verbs that draw are left out.

    Args:
        folder: where they go.
        format: one of `FORMATS`.

    Returns:
        {file: {"verb", "inputs": {field: {"name", "shape", "dtype"}}, "outputs": {result: the
        same}}}. A shape has None where anything goes.

    Raises:
        RuntimeError: the format cannot hold a verb, or the file computes something else.

    Example:
        >>> from sslzoo.serving import formats
        >>> list(formats.write(model, Path("digits"), "onnx"))  # doctest: +SKIP
        ['model.onnx']
    """
    module, verbs = _module(format), _verbs(model)
    files = {}
    for verb in verbs:
        name = "model" if verb == verbs[0] else verb
        path = folder / f"{name}{module.SUFFIX}"
        files[path.name] = {"verb": verb, **_write_verb(model, verb, module, path)}
    return files


def _module(format: str) -> Any:
    return importlib.import_module(f"{__name__}.{format}")


def _verbs(model: keras.Model) -> list[str]:
    return [verb for verb, settings in model.verbs.items() if not settings.draws]


def _write_verb(model: keras.Model, verb: str, module: Any, path: Path) -> dict:
    """Of any number of items; of one where the format cannot."""
    from sslzoo.serving.formats.graph import graph

    format = module.__name__.rpartition(".")[2]
    for any_shape in (True, False):
        traced = graph(model, verb, any_shape)
        try:
            module.write(traced, path)
            _compare(model, verb, traced, module.opened(path))
            break
        except (OSError, MemoryError):
            raise
        except Exception as error:  # converters have no kinds of their own
            reason = " ".join(str(error).split())[:300]
    else:
        name = type(model).__name__
        raise RuntimeError(f"export: {format} cannot hold {verb} of {name} ({reason}).")
    if not any_shape:
        warnings.warn(
            f"export: {path.name} takes one item at a time, of shape {traced.specs[0].shape}: "
            f"{format} cannot hold {verb} for any number.",
            stacklevel=5,
        )
    inputs = {spec.name: _described(spec) for spec in traced.specs}
    outputs = {result: _described(spec) for result, spec in traced.outputs.items()}
    return {"inputs": inputs, "outputs": outputs}


def _described(spec: Any) -> dict:
    return {"name": spec.name, "shape": spec.shape.as_list(), "dtype": spec.dtype.name}


def _compare(model: keras.Model, verb: str, traced: Any, run: Callable) -> None:
    """Raise RuntimeError where a file that was read again differs from the verb."""
    from sslzoo.serving import saved_model

    any_size = any(None in spec.shape[1:] for spec in traced.specs)
    count = traced.specs[0].shape[0] or COUNT
    for more in (0, saved_model.LARGER) if any_size else (0,):
        items = model.reads.examples(count, more=more)
        answer = run(model.reads.named(items))
        for result, reference in saved_model.asked(model, verb, items).items():
            computed = answer[traced.outputs[result].name]
            allowed = max(EXACT, saved_model.allowed(model))
            saved_model.compare(f"{verb} of the file", verb, computed, reference, allowed)
