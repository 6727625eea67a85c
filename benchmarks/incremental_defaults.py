"""Which settings should the entries of split MNIST have? `python -m
benchmarks.incremental_defaults`

Each row changes an entry's config, learns the five tasks without 5,000 of the training images and
is judged on these 5,000, class-incremental. The test split is not looked at. Rows that the JSON
file has are not trained again.
"""

import sslzoo
from benchmarks import variants
from sslzoo.data.subset import stratified_split
from sslzoo.zoo.build import from_config
from sslzoo.zoo.sources import load_sets

REPLAY, ICARL = "replay_mlp.mnist", "icarl_mlp.mnist"
# moves, scales and stretches a digit by a little
CROPS = {"preset": "none", "crop_area": (0.7, 1.0)}
VARIANTS = {  # of the entry's config: {hyperparameter or key of the config: value}
    "replay, 1 epoch": (REPLAY, {"epochs": 1, "augment": "none"}),
    "replay, 4 epochs": (REPLAY, {"epochs": 4, "augment": "none"}),
    "replay, 10 epochs": (REPLAY, {"epochs": 10, "augment": "none"}),
    "replay, 4 epochs, crops": (REPLAY, {"epochs": 4, "augment": CROPS}),
    "replay, 10 epochs, crops": (REPLAY, {"epochs": 10, "augment": CROPS}),
    "icarl, 4 epochs": (ICARL, {"epochs": 4}),
    "icarl, 10 epochs": (ICARL, {}),
    "icarl, 10 epochs, temperature 1": (ICARL, {"temperature": 1.0}),
}


def row(entry, changes):
    config = variants.changed(entry, changes)
    (train,) = load_sets([config.data], config.image_size)
    chosen, held_out = (
        train.take(rows) for rows in stratified_split(train.labels, 5000 / len(train), seed=0)
    )
    stream = sslzoo.data.TaskStream(chosen, held_out, config.tasks.count, config.tasks.seed)
    record = sslzoo.evaluate.incremental(
        from_config(config), stream, epochs=config.epochs, batch_size=config.batch_size
    )
    return {
        "held_out": record["accuracy"],
        "n_held_out": len(held_out),
        "forgetting": record["class"]["forgetting"],
    }


if __name__ == "__main__":
    variants.main(__doc__.splitlines()[0], VARIANTS, row, "build/incremental_defaults.json")
