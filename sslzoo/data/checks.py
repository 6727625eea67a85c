"""What images and labels must be before a model sees them."""

import numpy as np

# Values are scanned in pieces, so that checking a memory-mapped array larger than memory stays
# possible.
CHUNK_BYTES = 32 * 2**20


def check_images(images, name="images"):
    """Refuse images that no model here can read; return them as (N, H, W, C), integers as uint8.

    images: array-like (N, H, W), (N, H, W, 1) or (N, H, W, 3), integers in 0..255 or finite floats
    in 0..1. An `ImageFiles` is passed through after its first rows were read. uint8 and float
    arrays are not copied.
    name: the field that errors speak of.
    Raises TypeError for what is not an array of numbers, ValueError for wrong shapes and values.
    """
    from sslzoo.data.image_files import ImageFiles

    if isinstance(images, ImageFiles):
        check_images(images[: min(len(images), 8)], name)
        return images
    images = _as_numbers(images, name)
    images = _with_channels(images, name)
    if images.dtype == np.uint8:
        return images
    low, high = _value_range(images)
    if np.issubdtype(images.dtype, np.floating):
        if not (np.isfinite(low) and np.isfinite(high)):
            raise ValueError(
                f"{name}: float values must be in 0..1 and finite, got NaN or infinite values."
            )
        if low < 0 or high > 1:
            hint = "; divide by 255 or pass uint8" if low >= 0 and 1 < high <= 255 else ""
            hint = hint or (
                "; undo the standardisation, models here do their own" if low < 0 else ""
            )
            raise ValueError(
                f"{name}: float values must be in 0..1 and finite, got values from {low} to "
                f"{high}{hint}."
            )
        return images
    if low < 0 or high > 255:
        raise ValueError(
            f"{name}: integer values must be in 0..255, got values from {low} to {high}."
        )
    return images.astype(np.uint8)


def check_labels(labels, n, classes=None, name="labels"):
    """Refuse labels that do not fit `n` images; return them as int64 (n,).

    labels: integers (n,) or (n, 1), at least 0. classes: the number of classes, a list of their
    names, or None.
    """
    if labels is None:
        raise ValueError(f"{name}: missing; need one integer per image.")
    labels = _as_numbers(labels, name)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"{name}: need integer class numbers (N,), got {labels.dtype} {labels.shape}."
        )
    if len(labels) != n:
        raise ValueError(f"{name}: got {len(labels)} for {n} images; need one per image.")
    if not n:
        return labels.astype("int64")
    count = classes if classes is None or isinstance(classes, (int, np.integer)) else len(classes)
    if labels.min() < 0 or (count is not None and labels.max() >= count):
        allowed = "0 or more" if count is None else f"in 0..{count - 1}"
        raise ValueError(
            f"{name}: must be {allowed}, got values from {labels.min()} to {labels.max()}."
        )
    return labels.astype("int64")


def _as_numbers(values, name):
    try:
        values = np.asarray(values)
    except ValueError:
        raise TypeError(
            f"{name}: need one array of numbers, got a sequence of unequal shapes."
        ) from None
    # ml_dtypes' bfloat16 has kind 'V'; it is a float all the same.
    if values.dtype.name == "bfloat16":
        return values.astype("float32")
    if values.dtype.kind not in "uif":
        raise TypeError(f"{name}: need an array of integers or floats, got {values.dtype} values.")
    return values


def _with_channels(images, name):
    shape = images.shape
    if images.ndim not in (3, 4):
        raise ValueError(f"{name}: need shape (N, H, W) or (N, H, W, C), got {shape}.")
    if 0 in shape:
        raise ValueError(
            f"{name}: need at least one image with pixels, got the empty shape {shape}."
        )
    if images.ndim == 3:
        if shape[-1] in (1, 3):
            raise ValueError(
                f"{name}: got shape {shape}, which looks like one image; add a batch axis, "
                "images[None]."
            )
        return images[..., None]
    if shape[-1] not in (1, 3):
        hint = "; put channels last" if shape[1] in (1, 3) else ""
        hint = hint or ("; drop the alpha channel" if shape[-1] in (2, 4) else "")
        raise ValueError(
            f"{name}: need 1 or 3 channels in the last axis, got {shape[-1]} in shape "
            f"{shape}{hint}."
        )
    return images


def _value_range(images):
    """Least and greatest value; NaN if any value is NaN."""
    rows = max(1, CHUNK_BYTES // images[0].nbytes)
    chunks = (images[start : start + rows] for start in range(0, len(images), rows))
    lows, highs = zip(*((chunk.min(), chunk.max()) for chunk in chunks), strict=True)
    return np.min(lows), np.max(highs)
