"""`sslzoo demo`: what the zoo is for, in five short experiments and one page.

Everything is measured by the run that writes the page, with the bundled weights and the pictures
that come with scikit-learn. A chapter is a file of this folder.
"""

import json
import re
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import keras

import sslzoo
from sslzoo import report
from sslzoo.checks import refused, whole
from sslzoo.demo import enlarge, few_labels, find_again, one_example, serve
from sslzoo.demo.steps import Steps
from sslzoo.files import replace_file
from sslzoo.zoo.config import plain
from sslzoo.zoo.run_state import commit, device

MODELS = (enlarge.MODEL, few_labels.MODEL, one_example.MODEL, find_again.MODEL)
LOADS = r"<script|<link|@import|url\(|src=\"(?!data:)"  # what would make a browser fetch something


def run(out: str | Path = "demo", epochs: int = 20) -> bool:
    """Run the demo and write `out`/report.html (one file, no network), the pictures beside it,
    `out`/results.json and `out`/saved_model/.

    Args:
        out: Folder for the report.
        epochs: Epochs of 50 steps, for each of the two networks that learn from 40 labels.

    Returns:
        Whether every check passed.

    Raises:
        ValueError: A model has no published weights, or `out` has a saved_model/ that no demo
            wrote.

    Example:
        >>> from sslzoo import demo
        >>> passed = demo.run("demo")  # doctest: +SKIP
    """
    out, steps = Path(out), Steps()
    whole("epochs", epochs, 1)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    with steps("Models") as say:
        models = {name: sslzoo.load(name) for name in MODELS}
        say(f"{len(models)} pretrained models, each checked against the sha256 of its record")
    _clear(out, started)
    with steps("Training") as say:
        trained = few_labels.train(epochs, steps.advance)
        say("two networks on the same 40 labels, one of them with unlabeled images too")
    folder = out / "saved_model" / "flexmatch"
    chapters = [
        steps.chapter("Photograph", enlarge.chapter, models[enlarge.MODEL]),
        steps.chapter("40 labels", few_labels.chapter, trained, models[few_labels.MODEL]),
        steps.chapter("One example", one_example.chapter, models[one_example.MODEL]),
        steps.chapter("Neighbors", find_again.chapter, models[find_again.MODEL]),
        steps.chapter("Export", serve.chapter, trained["model"], folder),
    ]
    results = {
        "started": started,
        "seconds": time.monotonic() - steps.began,
        "versions": f"sslzoo {sslzoo.__version__}, Keras {keras.__version__}",
        "backend": keras.backend.backend(),
        "device": device(),
        "commit": commit(),
        "models": list(models),
        **{chapter.name: chapter.results for chapter in chapters},
    }
    _write(out, chapters, plain(results), steps)
    return steps.finish(out / "report.html")


def _clear(out, started):
    """Empty the folder for the export, if a demo wrote it."""
    saved_model, results = out / "saved_model", out / "results.json"
    if saved_model.exists() and not results.exists():
        needed = "be another folder: it holds a saved_model/ that no demo wrote"
        raise refused("out", str(out), needed)
    out.mkdir(parents=True, exist_ok=True)
    # From here on the folder is a demo's, even if this one is killed: the next one may clear it.
    replace_file(results, json.dumps({"started": started, "finished": False}).encode())
    shutil.rmtree(saved_model, ignore_errors=True)


def _write(out, chapters, results, steps):
    """The page, its pictures and its figures."""
    values = {"results": results, "chapters": chapters, "checks": steps.checks}
    loads = re.search(LOADS, report.page("demo.html", **values))
    steps.checks.append(("the report needs no other file and no network", not loads))
    html = report.page("demo.html", **values)
    results["checks"] = [{"check": words, "passed": passed} for words, passed in steps.checks]
    for chapter in chapters:
        for number, (_, picture) in enumerate(chapter.pictures, start=1):
            replace_file(out / f"{chapter.name}_{number}.png", picture)
    replace_file(out / "report.html", html.encode())
    replace_file(out / "results.json", json.dumps(results, indent=1).encode())
