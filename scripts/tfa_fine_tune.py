"""Does tensorflow-addons train what sslzoo exports? Both halves: `make tfa-golden`.

.venv/bin/python scripts/tfa_fine_tune.py export FOLDER            # sslzoo: a model of the zoo and
digits to train it on .venv-tfa/bin/python scripts/tfa_fine_tune.py train FOLDER OUTPUT.json   #
TensorFlow 2.15.1 and tensorflow-addons, no sslzoo

The encoder of `simclr_resnet20.digits`, loaded as a SavedModel, learns by
tfa.losses.TripletSemiHardLoss and tfa.optimizers.LAMB on 20 digits of each class. Judged on test
digits: is the nearest of the others of the same class?
"""

import json
import sys
from pathlib import Path

import numpy as np

STEPS, SAMPLES, RATE = 60, 6, 1e-3


def export(folder):
    import sslzoo

    train, test = (sslzoo.data.load("digits", split=split) for split in ("train", "test"))
    train = train.take(sslzoo.evaluate.labeled_subset(train.labels, per_class=20))
    sets = {"train": train, "test": test}
    arrays = {
        f"{key}_images": np.repeat(part.images[..., None], 3, axis=-1) for key, part in sets.items()
    }
    sslzoo.load("simclr_resnet20.digits").export(f"{folder}/served", warmup=False)
    np.savez(
        f"{folder}/digits.npz",
        **arrays,
        **{f"{key}_labels": part.labels for key, part in sets.items()},
    )


def train(folder, output):
    import tensorflow as tf
    import tensorflow_addons as tfa

    digits = dict(np.load(f"{folder}/digits.npz"))
    encoder = tf.saved_model.load(f"{folder}/served/1")
    loss, optimizer = tfa.losses.TripletSemiHardLoss(margin=0.2), tfa.optimizers.LAMB(RATE)
    by_class = [np.flatnonzero(digits["train_labels"] == c) for c in range(10)]
    rng = np.random.default_rng(0)

    @tf.function
    def step(images, labels):
        with tf.GradientTape() as tape:
            value = loss(labels, tf.math.l2_normalize(encoder(images, training=True), axis=1))
        variables = encoder.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))
        return value

    def recall():
        rows = tf.math.l2_normalize(encoder(tf.constant(digits["test_images"])), axis=1).numpy()
        similarity = rows @ rows.T
        np.fill_diagonal(similarity, -np.inf)
        return float(
            (digits["test_labels"][similarity.argmax(axis=1)] == digits["test_labels"]).mean()
        )

    before, losses = recall(), []
    for _ in range(STEPS):
        rows = np.concatenate([rng.choice(own, SAMPLES, replace=False) for own in by_class])
        batch = tf.constant(digits["train_images"][rows]), tf.constant(digits["train_labels"][rows])
        losses.append(float(step(*batch)))
    record = {
        "made_by": {
            "tensorflow": tf.__version__,
            "tensorflow-addons": tfa.__version__,
            "numpy": np.__version__,
        },
        "model": "simclr_resnet20.digits",
        "loss": "tfa.losses.TripletSemiHardLoss(margin=0.2)",
        "optimizer": f"tfa.optimizers.LAMB({RATE})",
        "steps": STEPS,
        "batch": {"classes": 10, "samples": SAMPLES},
        "loss_of_first_and_last_ten_steps": [
            float(np.mean(losses[:10])),
            float(np.mean(losses[-10:])),
        ],
        "recall_at_1_before_and_after": [before, recall()],
    }
    Path(output).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record))


if __name__ == "__main__":
    {"export": export, "train": train}[sys.argv[1]](*sys.argv[2:])
