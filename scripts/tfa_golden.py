"""Golden vectors of tensorflow-addons' metric losses, written by the library itself: `make
tfa-golden`.

.venv-tfa/bin/python scripts/tfa_golden.py OUTPUT.json

tensorflow-addons is archived and cannot be imported beside Keras 3: it runs here, in an environment
of its own (Python
3.11, TensorFlow 2.15.1, which wants NumPy below 2), and what it computes is kept in the repository.
"""

import json
import sys

import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

MARGINS = (0.2, 1.0)
DISTANCES = ("L2", "squared-L2", "angular")


def batches():
    """Two batches: 4 classes x 4 images at length 1; classes of 5, 4, 3 and 1 images at any length.
    Short decimals, so that JSON keeps them exactly.
    """
    rng = np.random.default_rng(2024)
    for sizes, unit in (((4, 4, 4, 4), True), ((5, 4, 3, 1), False)):
        labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
        rows = rng.normal(size=(len(sizes), 6))[labels] + rng.normal(size=(len(labels), 6))
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True) if unit else rows
        yield {"labels": labels.tolist(), "embeddings": np.round(rows, 4).tolist()}


def pairs():
    rng = np.random.default_rng(2025)
    return {
        "same": rng.integers(0, 2, 15).tolist(),
        "distance": np.round(rng.uniform(0, 2, 15), 4).tolist(),
    }


def values(batches, pairs):
    """One row a loss: its name and arguments there, what it was given, what it gave."""
    for margin in MARGINS:
        value = tfa.losses.ContrastiveLoss(margin)(
            tf.constant(pairs["same"]), tf.constant(pairs["distance"])
        )
        yield {"loss": "ContrastiveLoss", "margin": margin, "value": float(value)}
    for index, batch in enumerate(batches):
        given = tf.constant(batch["labels"]), tf.constant(batch["embeddings"])
        for distance in DISTANCES:
            for margin in MARGINS:
                arguments = {"margin": margin, "distance_metric": distance}
                semi_hard = tfa.losses.TripletSemiHardLoss(**arguments)(*given)
                hard = tfa.losses.TripletHardLoss(**arguments)(*given)
                yield {
                    "loss": "TripletSemiHardLoss",
                    "batch": index,
                    **arguments,
                    "value": float(semi_hard),
                }
                yield {
                    "loss": "TripletHardLoss",
                    "batch": index,
                    "soft": False,
                    **arguments,
                    "value": float(hard),
                }
            soft = tfa.losses.TripletHardLoss(soft=True, distance_metric=distance)(*given)
            yield {
                "loss": "TripletHardLoss",
                "batch": index,
                "soft": True,
                "distance_metric": distance,
                "value": float(soft),
            }


def main(path):
    tf.get_logger().setLevel("ERROR")  # it counts retracings
    inputs = {"batches": list(batches()), "pairs": pairs()}
    made_by = {
        "tensorflow": tf.__version__,
        "tensorflow-addons": tfa.__version__,
        "numpy": np.__version__,
    }
    rows = {"made_by": made_by, **inputs, "values": list(values(**inputs))}
    blocks = []
    for key, value in rows.items():  # one line an entry
        lines = (
            ",\n".join("  " + json.dumps(entry) for entry in value)
            if isinstance(value, list)
            else None
        )
        blocks.append(f" {json.dumps(key)}: " + (f"[\n{lines}\n ]" if lines else json.dumps(value)))
    with open(path, "w", encoding="utf-8") as file:
        file.write("{\n" + ",\n".join(blocks) + "\n}\n")
    print(f"{path}: {len(rows['values'])} values")


if __name__ == "__main__":
    main(*sys.argv[1:])
