"""Callbacks that look at the features of a model after each epoch of its training.

`fit` itself logs `feature_std` and `effective_rank`, the measure of RankMe (Garrido et al. 2023,
arXiv:2210.02885), of any model with features. The callbacks here do not change the training.
"""

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
from pydantic import PositiveFloat, PositiveInt

from sslzoo import backends, nn
from sslzoo.checks import above, local_path, refused, whole
from sslzoo.evaluate.encoders import encoded
from sslzoo.evaluate.protocols.knn import default_k, knn_predict
from sslzoo.evaluate.splits import Labeled, items_of, labeled_splits
from sslzoo.files import make_folder, replace_file


class _LabeledLog(keras.callbacks.Callback):
    """Labeled data for training and test, checked when `fit` begins."""

    def __init__(self, train: Labeled, test: Labeled, batch_size: PositiveInt = 256) -> None:
        super().__init__()
        self.given = train, test
        self.train, self.test = labeled_splits(None, train, test, type(self).__name__)
        self.batch_size = whole("batch_size", batch_size, 1)

    def set_model(self, model: Any) -> None:
        """Keras calls it when `fit` begins. Raises ValueError for items the model does not read."""
        super().set_model(model)
        self.train, self.test = labeled_splits(model, *self.given, type(self).__name__)

    def features(self) -> tuple:
        """The features of both sets, (N, D) and (M, D)."""
        sets = self.train.inputs, self.test.inputs
        bank, queries = (encoded(self.model, items, self.batch_size) for items in sets)
        return bank, queries


class KNNLog(_LabeledLog):
    """A callback that logs `knn_accuracy` after each epoch: that of `sslzoo.evaluate.knn`.

    Args:
        train, test: Labeled items. A few thousand are enough to see a trend. Choose settings on
            held-out training items, not on the test set.
        k: Neighbors that vote. Default: by the size of the classes, as in `knn`.
        temperature: T.
        batch_size: Items to encode at once.

    >>> from types import SimpleNamespace
    >>> log = KNNLog((np.eye(2), [0, 1]), (np.eye(2), [0, 1]), k=1)
    >>> log.set_model(SimpleNamespace(encode=lambda items, batch_size: items))
    >>> logs = {}
    >>> log.on_epoch_end(0, logs)
    >>> logs
    {'knn_accuracy': 1.0}
    """

    def __init__(
        self,
        train: Labeled,
        test: Labeled,
        k: PositiveInt | None = None,
        temperature: PositiveFloat = 0.1,
        batch_size: PositiveInt = 256,
    ) -> None:
        super().__init__(train, test, batch_size)
        k = default_k(self.train.labels) if k is None else whole("k", k, 1)
        self.k = min(k, len(self.train))
        self.temperature = above("temperature", temperature, 0)

    def measure(self) -> float:
        """The accuracy now."""
        bank, queries = self.features()
        found = knn_predict(bank, self.train.labels, queries, self.k, self.temperature)
        return float((found == self.test.labels).mean())

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Add `knn_accuracy` to the logs."""
        logs["knn_accuracy"] = self.measure()


class LinearProbeLog(_LabeledLog):
    """A callback that logs `probe_accuracy` after each epoch: that of a linear classifier that is
    trained beside the model.

    The classifier goes on after each epoch from where it stood. It sees standardized features as
    NumPy arrays, so no gradient of it reaches the model.

    Args:
        train, test: Labeled items, as for `KNNLog`.
        steps: Most steps of L-BFGS after each epoch.
        penalty: Of the weights: penalty / 2 |W|^2 beside the mean cross-entropy.
        batch_size: Items to encode at once.

    >>> from types import SimpleNamespace
    >>> log = LinearProbeLog((np.eye(2), [0, 1]), (np.eye(2), [0, 1]))
    >>> log.set_model(SimpleNamespace(encode=lambda items, batch_size: items))
    >>> logs = {}
    >>> log.on_epoch_end(0, logs)
    >>> logs
    {'probe_accuracy': 1.0}
    """

    def __init__(
        self,
        train: Labeled,
        test: Labeled,
        steps: PositiveInt = 20,
        penalty: PositiveFloat = 1e-3,
        batch_size: PositiveInt = 256,
    ) -> None:
        from sklearn.linear_model import LogisticRegression

        super().__init__(train, test, batch_size)
        if len(np.unique(self.train.labels)) < 2:
            raise refused("train", "one class", "have at least two")
        strength = 1 / (above("penalty", penalty, 0) * len(self.train))
        steps = whole("steps", steps, 1)
        self.classifier = LogisticRegression(C=strength, max_iter=steps, warm_start=True)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Add `probe_accuracy` to the logs."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.preprocessing import StandardScaler

        bank, queries = self.features()
        scaler = StandardScaler().fit(bank)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it goes on after the next epoch
            self.classifier.fit(scaler.transform(bank), self.train.labels)
        found = self.classifier.predict(scaler.transform(queries))
        logs["probe_accuracy"] = float((found == self.test.labels).mean())


class AlignmentLog(keras.callbacks.Callback):
    """A callback that logs `alignment` and `uniformity` after each epoch (Wang & Isola 2020,
    arXiv:2005.10242): of the features of two random views of the same items.

    Both are better when they are smaller. A constant has alignment 0 and uniformity 0. See
    `sslzoo.nn.alignment` and `sslzoo.nn.uniformity`.

    Args:
        items: Items as `encode` takes them. They are used at once: 512 are enough.

    Raises:
        ValueError: When `fit` begins: the model makes no two views.

    >>> import sslzoo
    >>> images = sslzoo.data.load("digits").images[:64]
    >>> model = sslzoo.build("simclr", "micro", 8, augment="digits")
    >>> history = model.fit(images, callbacks=[AlignmentLog(images)], verbose=0).history
    >>> history["alignment"][0] >= 0 >= history["uniformity"][0]
    True
    """

    def __init__(self, items: Any) -> None:
        super().__init__()
        self.items = items
        self._views = None

    def set_model(self, model: Any) -> None:
        """Keras calls it when `fit` begins."""
        super().set_model(model)
        if not hasattr(model, "multi_crop") and not hasattr(model, "two_views"):
            got = f"an AlignmentLog for {type(model).__name__}"
            raise refused("callbacks", got, "be left out: the method does not make two views")
        self.batch = model.reads.named(model.reads.check(model.items_of(self.items)))

        def features(batch):
            views = model.views(batch)
            return [model.encoder(views[name], training=False) for name in ("view1", "view2")]

        self._views = backends.untouched(model, features)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Add `alignment` and `uniformity` to the logs."""
        first, second = self._views(self.batch)
        logs["alignment"] = nn.alignment(first, second)
        logs["uniformity"] = (nn.uniformity(first) + nn.uniformity(second)) / 2


class ProjectorLog(keras.callbacks.Callback):
    """A callback that writes features for the projector of TensorBoard at the end of training:
    `tensorboard --logdir FOLDER`. It needs no TensorFlow.

    Args:
        folder: Where `features.tsv`, `metadata.tsv` and `projector_config.pbtxt` go.
        items: Items as `encode` takes them, at most some thousands. Also a
            `sslzoo.data.Dataset` or (items, labels).
        labels: One for each item, of any kind. Default: those of the data.

    >>> import tempfile
    >>> from types import SimpleNamespace
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = ProjectorLog(folder, np.eye(2), labels=["cat", "dog"])
    ...     log.set_model(SimpleNamespace(encode=lambda items, batch_size: items))
    ...     log.on_train_end()
    ...     (Path(folder) / "metadata.tsv").read_text().split()
    ['cat', 'dog']
    """

    def __init__(self, folder: str | Path, items: Any, labels: Any = None) -> None:
        super().__init__()
        self.folder = local_path("folder", folder)
        self.items = items
        given, own = items if isinstance(items, tuple) else (items, getattr(items, "labels", None))
        labels = own if labels is None else labels
        self.labels = None if labels is None else [_one_line(label) for label in labels]
        if self.labels is not None and len(self.labels) != len(given):
            needed = f"be {len(given)}, one for each item"
            raise refused("labels", len(self.labels), needed)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Write the files."""
        _, items = items_of(self.model, self.items, "items")
        make_folder(self.folder)
        rows = ["\t".join(f"{x:.6g}" for x in row) for row in encoded(self.model, items)]
        config = 'embeddings {\n  tensor_name: "features"\n  tensor_path: "features.tsv"\n'
        files = {"features.tsv": rows}
        if self.labels is not None:
            files["metadata.tsv"] = self.labels
            config += '  metadata_path: "metadata.tsv"\n'
        files["projector_config.pbtxt"] = [config + "}"]
        for name, lines in files.items():
            replace_file(self.folder / name, "".join(f"{line}\n" for line in lines).encode())


def _one_line(label):
    return str(label).replace("\t", " ").replace("\n", " ")
