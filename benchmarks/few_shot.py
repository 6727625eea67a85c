"""One-shot recognition of Omniglot's unseen characters: trains the entries of the zoo as their
configs say, from scratch.
"""

from benchmarks.targets import target
from sslzoo.zoo.train import train

ENTRIES = ("triplet_convnet.omniglot", "siamese_convnet.omniglot")
JUDGED = "triplet_convnet.omniglot"
# {ways: least 1-shot accuracy}; pytorch-metric-learning's batch-hard: 0.978 and 0.931
ACCURACY = {5: 0.98, 20: 0.935}
MINUTES = 20  # of training, on two cores


def run(runs):
    """{"rows": one of each protocol of each entry, "targets"}."""
    rows, targets = [], []
    for name in ENTRIES:
        # of a finished run: measured again, not trained
        record = train(name, run_dir=runs / name, verbose=2)
        minutes = record["wall_seconds"] / 60
        rows += [
            {"model": name, "minutes": minutes, "steps": record["steps"], **metric}
            for metric in record["metrics"]
        ]
        if name == JUDGED:
            targets += [
                _accuracy(record["metrics"], ways, least) for ways, least in ACCURACY.items()
            ]
            targets.append(
                target(f"{name}: minutes of training, at most", minutes, MINUTES, most=True)
            )
    return {"rows": rows, "targets": targets}


def _accuracy(metrics, ways, least):
    def judged(metric):
        return metric["protocol"] == "few_shot" and (
            metric["settings"]["ways"],
            metric["settings"]["shots"],
        ) == (ways, 1)

    value = next(metric["accuracy"] for metric in metrics if judged(metric))
    return target(f"{JUDGED}: {ways}-way 1-shot accuracy on unseen characters", value, least)
