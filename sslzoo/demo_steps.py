"""What the demo is made of: steps that a person can watch, a clock for `fit`, a clean process."""

import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

import sslzoo
from sslzoo import optim
from sslzoo.data import Dataset
from sslzoo.evaluate.agreement import agreement
from sslzoo.training import Method
from sslzoo.zoo.cache import WeightsError

LEARNING_RATE, BATCH = 0.03, 256  # a quarter of the recipe's peak: the weights are trained already
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

    Example:
        >>> from sslzoo.demo_steps import Steps
        >>> steps = Steps()
        >>> with steps("Data") as say:  # doctest: +ELLIPSIS
        ...     say("1,297 digits")
        ✓ Data          1,297 digits  0... s
    """

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self.checks = []
        self.began = time.monotonic()

    @contextlib.contextmanager
    def __call__(self, title: str, running: str = "") -> Iterator[Callable]:
        """A step, while a `with` block runs: it gives a function that takes what was done, in
        words.
        """
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

    def advance(self, share: float) -> None:
        """Show `share` (0..1) of the running step as done."""
        self.bar.update(self.task, total=1.0, completed=share)

    def check(self, sentence: str, passed: Any) -> None:
        """Note whether a check passed."""
        self.checks.append((sentence, bool(passed)))

    def finish(self, path: Path) -> bool:
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

    Args:
        seconds: of training.
        learning_rate: at the start.
        advance: is called with the share of the time that is over.

    Attributes:
        steps, elapsed: what was done, so far.

    Example:
        >>> from sslzoo.demo_steps import ForSeconds
        >>> ForSeconds(60, 0.03, advance=print).steps
        0
    """

    def __init__(self, seconds: float, learning_rate: float, advance: Callable) -> None:
        super().__init__()
        self.seconds, self.learning_rate = seconds, learning_rate
        self.advance = advance
        self.steps, self.elapsed = 0, 0.0
        self.began = None

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps += 1
        self.began = self.began or time.monotonic()
        self.elapsed = time.monotonic() - self.began
        share = min(1.0, self.elapsed / self.seconds)
        cosine = 0.5 * (1 + math.cos(math.pi * share))
        self.model.optimizer.learning_rate = self.learning_rate * cosine
        self.advance(share)
        self.model.stop_training = share >= 1.0


def train_further(model: Method, train: Dataset, seconds: float, advance: Callable) -> dict:
    """Continue the self-supervised training for some seconds, under a cosine.

    Args:
        model: trained already.
        train: its training data.
        seconds, advance: as of `ForSeconds`.

    Returns:
        What happened, epoch by epoch, and the settings.

    Example:
        >>> import sslzoo
        >>> from sslzoo.demo_steps import train_further
        >>> model = sslzoo.build("simclr", "micro", 8, augment="digits")
        >>> digits = sslzoo.data.load("digits").take(slice(256))
        >>> train_further(model, digits, 0.01, advance=lambda share: None)["dimensions"]
        16
    """
    model.compile(optim.build("sgd", LEARNING_RATE, momentum=0.9, weight_decay=5e-4))
    clock = ForSeconds(seconds, LEARNING_RATE, advance)
    settings = {"batch_size": BATCH, "epochs": 100_000, "verbose": 0}
    history = model.fit(train, callbacks=[clock], **settings).history
    return {
        "seconds": clock.elapsed,
        "steps": clock.steps,
        "steps_per_epoch": len(train) // BATCH,
        "batch_size": BATCH,
        "learning_rate": LEARNING_RATE,
        "schedule": "cosine to 0 over the seconds",
        "optimizer": "sgd, momentum 0.9",
        "loss": history["loss"],
        "effective_rank": history["effective_rank"],
        "dimensions": model.backbone.output_shape[-1],
    }


def load_first(names: Sequence[str]) -> tuple[Method, str]:
    """(model, its full name) of the first entry whose weights are at hand: a wheel carries the
    small ones only.

    Raises:
        WeightsError: of none.

    Example:
        >>> from sslzoo.demo_steps import load_first
        >>> load_first(["simclr_resnet20.digits"])[1]
        'simclr_resnet20.digits'
    """
    problem = WeightsError(f"none of {', '.join(names)} has published weights.")
    for name in names:
        card = sslzoo.info(name)
        if not card.sha256:
            continue
        try:
            return sslzoo.load(name), card.name
        except WeightsError as error:
            problem = error
    raise problem


def folder_bytes(folder: Path) -> int:
    """The bytes of all files in a folder.

    Example:
        >>> import tempfile
        >>> from sslzoo.demo_steps import folder_bytes
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     folder_bytes(Path(folder))
        0
    """
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def patches() -> dict[str, np.ndarray]:
    """{"images": uint8 (48, 106, 106, 3), "photo": (48,)}: scikit-learn's two bundled photographs,
    cut into squares.

    Example:
        >>> from sslzoo.demo_steps import patches
        >>> patches()["images"].shape
        (48, 106, 106, 3)
    """
    from sklearn.datasets import load_sample_images

    images, photo = [], []
    for number, picture in enumerate(load_sample_images().images):
        for top in range(0, picture.shape[0] - PATCH + 1, PATCH):
            for left in range(0, picture.shape[1] - PATCH + 1, PATCH):
                images.append(picture[top : top + PATCH, left : left + PATCH])
                photo.append(number)
    return {"images": np.stack(images), "photo": np.array(photo)}


def clean_process(saved_model: str | Path, images: np.ndarray, reference: np.ndarray) -> dict:
    """Load a SavedModel with plain TensorFlow in a new process and compare its embeddings of
    `images` with `reference`.

    Returns:
        {"difference": the largest over images of |e - r| / |r|, "tensorflow": its version,
        "sslzoo_imported", "trainable_variables", "with_gradient": how many of those get a
        gradient}.

    Raises:
        RuntimeError: it fails; with the process' last words.

    Example:
        >>> from sslzoo.demo_steps import clean_process
        >>> clean_process("models/1", images, model.encode(images))  # doctest: +SKIP
    """
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = Path(folder) / "images.npy", Path(folder) / "embeddings.npy"
        np.save(inputs, images)
        paths = [str(Path(saved_model).resolve()), str(inputs), str(outputs)]
        command = [sys.executable, "-I", "-c", CLEAN, *paths]
        environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode:
            words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise RuntimeError(f"The SavedModel cannot be used in a clean process: {words[-1]}")
        served = np.load(outputs)
    difference = agreement(served, reference)["max_relative_difference"]
    return {"difference": difference, **json.loads(done.stdout.splitlines()[-1])}
