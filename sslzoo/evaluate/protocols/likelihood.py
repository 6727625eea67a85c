"""Likelihood of binary images under a generative model, in nats."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import NonNegativeInt, PositiveInt

from sslzoo.checks import check_images, refused, whole
from sslzoo.data import Dataset
from sslzoo.evaluate.figures import Record
from sslzoo.evaluate.overlap import warn_of_overlap
from sslzoo.evaluate.record import answers, describe, normal_interval
from sslzoo.evaluate.splits import items_of, needs, reads_of

HEADLINES = [
    ("negative_elbo", "nats", "negative ELBO"),
    ("importance_weighted", "nats", "negative importance-weighted bound, {samples} samples"),
]
CHUNK = 4096  # images of which the random numbers are held at once


def likelihood(
    model: Any,
    train: Dataset | ArrayLike,
    test: Dataset | ArrayLike,
    samples: PositiveInt = 50,
    seed: NonNegativeInt = 0,
    batch_size: PositiveInt = 64,
    baselines: bool = True,
    dry_run: bool = False,
) -> dict:
    """Upper bounds of -log p(x), averaged over test images: nats an image, smaller is better.

    Each pixel of the test images is drawn as 0 or 1 once, with its gray value as the probability.
    The draws are NumPy's of `seed`: every model, on any backend, is asked for the same binary
    images. MNIST so drawn is the dynamically binarized one. There Burda et al. 2016
    (arXiv:1509.00519, table 1) have 86.76 for a VAE of one layer, measured with 5,000 samples.

    Args:
        model: has `elbo(images, seed=, batch_size=)` and `importance_weighted_bound(images,
            samples=, seed=, batch_size=)`: uint8 images of 0 and 255, (N, H, W, C), -> nats (N,).
        train, test: images; labels are not used. `train` serves the baseline alone.
        samples: Samples of the importance-weighted bound. More samples bring it nearer to -log
            p(x).
        seed: Random seed of the pixels and of the model.
        batch_size: Images to process at once.
        baselines: measure "independent_pixels" too: the exact -log p(x) of a Bernoulli for each
            pixel with the mean of the binary training images. About 206 nats on MNIST.
        dry_run: Check the arguments, measure nothing, and return {}.

    Returns:
        {"protocol", "negative_elbo", "confidence_95" (of that mean), "importance_weighted" (the
        negative bound), "settings", "baselines", "seconds" (of the model alone)}, plain JSON.

    Raises:
        ValueError: a model without these bounds, data without images, of two sizes, or of another
            size or other channels than the model's network.

    >>> from types import SimpleNamespace
    >>> fair = lambda images, **settings: np.full(len(images), -4 * np.log(2))
    >>> model = SimpleNamespace(elbo=fair, importance_weighted_bound=fair)
    >>> images = np.full((500, 2, 2, 1), 127, "uint8")
    >>> record = likelihood(model, images, images)
    >>> round(record["negative_elbo"], 1), round(record["baselines"]["independent_pixels"], 1)
    (2.8, 2.8)
    """
    needs(model, "likelihood", "elbo", "importance_weighted_bound")
    whole("batch_size", batch_size, 1)
    settings = {"samples": whole("samples", samples, 1), "seed": whole("seed", seed, 0)}
    train, known = _images(model, train, "train")
    test, images = _images(model, test, "test")
    if known.shape[1:] != images.shape[1:]:
        raise refused(
            "test", f"images {images.shape[1:]}", f"have those of train, {known.shape[1:]}"
        )
    _check_shape(model, images)
    warn_of_overlap(known, images, "images")
    if dry_run:
        return {}
    images = np.concatenate(list(binarized(images, [seed, 1])))

    start = time.perf_counter()
    elbo = model.elbo(images, seed=seed, batch_size=batch_size)
    bound = model.importance_weighted_bound(images, batch_size=batch_size, **settings)
    seconds = time.perf_counter() - start
    negative_elbo = -answers("elbo", elbo, len(images))
    bound = answers("importance_weighted_bound", bound, len(images))
    described = describe(model, "pixels", train=train, test=test)
    return Record(
        protocol="likelihood",
        negative_elbo=float(negative_elbo.mean()),
        confidence_95=normal_interval(negative_elbo),
        importance_weighted=-float(bound.mean()),
        settings={**described, **settings, "binarization": "drawn once, gray = probability"},
        baselines={"independent_pixels": independent(known, images, seed)} if baselines else {},
        seconds=round(seconds, 3),
    )


def independent(train: NDArray, test: NDArray[np.uint8], seed: int = 0) -> float:
    """-log p of binary test images, nats an image, of independent pixels.

    A pixel is bright with the share of training images, drawn as 0 or 255, where it is. One bright
    and one dark image are added (Laplace's rule), so that no pixel is impossible.

    Args:
        train: (N, H, W, C), integers 0..255 or floats 0..1.
        test: (M, H, W, C) of 0 and 255.
        seed: Random seed of the draws.

    >>> white = np.full((2, 1, 1, 1), 255, "uint8")
    >>> round(float(np.exp(-independent(white, white))), 4)  # (2 + 1) / (2 + 2)
    0.75
    """
    bright = sum((chunk == 255).sum(axis=0) for chunk in binarized(train, [seed, 0]))
    p = (bright + 1) / (len(train) + 2)
    share = (test == 255).mean(axis=0)  # of the test images where the pixel is bright
    return float(-(share * np.log(p) + (1 - share) * np.log1p(-p)).sum())


def binarized(images: NDArray, seed: Any) -> Iterator[NDArray[np.uint8]]:
    """Images with pixels drawn as 0 or 255, some thousands at a time.

    Args:
        images: (N, H, W, C), integers 0..255 or floats 0..1: the probability of 255.
        seed: of `numpy.random.default_rng`.

    >>> (drawn,) = binarized(np.full((1, 50, 50, 1), 204, "uint8"), seed=0)
    >>> np.unique(drawn).tolist(), round(float((drawn == 255).mean()), 1)
    ([0, 255], 0.8)
    """
    rng = np.random.default_rng(seed)
    for start in range(0, len(images), CHUNK):
        gray = np.asarray(images[start : start + CHUNK])
        gray = gray / np.float32(255) if gray.dtype.kind in "iu" else gray
        yield np.where(rng.random(gray.shape, "float32") < gray, 255, 0).astype("uint8")


def _check_shape(model, images):
    """Refuse images that the network resizes or gives other channels: a bound is of the pixels as
    they are.
    """
    reads = reads_of(model)
    if reads is None or tuple(images.shape[1:]) == tuple(reads.shape):
        return
    got, needed = (" x ".join(map(str, shape)) for shape in (images.shape[1:], reads.shape))
    raise refused("test", f"images of {got}", f"have {needed}, those of the model's network")


def _images(model, data, role):
    """(Dataset, checked images)."""
    data = data if isinstance(data, Dataset) else Dataset(images=data)
    field, images = items_of(model, data, role)
    if field != "images":
        raise refused(role, field, "hold images, whose likelihood this is")
    return data, check_images(images, f"{role} images")
