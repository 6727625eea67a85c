"""`sslzoo demo`: the whole way on scikit-learn's bundled digits, from raw pixels to a served model,
told in one page.

Every figure of the report is measured by the run that writes it.
"""

import json
import re
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np

import sslzoo
from sslzoo import data, report
from sslzoo.checks import refused
from sslzoo.demo_figures import curves, finite, map_2d, measure, neighbours, picture_rows
from sslzoo.demo_steps import (
    Steps,
    clean_process,
    folder_bytes,
    load_first,
    patches,
    train_further,
)
from sslzoo.evaluate.encoders import RawPixels
from sslzoo.files import replace_file
from sslzoo.plots.report import curves_png, maps_png
from sslzoo.serving import export
from sslzoo.zoo.config import plain
from sslzoo.zoo.run_state import commit, device

MODEL = "simclr_resnet20.digits"
UNTRAINED = "untrained encoder"
# the first one that has published weights
FLAGSHIPS = ("simclr_resnet50", "simclr_resnet20.cifar10", MODEL)
LABELS_PER_CLASS = 10
DRAWS = 5  # of the labeled images; the table gives mean and standard deviation
K, TEMPERATURE = 5, 0.1  # kNN with 100 labeled images
VALIDATION = 0.2  # of the labels, for the probe's penalty: 2 of 10 a class
SHOWN = 8  # neighbors in a row
PATCHES_SHOWN = (2, 9, 15, 26, 33, 45)
LOADS = r"<script|<link|@import|url\(|src=\"(?!data:)"  # what would make a browser fetch something
EXACT = 1e-5  # relative difference between two graphs of one float32 network


def run(out: str | Path = "demo", seconds: float = 60) -> bool:
    """Run the demo and write `out`/report.html (one file, no network), `out`/results.json and
    `out`/saved_model/.

    Args:
        out: folder.
        seconds: of further self-supervised training, beyond the compilation of its first step.

    Returns:
        Whether every check passed.

    Raises:
        ValueError: the digits model has no published weights, or `out` holds a saved_model/ that no
            demo wrote.

    Example:
        >>> from sslzoo import demo
        >>> passed = demo.run("demo", seconds=60)  # doctest: +SKIP
    """
    if not sslzoo.info(MODEL).sha256:
        raise ValueError(
            f"demo: {MODEL} has no published weights yet; make them: sslzoo train {MODEL} --record"
        )
    demo = _Demo(Path(out), seconds)
    demo.clear()
    demo.load_data()
    demo.encode()
    demo.evaluate()
    demo.train()
    demo.evaluate_again()
    demo.draw_maps()
    demo.embed_photographs()
    demo.export()
    demo.serve()
    demo.write_report()
    return demo.steps.finish(demo.out / "report.html")


class _Demo:
    """One run: what each step leaves for those that follow."""

    def __init__(self, out: Path, seconds: float) -> None:
        self.out, self.seconds = out, seconds
        self.steps = Steps()
        self.began = time.monotonic()
        self.started = datetime.now(UTC).isoformat(timespec="seconds")
        self.after = f"after {seconds:g} s of fit"
        self.features = {}  # {encoder: (training features, test features)}
        self.rows = []  # of the table

    def clear(self) -> None:
        """An empty folder for the export. Raises ValueError for one that no demo wrote."""
        saved_model, results = self.out / "saved_model", self.out / "results.json"
        if saved_model.exists() and not results.exists():
            needed = "be another folder: it holds a saved_model/ that no demo wrote"
            raise refused("out", str(self.out), needed)
        self.out.mkdir(parents=True, exist_ok=True)
        # From here on the folder is a demo's, even if this one is killed: the next one may clear
        # it.
        begun = {"started": self.started, "finished": False}
        replace_file(results, json.dumps(begun).encode())
        shutil.rmtree(saved_model, ignore_errors=True)

    def load_data(self) -> None:
        with self.steps("Data") as say:
            self.train_set, self.test_set = (
                data.load("digits", "train"),
                data.load("digits", "test"),
            )
            say(
                f"{len(self.train_set):,} digits to learn from, {LABELS_PER_CLASS} labels per "
                f"class, {len(self.test_set)} to test on"
            )

    def encode(self) -> None:
        with self.steps("Model") as say:
            self.model = sslzoo.load(MODEL)
            self._encode("raw pixels", RawPixels())
            self._encode(UNTRAINED, self.model.untrained())
            self._encode(MODEL, self.model)
            weights = self.model.backbone.count_params()
            say(f"{MODEL}, {weights:,} weights, checked against the sha256 of its record")
            self.steps.check(
                "the published model gives a finite vector for each image",
                finite(self.features[MODEL][1], len(self.test_set)),
            )

    def _encode(self, name: str, encoder: Any) -> None:
        sets = (self.train_set, self.test_set)
        self.features[name] = [encoder.encode(part.images) for part in sets]

    def evaluate(self) -> None:
        with self.steps("Evaluation") as say:
            self.rows = [self._measure(name) for name in self.features]
            probes = [f"{row['name']} {_per_cent(row['linear_probe'])}" for row in self.rows]
            say(f"{', '.join(probes)} (linear probe)")

    def _measure(self, name: str) -> dict:
        """One row of the table."""
        train, test = self.features[name]
        settings = {
            "knn": {"k": K, "temperature": TEMPERATURE},
            "linear_probe": {"validation_fraction": VALIDATION},
        }
        few = (DRAWS, LABELS_PER_CLASS)
        measured = measure(train, test, self.train_set, self.test_set, *few, settings)
        return {"name": name, "dimensions": train.shape[1], **measured}

    def train(self) -> None:
        running = f"{self.seconds:g} s of further self-supervised fit"
        with self.steps("Training", running) as say:
            advance = self.steps.advance
            self.further = train_further(self.model, self.train_set, self.seconds, advance)
            loss, rank = self.further["loss"], self.further["effective_rank"]
            count = self.further["steps"]
            say(f"{count} more steps without labels, loss {loss[0]:.3f} to {loss[-1]:.3f}")
            healthy = np.isfinite(loss).all() and rank[-1] > 2
            self.steps.check("the loss stayed finite and the representation spread out", healthy)

    def evaluate_again(self) -> None:
        with self.steps("Evaluation") as say:
            self._encode(self.after, self.model)
            self.rows.append(self._measure(self.after))
            say(f"{self.after} {_per_cent(self.rows[-1]['linear_probe'])} (linear probe)")
            rows = {row["name"]: row for row in self.rows}
            self._compare("the published model", rows[MODEL], rows[UNTRAINED])
            self._compare("the model after more training", rows[self.after], rows[UNTRAINED])

    def _compare(self, name: str, row: dict, untrained: dict) -> None:
        for protocol, word in (("knn", "kNN"), ("linear_probe", "linear probe")):
            better = row[protocol]["mean"] > untrained[protocol]["mean"]
            self.steps.check(f"{name} beats the untrained encoder by {word}", better)

    def draw_maps(self) -> None:
        with self.steps("Pictures") as say:
            shown = (UNTRAINED, MODEL, self.after)
            self.maps = [(name, map_2d(self.features[name][1])) for name in shown]
            self.nearest = {}
            for name in (UNTRAINED, self.after):
                labels = (self.train_set.labels, self.test_set.labels)
                self.nearest[name] = neighbours(*self.features[name], *labels, SHOWN)
            say(f"t-SNE maps of {len(self.test_set)} embeddings, nearest neighbors")

    def embed_photographs(self) -> None:
        with self.steps("Flagship") as say:
            self.flagship, self.name = load_first(FLAGSHIPS)
            photographs = patches()
            self.photos, labels = photographs["images"], photographs["photo"]
            self.embedded = self.flagship.encode(self.photos)
            self.similar = neighbours(
                self.embedded, self.embedded, labels, labels, SHOWN, leave_out_self=True
            )
            count, features = self.embedded.shape
            say(f"{self.name}: {count} patches of two photographs, {features} features each")
            self.steps.check(
                "the flagship gives a finite vector for each patch",
                finite(self.embedded, len(self.photos)),
            )

    def export(self) -> None:
        with self.steps("Export") as say:
            folder = self.out / "saved_model" / self.name
            self.saved = Path(export(self.flagship, folder, warmup=False))
            say(f"{self.saved}, {folder_bytes(self.saved) / 1e6:.1f} MB")

    def serve(self) -> None:
        """The export in a process that knows nothing of sslzoo."""
        with self.steps("Clean process") as say:
            self.served = clean_process(self.saved, self.photos, self.embedded)
            difference = self.served["difference"]
            words = f"relative difference from encode {difference:.1e}"
            words = words if difference else "bit for bit encode"
            say(f"plain TensorFlow {self.served['tensorflow']}: {words}")
            check = self.steps.check
            check(
                "the SavedModel loads in a process that never imports sslzoo",
                not self.served["sslzoo_imported"],
            )
            check(f"it gives the embeddings of encode to {EXACT:.0e} relative", difference <= EXACT)
            trainable, moved = self.served["trainable_variables"], self.served["with_gradient"]
            check("every one of its trainable variables gets a gradient", 0 < trainable == moved)

    def results(self) -> dict:
        """Everything that was measured, plain JSON."""
        results = {
            "started": self.started,
            "seconds": time.monotonic() - self.began,
            "sslzoo": sslzoo.__version__,
            "commit": commit(),
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
            "device": device(),
            "model": MODEL,
            "rows": self.rows,
            "further": self.further,
            "neighbours": {name: part["agreement"] for name, part in self.nearest.items()},
        }
        results["flagship"] = {
            "name": self.name,
            "wanted": FLAGSHIPS[0],
            "patches": len(self.embedded),
            "dimensions": self.embedded.shape[1],
            "same_photo": self.similar["agreement"],
            "saved_model": str(self.saved),
            "bytes": folder_bytes(self.saved),
            **self.served,
        }
        results["settings"] = {
            "labels_per_class": LABELS_PER_CLASS,
            "draws": DRAWS,
            "k": K,
            "temperature": TEMPERATURE,
            "validation_fraction": VALIDATION,
            "train_images": len(self.train_set),
            "test_images": len(self.test_set),
        }
        return plain(results)

    def pictures(self) -> dict:
        """The pictures of the report, PNG."""
        test, train = self.test_set, self.train_set
        queries = [int(np.flatnonzero(test.labels == digit)[0]) for digit in range(10)]
        digits = {}
        for name, nearest in self.nearest.items():
            digits[name] = picture_rows(queries, nearest, test.images, train.images)
        return {
            "maps": maps_png(self.maps, test.labels, test.classes),
            "curves": curves_png(curves(self.further), "training step"),
            "digits": digits,
            "patches": picture_rows(PATCHES_SHOWN, self.similar, self.photos, self.photos),
        }

    def write_report(self) -> None:
        results, checks = self.results(), self.steps.checks
        with self.steps("Report") as say:
            values = {"results": results, "pictures": self.pictures(), "exact": EXACT}
            html = report.page("demo.html", checks=checks, **values)
            loads = re.search(LOADS, html)
            self.steps.check("the report needs no other file and no network", not loads)
            results["checks"] = [
                {"check": sentence, "passed": passed} for sentence, passed in checks
            ]
            html = report.page("demo.html", checks=checks, **values)
            replace_file(self.out / "report.html", html.encode())
            replace_file(self.out / "results.json", json.dumps(results, indent=1).encode())
            say(f"{len(html) / 1e3:.0f} kB")


def _per_cent(measured: dict) -> str:
    return f"{100 * measured['mean']:.1f} %"
