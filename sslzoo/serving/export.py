"""A model -> a folder of one version, a SavedModel as TF Serving loads it or another format: whole
and checked, or not there at all.
"""

import importlib.metadata
import importlib.util
import json
import os
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import keras

import sslzoo
from sslzoo.checks import local_path, refused
from sslzoo.files import make_folder
from sslzoo.serving import formats

SAVED_MODEL = "tf_saved_model"  # Keras' name
VERSIONS = ("keras", "tensorflow", "numpy")  # that an export was written with


def export(
    model: keras.Model,
    filepath: str | Path,
    version: int | str = 1,
    warmup: bool = True,
    format: str = SAVED_MODEL,
    classes: Sequence[str] | None = None,
) -> Path:
    """Write `<filepath>/<version>`, a SavedModel that TF Serving serves and plain TensorFlow
    fine-tunes, or files for other runtimes.

    Signatures: for every verb of the model (`encode`, `classify`, ...), equal to `model.<verb>`,

    - `<verb>` takes the items: `images` uint8 (N, H, W, C) of any H and W, C 1 or 3; `series`
      float32 (N, T, F); `tokens` int32 (N, L); `vectors` float32 (N, D); `audio` float32 (N, T); or
      `nodes` float32 (G, N, F) with `edges` int32 (G, E, 2);
    - `<verb>_bytes`, of images alone, takes `image_bytes`: N encoded files of any sizes, JPEG, PNG,
      GIF (its first frame) or BMP (24 or 32 bits, not compressed). They become the pixels that
      `sslzoo.data` reads: turned as their EXIF orientation says, transparent pixels on white. A
      network of any size gets them one by one. One file that cannot be read fails the request.
      Pictures among the outputs are PNG files, and `_bytes` ends their names;
    - `<verb>_bytes_marked` answers the other files. Its output `readable`, bool (N,), is false for
      those that cannot be read; their rows are 0, pictures among the outputs empty;
    - `<verb>` that draws takes `n` and `seed`, two int32 numbers.

    The outputs have the names that the verb declares: that of `encode` is `embedding`, float32
    (N, D). `serving_default`, `serving_bytes` and `serving_bytes_marked` are the signatures of the
    first verb. A request of no item gets an empty answer. `upscale` computes large images in tiles,
    so that a request needs little more memory than a few copies of its answer.

    The object that `tf.saved_model.load` returns is TF Hub's reusable SavedModel where the model
    encodes: `obj(items, training=False)`, `variables`, `trainable_variables`,
    `regularization_losses`. Images are uint8, or float32 in [0, 1]; audio is float32 or int16; the
    items of a graph are a dict. With `training=True` BatchNorm uses the batch and updates its
    statistics. The object holds what the verbs need; other heads and targets stay behind.

    `assets.extra` holds warm-up requests for TF Serving and `sslzoo.json` (method, backbone, sizes,
    preprocessing, and the model as Keras serializes it, for `sslzoo.load(FOLDER)`). It also says
    where the weights come from: `origin` has the entry's name, licence, sha256 and commit, or is
    None for a model of your own. `versions` are those of the packages, and `classes` are names.

    Other formats are one file of each verb that takes items: `model.onnx`, `model.tflite`, or
    `model.xml` with `model.bin` of the first verb, `<verb>.onnx` of the others. `sslzoo.json` says
    which verb a file holds, and the names, shapes and dtypes of its inputs and outputs.
    They are those of the SavedModel, preprocessing included; an output that has the name of an
    input ends in `_out`. Where a format cannot hold a verb for any number of items, the file takes
    one of the network's size, with a warning. Each is read again by its runtime and compared.

    Args:
        model: a `Method`, on the TensorFlow backend.
        filepath: the folder of all versions, the one that TF Serving's `base_path` names.
        version: a whole number from 1, or "next": one above the largest there, which TF Serving
            then prefers.
        warmup: write the warm-up requests; they need `tensorflow-serving-api` (the extra
            `serving`).
        format: "tf_saved_model", or "onnx", "litert" or "openvino", each with the extra of its
            name.
        classes: names of the columns of `classify`, for `sslzoo.json`.

    Returns:
        The `Path` of the version's folder.

    Raises:
        RuntimeError: another backend; or the file, read again, does not compute what the verbs do.
        FileExistsError: that version is there already.
        ValueError: a model that has nothing to export, an impossible version, a format whose
            packages are not installed, weights that are not finite, or another number of classes.
        Whatever is raised, nothing of this export is left behind.

    Example:
        >>> import sslzoo, tempfile
        >>> from sslzoo.serving import export
        >>> model = sslzoo.build("simclr", "micro", 8)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     export(model, folder, version=3, warmup=False).name
        '3'
    """
    _check_model(model)
    if format != SAVED_MODEL:
        formats.check(model, format)
    about = {"classes": None if classes is None else _named(model, classes)}
    filepath = local_path("filepath", filepath)
    target = filepath / str(_version(filepath, version))
    if target.exists():
        raise FileExistsError(
            f'export: {target} exists; remove it, or give another version or version="next".'
        )
    created = [folder for folder in (filepath, *filepath.parents) if not folder.exists()]
    try:
        _write(model, filepath, target, warmup, format, about)
    except BaseException:
        for folder in created:
            if folder.exists() and not any(folder.iterdir()):
                folder.rmdir()
        raise
    return target


def _check_model(model):
    """Refuse what cannot be exported, before any work."""
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            f"export: the backend is {keras.backend.backend()}, an export needs tensorflow: "
            "save the weights and load them in a process with KERAS_BACKEND=tensorflow."
        )
    name = type(model).__name__
    if not hasattr(model, "verbs"):
        raise ValueError(f"model: got {name}; needed a method of sslzoo, which has verbs.")
    if not model.verbs:
        raise ValueError(f"verbs: got none; an export of {name} needs at least one.")
    for verb, settings in model.verbs.items():
        if not hasattr(model, f"{verb}_graph"):
            raise ValueError(f"verbs: got {verb} of {name}; needed its {verb}_graph.")
        if not settings.draws and not model.reads.specs():
            kind = type(model.reads).__name__
            raise ValueError(f"reads: got {kind}, which a SavedModel cannot take; needed specs.")


def _named(model, classes):
    """The names of the classes, one for each column of `classify`."""
    if "classify" not in model.verbs:
        raise refused("classes", "names", f"be left out: {type(model).__name__} has no classify")
    columns = model.classify(model.reads.examples(1)).shape[1]
    if len(classes) != columns:
        raise refused("classes", f"{len(classes)} names", f"be {columns}, one of each class")
    return list(classes)


def _write(model, filepath, target, warmup, format, about):
    make_folder(filepath)
    # On the same disk, so that a rename is enough; TF Serving passes over names that are not
    # numbers.
    with tempfile.TemporaryDirectory(dir=filepath, prefix=f".{target.name}.") as folder:
        written = Path(folder) / target.name
        if format == SAVED_MODEL:
            _write_saved_model(model, written, warmup, about)
        else:
            written.mkdir()
            files = formats.write(model, written, format)
            _describe(model, written, about | {"format": format, "files": files})
        _flush(written)
        written.rename(target)
        _flush_entry(filepath)


def _write_saved_model(model, folder, warmup, about):
    from sslzoo.serving import saved_model

    places = saved_model.save(model, folder)
    saved_model.check(model, folder)
    extra = folder / "assets.extra"
    extra.mkdir()
    _describe(model, extra, about | {"variables": places})
    if warmup:
        _write_warmup(model, extra)


def _describe(model, folder, more):
    text = json.dumps(description(model) | more, indent=1)
    (folder / "sslzoo.json").write_text(text + "\n")


def _version(filepath, version):
    if version == "next":
        taken = [int(folder.name) for folder in filepath.glob("*") if folder.name.isdecimal()]
        return max(taken, default=0) + 1
    if type(version) is not int or version < 1:
        raise ValueError(f'version: got {version!r}; it must be a whole number from 1, or "next".')
    return version


def description(model: keras.Model) -> dict:
    """What a model is, in plain JSON. `keras.saving` makes it again of the last entry.

    >>> import sslzoo
    >>> description(sslzoo.build("simclr", "micro", 8))["method"]
    'SimCLR'
    """
    network = model.encoder
    shape = getattr(network, "output_shape", None)
    return {
        "sslzoo": sslzoo.__version__,
        "versions": _versions(),
        "origin": model.origin,
        "method": type(model).__name__,
        "backbone": None if network is None else network.name,
        "embedding": shape[-1] if isinstance(shape, tuple) else None,
        "signatures": {verb: settings.outputs for verb, settings in model.verbs.items()},
        "input": type(model.reads).__name__,
        "preprocessing": model.reads.describe(),
        "model": keras.saving.serialize_keras_object(model),
    }


def _versions():
    installed = {}
    for name in VERSIONS:
        with suppress(importlib.metadata.PackageNotFoundError):  # such as a nightly build
            installed[name] = importlib.metadata.version(name)
    return installed


def _write_warmup(model, folder):
    if importlib.util.find_spec("tensorflow_serving") is None:
        warnings.warn(
            "export: no warm-up requests, tensorflow-serving-api is not installed (pip install "
            "sslzoo[serving]).",
            stacklevel=5,
        )
        return
    from sslzoo.serving import warmup

    warmup.write(model, folder / "tf_serving_warmup_requests")


def _flush(folder):
    """Put every file and folder on the disk before the rename makes them visible."""
    for path in (folder, *folder.rglob("*")):
        _flush_entry(path)


def _flush_entry(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
