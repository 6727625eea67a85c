"""Series whose law drifts: the air of four stations in Beijing, and made activities.

Air: the PM2.5 of the next hour, with the paper's spans and scaling. AdaRNN's distance is chosen at
two periods on the validation span, then its number of periods. The zoo's own entry is one of the
choices, with its published weights. The plain network has nothing to choose. A Transformer has
the distance and the periods of the GRU. Beside them stand a ridge regression and the last value.

Activities: windows of a made accelerometer that slips, trained after three slips, judged after a
fourth. "still" is the accuracy without any slip in the test: what a network reaches that does not
look at it. Settings are those of `ACTIVITY`, chosen before the first run.

`python -m benchmarks.time_series` draws benchmarks/results/time_series.png.
"""

import json

import keras
import numpy as np
from sklearn.linear_model import Ridge

import sslzoo
from benchmarks.kept import kept
from benchmarks.report import RESULTS
from benchmarks.targets import target
from sslzoo.data import ByDomain
from sslzoo.evaluate.protocols.regression import errors
from sslzoo.zoo.build import from_config
from sslzoo.zoo.changes import merged
from sslzoo.zoo.entry import load_config
from sslzoo.zoo.registry import resolve
from sslzoo.zoo.schema import TRAINING
from sslzoo.zoo.sources import training_data

STATIONS = ("Dongsi", "Tiantan", "Nongzhanguan", "Dingling")
DISTANCES = ("mmd", "coral", "cosine", "adversarial")
PERIODS = (2, 3)
NETWORKS = {
    "gru": {"name": "gru", "steps": 24, "features": 6, "units": [64, 64]},
    "transformer": {"name": "series_transformer", "steps": 24, "features": 6},
}
ROWS = 72  # of a batch, whatever the periods
ALPHAS = np.logspace(-3, 3, 13).tolist()  # of the ridge regression
GAIN = 0.1  # of the mean RMSE over the stations; at every station above 0
SEEDS = (0, 1, 2)
SLIPS = ([0.0, 0.0, 1.0], [0.0, 1.0, 0.5], [1.0, 0.5, 0.0])  # of the training span
NEXT_SLIP = [0.5, -0.5, 1.5]
ACTIVITY = {"rows": 360, "samples": 24, "steps": 20, "epochs": 15, "weight": 0.5, "gate": 5}


def run(runs):
    """{"rows": of the stations, "activities", "targets"}. Each run is printed as it ends."""
    found = [activity_row(distance, runs) for distance in (None, *DISTANCES)]
    rows = [station_row(station, runs) for station in STATIONS]
    return {"rows": rows, "activities": found, "targets": targets(rows)}


def targets(rows):
    """How far AdaRNN's RMSE on the test span is under that of the plain GRU, as a share of it."""
    judged = []
    for row in rows:
        gain = 1 - row["adarnn"]["rmse"] / row["gru"]["rmse"]
        judged.append(target(f"{row['station']}: RMSE under the GRU's, share of it", gain, 0.0))
    means = {name: np.mean([row[name]["rmse"] for row in rows]) for name in ("adarnn", "gru")}
    gain = 1 - means["adarnn"] / means["gru"]
    return [*judged, target("mean of the stations: RMSE under the GRU's, share of it", gain, GAIN)]


def station_row(station, runs):
    """{name: {"validation", "rmse", "mae", ...}} of a station, and its published figures."""
    config = load_config(resolve(f"adarnn_gru.{station.lower()}"))
    candidates = search(station, runs)
    chosen = min(candidates, key=lambda each: each["validation"])
    best = min(candidates[1:], key=lambda each: each["validation"])  # has a number of periods
    own = {key: best[key] for key in ("distance", "periods")}
    return {
        "station": station,
        **plain(station),
        "gru": trained("gru", station, runs),
        "adarnn": chosen,
        "candidates": candidates,
        "transformer": trained("transformer", station, runs),
        "adapted_transformer": trained("transformer", station, runs, **own),
        "published": [each.model_dump(mode="json") for each in config.reference],
    }


def search(station, runs):
    """The zoo's entry, each distance at two periods, and the best one at other numbers of them."""
    candidates = [of_entry(station)]
    candidates += [trained("gru", station, runs, distance, PERIODS[0]) for distance in DISTANCES]
    best = min(candidates[1:], key=lambda each: each["validation"])["distance"]
    return candidates + [trained("gru", station, runs, best, count) for count in PERIODS[1:]]


def settings(network, station, distance=None, periods=1):
    """The config of a run: that of the station's entry with another network, distance and number of
    periods; without a distance the plain network on shuffled rows.
    """
    config = load_config(resolve(f"adarnn_gru.{station.lower()}"))
    changes = {"backbone": NETWORKS[network], "hyperparameters": {"periods": periods}}
    if distance is None:
        return merged(config, changes | {"sampler": None, "batch_size": ROWS})
    changes["hyperparameters"] |= {"distance": distance, "distance_weight": 0.5}  # the paper's
    sampler = {"name": "by_domain", "samples": ROWS // periods, "periods": periods}
    return merged(config, changes | {"sampler": sampler})


def trained(network, station, runs, distance=None, periods=1):
    """What a run reached: trained once, then kept."""
    config = settings(network, station, distance, periods)
    name = f"{station}, {network}, {distance}, {periods}.json"
    plain = config.model_dump(mode="json", include=TRAINING)
    own = {"distance": distance, "periods": periods}
    return own | kept(runs / name, plain, one_run, config, station)


def one_run(config, station):
    model = from_config(config)
    model.fit(training_data(config), **length(config))
    found = judged(model.forecast, station)
    print(station, config.backbone.name, config.hyperparameters, json.dumps(found), flush=True)
    return found


def length(config):
    """Arguments of `fit`: a sampler has its own batches."""
    batch = {} if config.sampler is not None else {"batch_size": config.batch_size}
    return {"epochs": config.epochs, "verbose": 0, **batch}


def of_entry(station):
    """The published model of the zoo."""
    model = sslzoo.load(f"adarnn_gru.{station.lower()}")
    return {"distance": "entry", "periods": model.periods, **judged(model.forecast, station)}


def judged(forecast, station):
    """{"validation": RMSE, "rmse", "mae": of the test span} of forecasts."""
    validation, test = (
        sslzoo.data.load(f"beijing_air/{station}", split) for split in ("validation", "test")
    )
    own = errors(forecast(validation.series), validation.targets)
    return {"validation": own["rmse"], **errors(forecast(test.series), test.targets)}


def plain(station):
    """{"ridge", "last_value"}. The ridge's alpha is chosen on the validation span."""
    train = sslzoo.data.load(f"beijing_air/{station}", "train")
    found = []
    for alpha in ALPHAS:
        ridge = Ridge(alpha=alpha).fit(flat(train.series), train.targets)
        found.append({"alpha": alpha, **judged(lambda x, r=ridge: r.predict(flat(x)), station)})
    best = min(found, key=lambda each: each["validation"])
    return {"ridge": best, "last_value": judged(lambda x: x[:, -1, 0], station)}


def flat(series):
    return series.reshape(len(series), -1)


def activity_row(distance, runs):
    """The accuracy after the next slip and without one, mean of the seeds and standard error."""
    name = "activities, {}, {}.json"
    own = ACTIVITY | {"slips": SLIPS, "next": NEXT_SLIP}
    found = [
        kept(runs / name.format(distance, seed), own, on_activities, distance, seed)
        for seed in SEEDS
    ]
    row = {"distance": distance, "runs": found}
    for key in ("slipped", "still"):
        values = [each[key] for each in found]
        row[key] = float(np.mean(values))
        row[f"{key}_error"] = float(np.std(values, ddof=1) / len(values) ** 0.5)
    return row


def on_activities(distance, seed):
    """{"slipped", "still"}: accuracies of a model; no distance: the same batches without one."""
    rows = sslzoo.data.activities(ACTIVITY["rows"], SLIPS, seed=seed)
    own = {"periods": len(SLIPS), "segments": 2 * len(SLIPS), "seed": seed}
    batches = ByDomain(rows, ACTIVITY["samples"], steps_per_epoch=ACTIVITY["steps"], **own)
    network = sslzoo.nn.gru("gru", 32, 3, units=[32], seed=seed)
    weight = 0.0 if distance is None else ACTIVITY["weight"]
    model = sslzoo.methods.AdaRNN(
        network,
        periods=len(SLIPS),
        distance=distance or "mmd",
        distance_weight=weight,
        gate_epochs=ACTIVITY["gate"],
        classes=4,
        seed=seed,
    )
    model.compile(keras.optimizers.Adam(5e-3, clipvalue=3.0))
    model.fit(batches, epochs=ACTIVITY["epochs"], verbose=0)
    tests = {"slipped": [NEXT_SLIP], "still": SLIPS}
    found = {}
    for name, slips in tests.items():
        test = sslzoo.data.activities(1000, slips, seed=seed + 100)
        found[name] = float(np.mean(model.classify(test.series).argmax(axis=1) == test.labels))
    print("activities", distance, seed, found, flush=True)
    return found


def picture(result):
    """A bar of each model at each station, from what the suite wrote: a figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    names = ("last_value", "ridge", "gru", "adarnn", "transformer", "adapted_transformer")
    width = 0.8 / len(names)
    for number, name in enumerate(names):
        places = np.arange(len(result["rows"])) + (number - (len(names) - 1) / 2) * width
        heights = [row[name]["rmse"] for row in result["rows"]]
        axes.bar(places, heights, width, label=name.replace("_", " "))
    axes.set_xticks(range(len(result["rows"])), [row["station"] for row in result["rows"]])
    axes.set_ylabel("RMSE, test span")
    axes.legend(ncols=2, fontsize="small")
    return figure


if __name__ == "__main__":
    picture(json.loads((RESULTS / "time_series.json").read_text())).savefig(
        RESULTS / "time_series.png", dpi=100
    )
