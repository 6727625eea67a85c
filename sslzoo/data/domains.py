"""Sets of several domains: joined, or made from one set by turning or coloring its images."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from sslzoo.checks import refused
from sslzoo.data.dataset import Dataset


def joined_domains(sets: Mapping[str, Dataset]) -> Dataset:
    """One set of several, with a field `domains`: 0 for the rows of the first set, and so on.

    Args:
        sets: {name of the domain: its set}, at least two, of the same fields and classes.

    Raises:
        ValueError: Fewer than two sets, other fields, other classes, or rows of other shapes.

    >>> photos, sketches = Dataset(vectors=np.eye(2)), Dataset(vectors=np.ones((1, 2)))
    >>> joined_domains({"photo": photos, "sketch": sketches}).domains
    array([0, 0, 1])
    """
    if len(sets) < 2:
        raise refused("sets", f"{len(sets)} domains", "be two or more")
    first_name = next(iter(sets))
    first = sets[first_name]
    for name, other in sets.items():
        if other.fields.keys() != first.fields.keys():
            needed = f"have the fields of {first_name}: {', '.join(first.fields)}"
            raise refused(name, ", ".join(other.fields), needed)
        if other.classes != first.classes:
            raise refused(name, f"classes {other.classes}", f"have those of {first_name}")
        for field, values in other.fields.items():
            if values.shape[1:] != first.fields[field].shape[1:]:
                needed = f"be {first.fields[field].shape[1:]}, as in {first_name}"
                raise refused(f"{name} {field}", f"shape {values.shape[1:]} a row", needed)
    fields = {
        field: np.concatenate([one.fields[field] for one in sets.values()])
        for field in first.fields
    }
    domains = np.repeat(np.arange(len(sets)), [len(one) for one in sets.values()])
    name = "+".join(sets)
    return Dataset(**fields, domains=domains, classes=first.classes, name=name, split=first.split)


def rotated(data: Dataset, angles: Sequence[float], seed: int = 0) -> Dataset:
    """A set of images -> one domain for each angle: RotatedMNIST (Ghifary et al. 2015,
    arXiv:1508.07680).

    The rows are shuffled and dealt out to the angles, each to one. Turned counter-clockwise around
    the center, bilinear, with black corners, as DomainBed does it.

    Args:
        data: With images, uint8 (N, H, W) or (N, H, W, C), C 1 or 3.
        angles: In degrees. DomainBed has 0, 15, 30, 45, 60, 75.
        seed: Random seed of the order.

    Raises:
        ValueError: No uint8 images, or fewer rows than angles.

    >>> images = np.zeros((4, 8, 8), "uint8")
    >>> rotated(Dataset(images), [0, 90]).domains
    array([0, 0, 1, 1])
    """
    if data.field != "images" or data.images.dtype != np.uint8:
        raise refused("data", f"{data.field} {data.inputs.dtype}", "be uint8 images")
    if len(data) < len(angles):
        raise refused("angles", f"{len(angles)} for {len(data)} images", "be at most one per image")
    order = np.random.default_rng(seed).permutation(len(data))
    sets = {}
    for place, angle in enumerate(angles):
        part = data.take(order[place :: len(angles)])
        sets[f"{angle:g}"] = part.replace(images=np.stack([_turned(x, angle) for x in part.images]))
    return joined_domains(sets)


def _turned(image, angle):
    picture = Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image)
    turned = np.asarray(picture.rotate(angle, resample=Image.Resampling.BILINEAR))
    return turned.reshape(image.shape)


def colored(data: Dataset, shares: Sequence[float], noise: float = 0.25, seed: int = 0) -> Dataset:
    """Gray digits -> two classes and red or green ink, one domain for each share: ColoredMNIST
    (Arjovsky et al. 2019, arXiv:1907.02893, section 5.1).

    The label is whether the digit is 5 or more, and wrong in the share `noise` of the rows. The
    color is that label, but the other one in the share of the domain. So a color says more than
    the digit where the share is below `noise`, and the opposite above one half.

    Args:
        data: With images uint8 (N, H, W) or (N, H, W, 1), and labels 0..9.
        shares: How often the color contradicts the label. The paper has 0.1 and 0.2 in training,
            and 0.9 in the test.
        noise: Default: the paper's.
        seed: Random seed of the order, the labels and the colors.

    Returns:
        A set with images uint8 (N, H, W, 3), whose blue is 0, labels 0 and 1, and domains.

    Raises:
        ValueError: No gray uint8 images with labels.

    >>> data = Dataset(np.full((2, 8, 8), 200, "uint8"), [1, 1])
    >>> colored(data, [0.0, 1.0], noise=0.0).images.max(axis=(1, 2)).tolist()  # red, then green
    [[200, 0, 0], [0, 200, 0]]
    """
    gray = data.field == "images" and data.labels is not None and data.images.dtype == np.uint8
    if not gray or data.images.shape[3:] not in ((), (1,)):
        raise refused("data", repr(data), "be gray uint8 images with labels")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(data))
    sets = {}
    for place, share in enumerate(shares):
        part = data.take(order[place :: len(shares)])
        labels = (part.labels >= 5) ^ (rng.random(len(part)) < noise)
        greens = labels ^ (rng.random(len(part)) < share)
        gray = part.images.reshape(*part.images.shape[:3])
        images = np.zeros((*gray.shape, 3), "uint8")
        images[~greens, ..., 0], images[greens, ..., 1] = gray[~greens], gray[greens]
        names = ["0 to 4", "5 to 9"]
        sets[f"{share:g}"] = Dataset(images, labels.astype("int64"), names, data.name, data.split)
    return joined_domains(sets)
