"""Which learning rate and how many epochs should `sslzoo.evaluate.finetune` have? `python -m
benchmarks.finetune_defaults`

Chosen on images of the training split alone: fine-tuned on a few labels of one part, measured on
another, which no training saw the labels of. One row a setting; the defaults are those with the
best mean over the rows of data set and labels per class. CIFAR-10 needs SSLZOO_DATA; without it the
digits decide alone.
"""

import argparse
import json
from pathlib import Path

import numpy as np

import sslzoo
from benchmarks.machine import machine
from sslzoo.data.sources import available
from sslzoo.data.subset import stratified_split

LEARNING_RATES = (3e-4, 1e-3, 3e-3)
EPOCHS = (30, 60)
CASES = (  # model, labels per class, held-out images, augmentation
    ("simclr_resnet20.digits", 10, 0.4, "digits"),
    ("simclr_resnet20.digits", 50, 0.4, "digits"),
    ("simclr_resnet20.cifar10", 10, 0.04, None),
    ("simclr_resnet20.cifar10", 50, 0.04, None),
)


def rows():
    here = {name for name, _, _ in available()}
    for name, labels_per_class, held_out, augment in CASES:
        config = sslzoo.info(name).config
        if config.data.name not in here:
            continue
        model, train = sslzoo.load(name), sslzoo.data.load(config.data.name)
        chosen, validation = (
            train.take(part) for part in stratified_split(train.labels, held_out, seed=0)
        )
        views = {"augment": augment} if augment else {}
        for learning_rate in LEARNING_RATES:
            for epochs in EPOCHS:
                found = [
                    sslzoo.evaluate.finetune(
                        model,
                        chosen,
                        validation,
                        labels_per_class=labels_per_class,
                        epochs=epochs,
                        learning_rate=learning_rate,
                        seed=seed,
                        baselines=False,
                        **views,
                    )["accuracy"]
                    for seed in range(2)
                ]
                row = {
                    "model": name,
                    "labels_per_class": labels_per_class,
                    "learning_rate": learning_rate,
                    "epochs": epochs,
                }
                yield row | {"validation_accuracy": float(np.mean(found)), "seeds": len(found)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--json", type=Path, default=Path("benchmarks/results/finetune_defaults.json")
    )
    path = parser.parse_args().json
    path.parent.mkdir(parents=True, exist_ok=True)
    done, means = [], {}
    for row in rows():
        done.append(row)
        means.setdefault(f"{row['learning_rate']:g}, {row['epochs']} epochs", []).append(
            row["validation_accuracy"]
        )
        print(json.dumps(row), flush=True)
    means = {setting: float(np.mean(values)) for setting, values in means.items()}
    path.write_text(
        json.dumps({"machine": machine(None), "rows": done, "mean": means}, indent=1) + "\n"
    )
    print(json.dumps(means, indent=1))


if __name__ == "__main__":
    main()
