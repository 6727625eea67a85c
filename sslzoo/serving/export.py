"""A model -> a versioned SavedModel folder, as TF Serving loads it: whole and checked, or not there
at all.
"""

import importlib.util
import json
import os
import tempfile
import warnings
from pathlib import Path

import keras

import sslzoo


def export(model, filepath, version=1, warmup=True):
    """Write `<filepath>/<version>`, a SavedModel that TF Serving serves and plain TensorFlow
    fine-tunes.

    Signatures: for every verb of the model (`encode`, `classify`, ...), equal to `model.<verb>`,
    - `<verb>`: `images`, uint8 (N, H, W, C) of any H and W; C 1 or 3, for a network of one channel
      1;
    - `<verb>_bytes`: `image_bytes`, N encoded JPEG or PNG files of any sizes, decoded to the pixels
      Pillow reads. Transparency and EXIF orientation are ignored.
    `serving_default` and `serving_bytes` are the two of the first verb. The output of `encode` is
    `embedding`, float32 (N, D).

    The object that `tf.saved_model.load` returns is TF Hub's reusable SavedModel: `obj(images,
    training=False)` with uint8 or float32 images in [0, 1], `variables`, `trainable_variables`,
    `regularization_losses`. With `training=True` BatchNorm uses the batch and updates its
    statistics. It holds what the verbs need; other heads and targets stay behind.

    `assets.extra` holds warm-up requests for TF Serving and `sslzoo.json` (method, backbone, sizes,
    preprocessing).

    Args:
        model: a `Method`, on the TensorFlow backend.
        filepath: the folder of all versions, the one that TF Serving's `base_path` names.
        version: a whole number from 1, or "next": one above the largest there, which TF Serving
        then prefers.
        warmup: write the warm-up requests; they need `tensorflow-serving-api` (the extra
            `serving`).

    Returns:
        The `Path` of the version's folder.

    Raises:
        RuntimeError: another backend; or the file, read again, does not compute what `encode` does.
        FileExistsError: that version is there already.
        ValueError: an impossible version, or weights that are not finite.
        Whatever is raised, nothing of this export is left behind.
    """
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            f"export: the backend is {keras.backend.backend()}, a SavedModel needs tensorflow: "
            "save the weights and "
            "load them in a process with KERAS_BACKEND=tensorflow."
        )
    from sslzoo.zoo import saved_model

    filepath = Path(filepath)
    target = filepath / str(_version(filepath, version))
    if target.exists():
        raise FileExistsError(
            f'export: {target} exists; remove it, or give another version or version="next".'
        )
    created = [folder for folder in (filepath, *filepath.parents) if not folder.exists()]
    try:
        filepath.mkdir(parents=True, exist_ok=True)
        # On the same disk, so that a rename is enough; TF Serving passes over names that are not
        # numbers.
        with tempfile.TemporaryDirectory(dir=filepath, prefix=f".{target.name}.") as folder:
            written = Path(folder) / target.name
            saved_model.save(model, written)
            saved_model.check(model, written)
            extra = written / "assets.extra"
            extra.mkdir()
            (extra / "sslzoo.json").write_text(json.dumps(_description(model), indent=1) + "\n")
            if warmup:
                _write_warmup(model, extra)
            _flush(written)
            written.rename(target)
            _flush_entry(filepath)
    except BaseException:
        for folder in created:
            if folder.exists() and not any(folder.iterdir()):
                folder.rmdir()
        raise
    return target


def _version(filepath, version):
    if version == "next":
        taken = [int(folder.name) for folder in filepath.glob("*") if folder.name.isdecimal()]
        return max(taken, default=0) + 1
    if type(version) is not int or version < 1:
        raise ValueError(f'version: got {version!r}; it must be a whole number from 1, or "next".')
    return version


def _description(model):
    preprocess = {
        key: value for key, value in model.preprocess.get_config().items() if key != "name"
    }
    return {
        "sslzoo": sslzoo.__version__,
        "method": type(model).__name__,
        "backbone": model.backbone.name,
        "embedding": model.backbone.output_shape[-1],
        "signatures": {verb: settings.output for verb, settings in model.verbs.items()},
        "preprocessing": {**preprocess, "crop": "largest centred square", "range": [0, 1]},
    }


def _write_warmup(model, folder):
    if importlib.util.find_spec("tensorflow_serving") is None:
        warnings.warn(
            "export: no warm-up requests, tensorflow-serving-api is not installed (pip install "
            "sslzoo[serving]).",
            stacklevel=3,
        )
        return
    from sslzoo.zoo import warmup

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
