"""What the demo is made of: steps that a person can watch, a clock for `fit`, neighbours, a clean
process.
"""

import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from sslzoo.evaluate.agreement import agreement

PATCH = 106  # pixels: four rows and six columns of a bundled photograph of 427 x 640

# Runs in a Python that knows nothing of this package: -I keeps the working directory and PYTHONPATH
# out of its path.
CLEAN = """
import json, sys
import numpy as np, tensorflow as tf
folder, inputs, outputs = sys.argv[1:]
model = tf.saved_model.load(folder)
images = tf.constant(np.load(inputs))
np.save(outputs, model.signatures["serving_default"](images=images)["embedding"].numpy())
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(model(images[:8], training=True) ** 2)
gradients = tape.gradient(loss, model.trainable_variables)
print(json.dumps({
    "tensorflow": tf.__version__,
    "sslzoo_imported": "sslzoo" in sys.modules,
    "trainable_variables": len(model.trainable_variables),
    "with_gradient": sum(gradient is not None for gradient in gradients),
}))
"""


class Steps:
    """Steps with a spinner or a bar while they run and a line when they are done; the checks made
    on the way.
    """

    def __init__(self):
        self.console = Console(highlight=False)
        self.checks = []
        self.began = time.monotonic()

    @contextlib.contextmanager
    def __call__(self, title, running=""):
        self.done = title
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(40),
            TimeElapsedColumn(),
        )
        self.bar = Progress(
            *columns, console=self.console, transient=True, disable=not self.console.is_terminal
        )
        began = time.monotonic()
        with self.bar:
            self.task = self.bar.add_task(running or title, total=None)
            said = []
            yield said.append
        line = f"[green]✓[/] [bold]{title:<14}[/]{' '.join(said)}"
        self.console.print(f"{line}  [dim]{time.monotonic() - began:.1f} s[/]", soft_wrap=True)

    def advance(self, share):
        """Show `share` (0..1) of the running step as done."""
        self.bar.update(self.task, total=1.0, completed=share)

    def check(self, sentence, passed):
        self.checks.append((sentence, bool(passed)))

    def finish(self, path):
        """Say where the report is and which checks failed; return whether none did."""
        failed = [sentence for sentence, passed in self.checks if not passed]
        self.console.print(f"Report: {path}", soft_wrap=True)
        for sentence in failed:
            self.console.print(f"[red]✗[/] not so: {sentence}", soft_wrap=True)
        count, took = len(self.checks), time.monotonic() - self.began
        passed = f"{len(failed)} of {count} checks failed" if failed else f"{count} checks passed"
        self.console.print(f"Demo finished: {passed} in {took:.0f} s")
        return not failed


class ForSeconds(keras.callbacks.Callback):
    """Train for some seconds, counted from the end of the first step (which compiles), under a
    cosine over that time.

    advance: called with the share of the time that is over. Afterwards `steps` and `elapsed` say
    what was done.
    """

    def __init__(self, seconds, learning_rate, advance):
        super().__init__()
        self.seconds, self.learning_rate, self.advance = seconds, learning_rate, advance
        self.steps, self.began, self.elapsed = 0, None, 0.0

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        self.began = self.began or time.monotonic()
        self.elapsed = time.monotonic() - self.began
        share = min(1.0, self.elapsed / self.seconds)
        self.model.optimizer.learning_rate = (
            self.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
        )
        self.advance(share)
        self.model.stop_training = share >= 1.0


def neighbours(bank, queries, bank_labels, query_labels, count, leave_out_self=False):
    """The `count` rows of bank (N, D) most similar by cosine to each of queries (Q, D).

    Returns {"rows": [(indices, same label?)] of each query, "agreement": share of neighbours with
    the query's label}.
    leave_out_self: bank and queries are the same rows.
    """
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (queries, bank)]
    similarity = unit[0] @ unit[1].T
    if leave_out_self:
        np.fill_diagonal(similarity, -np.inf)
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :count]
    same = np.asarray(bank_labels)[nearest] == np.asarray(query_labels)[:, None]
    return {"rows": list(zip(nearest, same, strict=True)), "agreement": float(same.mean())}


def patches():
    """{"images": uint8 (48, 106, 106, 3), "photo": (48,)}: scikit-learn's two bundled photographs,
    cut into squares.
    """
    from sklearn.datasets import load_sample_images

    images, photo = [], []
    for number, picture in enumerate(load_sample_images().images):
        for top in range(0, picture.shape[0] - PATCH + 1, PATCH):
            for left in range(0, picture.shape[1] - PATCH + 1, PATCH):
                images.append(picture[top : top + PATCH, left : left + PATCH])
                photo.append(number)
    return {"images": np.stack(images), "photo": np.array(photo)}


def clean_process(saved_model, images, reference):
    """Load a SavedModel with plain TensorFlow in a new process and compare its embeddings of
    `images` with `reference`.

    Returns {"difference": the largest over images of |e - r| / |r|, "tensorflow": its version,
    "sslzoo_imported", "trainable_variables", "with_gradient": how many of those get a gradient}.
    Raises RuntimeError with the process' last words if it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = Path(folder) / "images.npy", Path(folder) / "embeddings.npy"
        np.save(inputs, images)
        command = [
            sys.executable,
            "-I",
            "-c",
            CLEAN,
            str(Path(saved_model).resolve()),
            str(inputs),
            str(outputs),
        ]
        environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode:
            words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise RuntimeError(f"The SavedModel cannot be used in a clean process: {words[-1]}")
        served = np.load(outputs)
    difference = agreement(served, reference)["max_relative_difference"]
    return {"difference": difference, **json.loads(done.stdout.splitlines()[-1])}
