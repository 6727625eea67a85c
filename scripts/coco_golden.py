"""Average precision of random boxes by pycocotools, for tests/evaluate/test_box_quality.py.

Run it where pycocotools is installed: `python scripts/coco_golden.py`.
"""

import contextlib
import io
import json
from importlib import metadata
from pathlib import Path

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

GOLDEN = Path(__file__).parents[1] / "tests/evaluate/golden/coco.json"
IMAGES, CLASSES = 8, 3
SIZE = 64


def drawn(rng):
    """(true boxes, predictions) of one image: [class, left, top, right, bottom, score]."""
    truth = []
    for _ in range(rng.integers(0, 7)):
        corner, sides = rng.integers(0, 40, 2), rng.integers(6, 24, 2)
        truth.append([int(rng.integers(0, CLASSES)), *corner.tolist(), *(corner + sides).tolist()])
    found = []
    for box in truth:
        for _ in range(rng.integers(0, 3)):  # none, or one or two that lie near
            moved = np.clip(np.array(box[1:]) + rng.integers(-3, 4, 4), 0, SIZE).tolist()
            label = box[0] if rng.random() < 0.8 else int(rng.integers(0, CLASSES))
            found.append([label, *moved, round(float(rng.random()), 1)])  # with equal scores
    for _ in range(rng.integers(0, 3)):
        corner, sides = rng.integers(0, 40, 2), rng.integers(6, 24, 2)
        box = [*corner.tolist(), *(corner + sides).tolist()]
        found.append([int(rng.integers(0, CLASSES)), *box, round(float(rng.random()), 1)])
    return truth, found


def as_coco(box):
    return [box[0], box[1], box[2] - box[0], box[3] - box[1]]


def evaluated(images):
    """AP (10 thresholds, classes) by pycocotools."""
    annotations, found = [], []
    for number, (truth, predicted) in enumerate(images):
        for label, *box in truth:
            area = (box[2] - box[0]) * (box[3] - box[1])
            own = {"image_id": number, "category_id": label, "bbox": as_coco(box), "area": area}
            annotations.append(own | {"id": len(annotations) + 1, "iscrowd": 0})
        for label, *box, score in predicted:
            own = {"image_id": number, "category_id": label, "bbox": as_coco(box)}
            found.append(own | {"score": score})
    truth = COCO()
    truth.dataset = {
        "info": {},
        "images": [{"id": number} for number in range(len(images))],
        "annotations": annotations,
        "categories": [{"id": label, "name": str(label)} for label in range(CLASSES)],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    precision = evaluation.eval["precision"][:, :, :, 0, 2]  # thresholds, recalls, classes
    return precision.mean(axis=1), evaluation.stats[:2]


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    images = [drawn(rng) for _ in range(IMAGES)]
    per_class, (mean, at_50) = evaluated(images)
    document = {
        "pycocotools": metadata.version("pycocotools"),
        "truth": [truth for truth, _ in images],
        "found": [found for _, found in images],
        "average_precision": per_class.tolist(),
        "mean": mean,
        "mean_50": at_50,
    }
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    GOLDEN.write_text(json.dumps(document) + "\n")
    print(mean, at_50)
