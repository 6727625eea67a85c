"""How should a pretrained model go on with training on a small set of one's own, without harm?
`python -m benchmarks.continue_defaults --runs runs/continue`

Chosen on parts of some data sets: `fit` without labels on 200, 1,000 or 3,000 images, then linear
probes and kNN on images that no training saw, before and after. For each size the setting with the
best mean gain over the sets wins; no training at all is one of the settings. The winners are then
shown on three other sets. Finished rows are kept in --runs: the same command again goes on.
"""

import argparse
import json
from itertools import product
from pathlib import Path

import numpy as np

import sslzoo
from benchmarks.kept import kept
from benchmarks.machine import machine
from sslzoo.data.sources import find
from sslzoo.evaluate.transferred import transfer_figures
from sslzoo.zoo.build import recipe
from sslzoo.zoo.recipe import Recipe
from sslzoo.zoo.sources import load_sets
from sslzoo.zoo.transfer import SETS

MODEL = "simclr_resnet20.cifar10"
SIZES = (200, 1_000, 3_000)
CHOOSE = ("pacs64/cartoon", "pacs64/sketch", "fashion_mnist", "digits")
SHOW = (("pacs64/art_painting", 200), ("mnist", 1_000), ("tiny_imagenet40", 3_000))
TEST = 1_000  # images that are measured on
RATES = (0.03, 0.1, 0.3)  # times the rate of the entry's own config, for the same batch
FROZEN = (0.0, 0.5)  # share of the layers of the backbone, from the input on
EPOCHS = (5, 20)
FIGURES = ("probe_10", "probe", "knn")


def own_sets(name, size):
    """(train, test) of one's own: `size` images with the shares of the classes; None for a set that
    has fewer, or is not on this machine.
    """
    if name != "digits" and find(name) is None:
        return None
    train, test = load_sets(SETS[name])
    if len(train) < size:
        return None
    return part(train, size), part(test, TEST)


def part(data, size):
    """About `size` images, of every class its share."""
    if len(data) <= size:
        return data
    return data.take(sslzoo.data.labeled_subset(data.labels, size / len(data), seed=0))


def trained(name, images, rate, frozen, epochs):
    """The model after `fit` on the images alone."""
    model, config = sslzoo.load(name), sslzoo.info(name).config
    layers = model.backbone.layers
    for layer in layers[: round(frozen * len(layers))]:
        layer.trainable = False
    batch = min(config.batch_size, max(16, len(images) // 4))
    settings = recipe(config).get_config()
    peak = rate * settings["optimizer"]["learning_rate"] * batch / config.batch_size
    settings["optimizer"] = settings["optimizer"] | {"learning_rate": peak}
    model.compile(Recipe(**settings))
    model.fit(images, batch_size=batch, epochs=epochs, verbose=0)
    return model


def row(name, size, setting):
    """{"set", "size", "setting", "gains"}: after less before of each figure; None for a set that is
    left out.
    """
    sets = own_sets(name, size)
    if sets is None:
        return None
    before = transfer_figures(sslzoo.load(MODEL), *sets)
    after = transfer_figures(trained(MODEL, sets[0].images, **setting), *sets)
    gains = {key: after[key] - before[key] for key in FIGURES}
    found = {"set": name, "size": size, "setting": setting, "before": before, "after": after}
    return found | {"gains": gains}


def rows(cases, settings, folder):
    """The rows of all cases and settings, kept one by one."""
    for (name, size), setting in product(cases, settings):
        label = "-".join(f"{value:g}" for value in setting.values())
        path = folder / f"{name.replace('/', '_')}.{size}.{label}.json"
        found = kept(path, {"model": MODEL} | setting, row, name, size, setting)
        if found is not None:
            print(json.dumps(found), flush=True)
            yield found


def chosen(found):
    """{size: the setting of the best mean gain, or None where all of them harm}."""
    best = {}
    for size in sorted({each["size"] for each in found}):
        gains = {}
        for each in found:
            if each["size"] == size:
                key = json.dumps(each["setting"])
                gains.setdefault(key, []).append(np.mean(list(each["gains"].values())))
        setting = max(gains, key=lambda key: np.mean(gains[key]))
        best[size] = json.loads(setting) if np.mean(gains[setting]) > 0 else None
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/continue"))
    parser.add_argument(
        "--json", type=Path, default=Path("benchmarks/results/continue_defaults.json")
    )
    options = parser.parse_args()
    grid = product(RATES, FROZEN, EPOCHS)
    settings = [dict(zip(("rate", "frozen", "epochs"), values, strict=True)) for values in grid]
    found = list(rows(list(product(CHOOSE, SIZES)), settings, options.runs))
    best = chosen(found)
    shown = []
    for name, size in SHOW:
        if best.get(size) is not None:
            shown += rows([(name, size)], [best[size]], options.runs)
    result = {"machine": machine(None), "model": MODEL, "rows": found}
    result |= {"chosen": best, "shown": shown}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps({"chosen": best}, indent=1))


if __name__ == "__main__":
    main()
