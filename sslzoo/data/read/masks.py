"""Folders of images with a mask beside each: the class of every pixel."""

import os
import pathlib

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import refused
from sslzoo.checks.dense import UNLABELED_PIXEL
from sslzoo.data.dataset import Dataset
from sslzoo.data.decode import probe
from sslzoo.data.listing import SPLITS, Listing, images_below
from sslzoo.data.read import check_split
from sslzoo.data.read.folder import read_images, usable

SUFFIXES = ()
BESIDE = "annot"  # SegNet's: the masks of train/ are in trainannot/
CLASSES = "classes.txt"
NO_CLASS = frozenset(["ignore", "unlabeled", "unlabelled", "void"])
# CamVid in the version of SegNet (Badrinarayanan et al. 2017, arXiv:1511.00561), which has no
# file of names.
CAMVID = (
    *("sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car"),
    *("pedestrian", "bicyclist", "unlabelled"),
)


def reads(path: pathlib.Path) -> bool:
    """Whether the path is a directory with folders such as train/ and trainannot/.

    >>> reads(pathlib.Path("nowhere"))
    False
    """
    return path.is_dir() and bool(_folders(path))


def splits(path: str | os.PathLike) -> list[str]:
    """The splits of a directory, sorted: its folders that have masks.

    >>> splits("nowhere")
    []
    """
    path = pathlib.Path(path)
    return sorted(_folders(path)) if path.is_dir() else []


def load(
    path: str | os.PathLike,
    split: str = "train",
    image_size: int | None = None,
    on_error: str = "raise",
) -> Dataset:
    """Read one split: uint8 images (N, H, W, 3) and uint8 masks (N, H, W).

    The mask of train/1.jpg is trainannot/1.png, of the same size. Its pixels hold class numbers, as
    gray values or as indices of a palette. classes.txt names the classes, one in a line, from
    number 0 on. In the result, 255 marks pixels that count nowhere. These are 255 in the file, and
    a class named unlabeled, void or ignore. The other classes keep their order.

    Args:
        image_size: As for a folder of images. Masks are resized by their nearest pixels.
        on_error: "raise" lists images that cannot be used, with the reason. "skip" leaves them out
            with one warning. Reasons are of the image or of its mask: missing, unreadable, of
            another size, with colors, with a number that is no class.

    Raises:
        ValueError: No such split, no classes.txt, or images that cannot be used.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     root = pathlib.Path(folder)
    ...     (root / "train").mkdir()
    ...     (root / "trainannot").mkdir()
    ...     _ = (root / "classes.txt").write_text("sky, road".replace(", ", chr(10)))
    ...     Image.new("RGB", (6, 4)).save(root / "train" / "1.png")
    ...     Image.new("L", (6, 4), 1).save(root / "trainannot" / "1.png")
    ...     data = load(root)
    >>> data.masks.shape, int(data.masks.max()), data.classes
    ((1, 4, 6), 1, ['sky', 'road'])
    """
    path = pathlib.Path(path)
    folders = _folders(path)
    check_split(path, split, sorted(folders))
    images, beside = folders[split]
    classes, numbers = _classes(path)

    def mask_of(file):
        return _mask(file, beside / f"{file.stem}.png", numbers, image_size)

    listing = Listing(images_below(images))
    listing, masks = usable(mask_of, listing, path, on_error, "reading masks")
    known = dict(zip(listing.files, masks, strict=True))
    listing, pixels = read_images(listing, path, image_size, on_error)
    masks = np.stack([known[file] for file in listing.files])
    return Dataset(pixels, masks=masks, classes=classes, name=path.name, split=split)


def _folders(path):
    """{split: (folder of images, folder of masks)}."""
    folders = {}
    for beside in sorted(path.glob(f"*{BESIDE}")):
        images = beside.with_name(beside.name.removesuffix(BESIDE))
        if images != path and images.is_dir() and beside.is_dir():
            folders[SPLITS.get(images.name.lower(), images.name)] = images, beside
    return folders


def _classes(path):
    """(names of the classes, [the number in the result of each number in a file, -1 for none])."""
    file = path / CLASSES
    if file.is_file():
        names = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
        names = [name for name in names if name]
    elif path.name.lower() == "camvid":
        names = CAMVID
    else:
        needed = f"name the classes of the masks in {CLASSES}, one in a line, from number 0 on"
        raise refused(path, "no such file", needed)
    kept = [number for number, name in enumerate(names) if name.lower() not in NO_CLASS]
    if not kept or len(names) > UNLABELED_PIXEL:
        raise refused(file, f"{len(kept)} classes", f"name 1 to {UNLABELED_PIXEL} classes")
    numbers = np.full(256, -1)
    numbers[: len(names)] = numbers[UNLABELED_PIXEL] = UNLABELED_PIXEL
    numbers[kept] = np.arange(len(kept))
    return [names[number] for number in kept], numbers


def _mask(file, mask_file, numbers, image_size) -> NDArray[np.uint8]:
    """The mask of an image. Raises OSError with the reason that there is none."""
    from PIL import Image, ImageOps

    height, width = probe(file)
    if not mask_file.is_file():
        raise OSError(f"it has no mask {mask_file.name} in {mask_file.parent.name}")
    try:
        with Image.open(mask_file) as opened:
            opened.load()
            mask = opened
    except Exception as error:  # Pillow's, of many kinds
        raise OSError(f"its mask cannot be read: {error}") from None
    if mask.size != (width, height):
        raise OSError(
            f"its mask has {mask.size[1]}x{mask.size[0]} pixels, the image {height}x{width}"
        )
    if mask.mode not in ("1", "L", "P", "I", "I;16"):
        raise OSError(f"its mask has colors ({mask.mode}), not the numbers of classes")
    if image_size is not None:
        mask = ImageOps.fit(mask, (image_size, image_size), Image.Resampling.NEAREST)
    values = np.asarray(mask).astype("int64")
    strange = np.setdiff1d(values, np.flatnonzero(numbers >= 0))
    if len(strange):
        raise OSError(f"its mask holds the number {strange[0]}, which is no class")
    return numbers[values].astype("uint8")
