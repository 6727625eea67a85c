"""An exported SavedModel -> the model that it was made of."""

import json
from pathlib import Path

import keras
import tensorflow as tf


def restore(folder: str | Path) -> keras.Model:
    """The model of an exported version. What no verb reads was not exported and is untrained.

    Args:
        folder: of the version, with `saved_model.pb`.

    Raises:
        ValueError: the export does not describe its model.

    Example:
        >>> import sslzoo, tempfile
        >>> from sslzoo.serving.restore import restore
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     exported = sslzoo.build("simclr", "micro", 8).export(folder)
        ...     restore(exported).backbone.name  # doctest: +SKIP
        'micro'
    """
    file = Path(folder) / "assets.extra" / "sslzoo.json"
    described = json.loads(file.read_text()) if file.is_file() else {}
    if "model" not in described:
        raise ValueError(
            f"{folder}: the export does not describe its model; it must be one of this version of "
            "sslzoo. Any export is served and loaded by tf.saved_model.load."
        )
    model = keras.saving.deserialize_keras_object(described["model"])
    exported = tf.saved_model.load(str(folder)).variables
    for index, value in zip(described["variables"], exported, strict=True):
        model.variables[index].assign(value.numpy())
    model.remember_origin(described.get("origin"))
    return model
