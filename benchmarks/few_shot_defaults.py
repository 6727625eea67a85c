"""Which settings should the Omniglot entries have? `python -m benchmarks.few_shot_defaults`

Each row changes an entry's config, trains it on background without five alphabets
("train+rotations") and judges it on these five ("validation"): 20-way 1-shot, by cosine and by
Euclidean distance. The evaluation split is not looked at. Rows that the JSON file has are not
trained again. Omniglot is found in the folder SSLZOO_DATA.
"""

import sslzoo
from benchmarks import variants
from sslzoo.zoo.build import from_config
from sslzoo.zoo.found import SAMPLERS
from sslzoo.zoo.schema import Schedule
from sslzoo.zoo.sources import training_data

TRIPLET, SIAMESE = "triplet_convnet.omniglot", "siamese_convnet.omniglot"
WIDER = SAMPLERS["class_balanced"](
    name="class_balanced", classes=64, samples=2, steps_per_epoch=150
)
SHORT = {"epochs": 10, "augment": "none"}
VARIANTS = {  # of the entry's config: {hyperparameter or key of the config: value}
    "triplet": (TRIPLET, SHORT),
    "triplet, constant rate": (TRIPLET, SHORT | {"schedule": Schedule(name="constant")}),
    "triplet, soft margin, any length": (TRIPLET, SHORT | {"margin": "soft", "normalize": False}),
    "triplet, margin 0.4": (TRIPLET, SHORT | {"margin": 0.4}),
    "triplet, semi-hard": (TRIPLET, SHORT | {"miner": "semi_hard"}),
    "triplet, batch-all": (TRIPLET, SHORT | {"miner": "batch_all", "reducer": "nonzero_mean"}),
    "triplet, 64 x 2": (TRIPLET, SHORT | {"sampler": WIDER}),
    "triplet, 4,500 steps": (TRIPLET, {"epochs": 30, "augment": "none"}),
    "triplet, 4,500 steps, crops": (TRIPLET, {"epochs": 30}),
    "triplet, 9,000 steps, crops": (TRIPLET, {}),
    "siamese": (SIAMESE, {"balanced": True}),
    "siamese, all pairs alike": (SIAMESE, {}),
    "siamese, margin 0.7": (SIAMESE, {"margin": 0.7}),
    "siamese, margin 1.3": (SIAMESE, {"margin": 1.3}),
}


def row(entry, changes):
    config = variants.changed(entry, changes)
    config = config.model_copy(
        update={"data": config.data.model_copy(update={"split": "train+rotations"})}
    )
    model = from_config(config)
    history = model.fit(training_data(config), epochs=config.epochs, verbose=2).history
    validation = sslzoo.data.load("omniglot", split="validation")
    found = {
        similarity: sslzoo.evaluate.few_shot(
            model, validation, ways=20, similarity=similarity, baselines=False
        )["accuracy"]
        for similarity in ("cosine", "euclidean")
    }
    logs = {
        key: history[key][-1]
        for key in ("loss", "active_triplets", "effective_rank")
        if key in history
    }
    return {"validation_20_way_1_shot": found, "last_epoch": logs}


if __name__ == "__main__":
    variants.main(__doc__.splitlines()[0], VARIANTS, row, "build/few_shot_defaults.json")
