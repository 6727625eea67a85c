"""A data set in memory or on disk, with random access."""

import numpy as np


class Dataset:
    """Images with optional labels, read by position.

    images: array (N, H, W) or (N, H, W, C), integers in 0..255 or floats in 0..1, or an
    `ImageFiles` of that shape.
    labels: integers (N,), kept as int64, or None.
    classes: list of str, the name of each label, or None.
    name, split: where it came from, for records.

    `ds[indices]` is a batch: {"images", "labels" (when there are any), "index"}; "index" counts
    rows of this Dataset.
    """

    def __init__(self, images, labels=None, classes=None, name="arrays", split="train"):
        if labels is not None and len(labels) != len(images):
            raise ValueError(
                f"labels: got {len(labels)} for {len(images)} images of {name!r}; need one per "
                "image."
            )
        labels = None if labels is None else np.asarray(labels)
        if labels is not None and labels.size and not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(
                f"labels: need integer class numbers for {name!r}, got {labels.dtype} values."
            )
        self.images = images
        self.labels = None if labels is None else labels.astype("int64", copy=False)
        self.classes = classes if classes is None else list(classes)
        self.name = name
        self.split = split

    def __len__(self):
        return len(self.images)

    def __getitem__(self, indices):
        index = np.arange(len(self))[indices]
        batch = {"images": self.images[index], "index": index}
        if self.labels is not None:
            batch["labels"] = self.labels[index]
        return batch

    def take(self, indices):
        """The rows `indices` (integers, a slice or a boolean mask), in that order, as a new
        Dataset.
        """
        rows = np.arange(len(self))[indices]
        images = (
            self.images[rows] if isinstance(self.images, np.ndarray) else self.images.take(rows)
        )
        labels = None if self.labels is None else self.labels[rows]
        return Dataset(images, labels, self.classes, self.name, self.split)

    def __repr__(self):
        parts = [
            repr(self.name),
            repr(self.split),
            f"images {tuple(self.images.shape)} {self.images.dtype}",
        ]
        if self.labels is not None:
            parts.append(f"{len(self.classes)} classes" if self.classes else "labels")
        return f"Dataset({', '.join(parts)})"
