"""Files of boxes: COCO's JSON, and the JSON of BCCD's copy, as images with their boxes."""

import json
import pathlib
import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import refused

DEFAULT_SPLIT = "train"  # of images that name none
NO_AREA, CROWD = "without an area", "of crowds"


class Annotated(NamedTuple):
    """An image of a file of boxes: its name, its size [H, W], and boxes (n, 5): class, left, top,
    right, bottom.

    >>> Annotated("1.jpg", (4, 6), np.empty((0, 5))).size
    (4, 6)
    """

    name: str
    size: tuple[int, int]
    boxes: NDArray[np.float64]


def splits_of(file: pathlib.Path) -> list[str]:
    """The splits that the images of a file name, sorted. Raises ValueError of another format.

    >>> splits_of(pathlib.Path("nowhere.json"))
    Traceback (most recent call last):
    ValueError: nowhere.json: cannot be read as JSON ([Errno 2] No such file or directory: \
'nowhere.json').
    """
    return sorted({_split(image) for image in _document(file)["images"]})


def categories_of(file: pathlib.Path) -> list[str]:
    """The names of the classes, in the order of their ids. Raises ValueError of another format.

    >>> import json, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "boxes.json")
    ...     _ = file.write_text('{"images": [], "annotations": [], "categories": []}')
    ...     categories_of(file)
    []
    """
    return [name for _, name in sorted(_names(file, _document(file)).items())]


def annotated(file: pathlib.Path, split: str | None = None) -> list[Annotated]:
    """The images of a file, of one split or of all, in their order.

    Boxes without an area and those of crowds are left out, with one warning.

    Raises:
        ValueError: Another format, or an annotation of an image or category that is not there.

    >>> import json, tempfile
    >>> image = {"id": 7, "file_name": "1.png", "width": 6, "height": 4}
    >>> box = {"image_id": 7, "category_id": 3, "bbox": [1, 2, 4, 2]}  # left, top, width, height
    >>> names = [{"id": 3, "name": "cat"}]
    >>> document = {"images": [image], "annotations": [box], "categories": names}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "boxes.json")
    ...     _ = file.write_text(json.dumps(document))
    ...     annotated(file)[0].boxes.tolist()
    [[0.0, 1.0, 2.0, 5.0, 4.0]]
    """
    document = _document(file)
    numbers = {own: number for number, own in enumerate(sorted(_names(file, document)))}
    try:
        names = {image["id"]: str(image["file_name"]) for image in document["images"]}
        wanted = [image for image in document["images"] if split in (None, _split(image))]
        boxes = {image["id"]: [] for image in wanted}
        lost = {NO_AREA: [], CROWD: []}
        for annotation in document["annotations"]:
            name, number = names[annotation["image_id"]], numbers[annotation["category_id"]]
            corners = _corners(annotation["bbox"])
            if annotation["image_id"] not in boxes:
                continue
            if reason := _unusable(annotation, corners):
                lost[reason].append(name)
            else:
                boxes[annotation["image_id"]].append([number, *corners])
        images = [_image(image, boxes[image["id"]]) for image in wanted]
    except (KeyError, TypeError, ValueError) as error:
        raise _other_format(file, error) from None
    _warn_of_lost(file, lost)
    return images


def _document(file) -> dict[str, Any]:
    """The file as COCO's format has it."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{file}: cannot be read as JSON ({error}).") from None
    try:
        if "classes" in document:
            document = _from_bccd(document)
        parts = [document[key] for key in ("images", "annotations", "categories")]
        if not all(isinstance(part, list) for part in parts):
            raise TypeError("they are no lists")
    except (KeyError, TypeError, ValueError) as error:
        raise _other_format(file, error) from None
    return document


def _from_bccd(document):
    """{"classes", "images": [{..., "boxes": [[class, left, top, right, bottom]]}]} as COCO's
    format.
    """
    names = document["classes"]
    images, annotations = [], []
    for number, image in enumerate(document["images"]):
        images.append(image | {"id": number, "file_name": image["file"]})
        for name, *corners in image["boxes"]:
            left, top = corners[:2]
            box = [left, top, corners[2] - left, corners[3] - top]
            category = names.index(name)
            annotations.append({"image_id": number, "category_id": category, "bbox": box})
    categories = [{"id": number, "name": name} for number, name in enumerate(names)]
    return {"images": images, "annotations": annotations, "categories": categories}


def _names(file, document):
    """{id of a category: its name}."""
    try:
        return {category["id"]: str(category["name"]) for category in document["categories"]}
    except (KeyError, TypeError) as error:
        raise _other_format(file, error) from None


def _split(image):
    return image.get("split", DEFAULT_SPLIT)


def _corners(box):
    """Left, top, right, bottom of left, top, width, height."""
    box = np.asarray(box, "float64")
    if box.shape != (4,) or not np.isfinite(box).all():
        raise ValueError("a bbox is not four numbers")
    return [*box[:2], *(box[:2] + box[2:])]


def _unusable(annotation, corners):
    """Why a box is left out, or None."""
    if annotation.get("iscrowd"):
        return CROWD
    area = (corners[2] - corners[0] > 0) and (corners[3] - corners[1] > 0)
    return None if area else NO_AREA


def _image(image, boxes):
    size = int(image["height"]), int(image["width"])
    return Annotated(str(image["file_name"]), size, np.array(boxes, "float64").reshape(-1, 5))


def _warn_of_lost(file, lost):
    for reason, names in lost.items():
        if names:
            more = ", ..." if names[3:] else ""
            where = f"{len(names)}, in {', '.join(names[:3])}{more}"
            message = f"{file}: boxes {reason} are left out: {where}."
            warnings.warn(message, stacklevel=5)


def _other_format(file, error):
    reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
    return refused(file, reason, "hold images, annotations and categories in COCO's format")
