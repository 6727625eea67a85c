"""The export, in a process that knows nothing of sslzoo."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from sslzoo import data
from sslzoo.demo.drawn import per_cent, show
from sslzoo.demo.steps import Chapter
from sslzoo.evaluate.agreement import agreement
from sslzoo.plots.figure import INK, RIGHT, WRONG, empty, png
from sslzoo.serving import export

EXACT = 1e-5  # relative difference between two graphs of one float32 network
SHOWN = 12
CODE = """\
model.export("models/flexmatch")  # in sslzoo

model = tf.saved_model.load("models/flexmatch/1")  # anywhere
model.signatures["serving_default"](images=images)["probabilities"]"""

# Runs in a Python that knows nothing of this package: -I keeps the working directory and PYTHONPATH
# out of its path.
CLEAN = """
import json, sys
import numpy as np, tensorflow as tf
folder, inputs, outputs = sys.argv[1:]
model = tf.saved_model.load(folder)
images = tf.constant(np.load(inputs))
serve = model.signatures["serving_default"]
np.save(outputs, serve(images=images)["probabilities"].numpy())
with tf.GradientTape() as tape:
    features = model(images[:8], training=True)
    loss = tf.reduce_mean(features**2) + serve(images=images[:8])["probabilities"][0, 0]
gradients = tape.gradient(loss, model.trainable_variables)
print(json.dumps({
    "tensorflow": tf.__version__,
    "sslzoo_imported": "sslzoo" in sys.modules,
    "trainable_variables": len(model.trainable_variables),
    "with_gradient": sum(gradient is not None for gradient in gradients),
}))
"""


def chapter(model: Any, folder: str | Path) -> Chapter:
    """Export a classifier of digits, load it with plain TensorFlow, and compare the answers.

    Example:
        >>> from sslzoo.demo import serve
        >>> serve.chapter(model, "models/flexmatch").without  # doctest: +SKIP
        'classify 97.2 %'
    """
    test = data.load("digits", "test")
    images = test.images[..., None]
    saved = Path(export(model, folder, warmup=False))
    here = model.classify(images)
    served, found = _clean_process(saved, images)
    difference = agreement(served, here)["max_relative_difference"]
    answers = served.argmax(axis=1)
    right = per_cent((answers == test.labels).mean())
    size = sum(file.stat().st_size for file in saved.rglob("*") if file.is_file())
    same = "the same bits" if difference == 0 else f"at most {difference:.0e} apart, relatively"
    trainable, moved = found["trainable_variables"], found["with_gradient"]
    return Chapter(
        name="serve",
        title="Exported, and loaded without sslzoo",
        measured="test digits recognized by the export",
        without=f"the model itself {per_cent((here.argmax(axis=1) == test.labels).mean())}",
        within=right,
        text=[
            f"The FlexMatch model that was trained above became a SavedModel of "
            f"{size / 1e6:.1f} MB. A new process loaded it with TensorFlow {found['tensorflow']} "
            f"alone, and never imported sslzoo. It recognizes {right} of the test digits. The "
            f"probabilities and those of the model in sslzoo are {same}. {moved} of its "
            f"{trainable} trainable variables get a gradient, so others can train it further.",
        ],
        code=CODE,
        pictures=[
            (
                "What the other process answers to the first test digits, and how sure it is",
                _drawn(test, served),
            )
        ],
        results={"saved_model": str(saved), "bytes": size, "difference": difference, **found},
        checks=[
            (
                "the export loads in a process that never imports sslzoo",
                not found["sslzoo_imported"],
            ),
            (f"its probabilities agree to {EXACT:.0e} relative", difference <= EXACT),
            ("every one of its trainable variables gets a gradient", 0 < trainable == moved),
        ],
    )


def _clean_process(saved_model, images):
    """(the answers, what the process says of itself). Raises RuntimeError with its last words."""
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = Path(folder) / "images.npy", Path(folder) / "answers.npy"
        np.save(inputs, images)
        paths = [str(Path(saved_model).resolve()), str(inputs), str(outputs)]
        command = [sys.executable, "-I", "-c", CLEAN, *paths]
        environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode:
            words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise RuntimeError(f"The SavedModel cannot be used in a clean process: {words[-1]}")
        return np.load(outputs), json.loads(done.stdout.splitlines()[-1])


def _drawn(test, probabilities):
    """The first digits with the answers below them."""
    figure = empty(11, 1.5)
    for i, axes in enumerate(figure.subplots(1, SHOWN)):
        answer = probabilities[i].argmax()
        show(axes, test.images[i], RIGHT if answer == test.labels[i] else WRONG)
        sure = f"{answer}: {100 * probabilities[i, answer]:.0f} %"
        axes.set_xlabel(sure, fontsize=10, color=INK)
    figure.tight_layout(w_pad=0.5)
    return png(figure)
