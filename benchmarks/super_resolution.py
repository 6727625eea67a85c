"""SRResNet and SRGAN, four times the size, trained again by the zoo's recipes: PSNR and SSIM on Set5 and Set14."""

import json

from sslzoo.zoo.build import from_config
from sslzoo.zoo.config import load_config
from sslzoo.zoo.feeds import training_feed
from sslzoo.zoo.registry import resolve
from sslzoo.zoo.train import evaluate_all

ENTRIES = ("srresnet_x4.t91", "srgan_x4.t91")  # SRGAN starts from the published weights of the first
GAIN = 2.7  # dB over bicubic on Set5, of SRResNet


def run(entries=ENTRIES):
    """{"rows": one of each entry and test set, "targets"}. Each row is printed as it is measured: all take about an hour."""
    rows = [row for entry in entries for row in trained(entry)]
    gain = next(row["gain"] for row in rows if row["entry"] == "srresnet_x4.t91" and row["test"] == "Set5")
    what = "Set5 x4: PSNR on Y of SRResNet less bicubic, dB"
    return {"rows": rows, "targets": [{"what": what, "value": gain, "target": GAIN, "met": gain >= GAIN}]}


def trained(entry):
    """Train an entry as its config says: a row for each of its evaluations."""
    config = load_config(resolve(entry))
    model = from_config(config)
    model.fit(training_feed(config), epochs=config.epochs, verbose=0)
    for record in evaluate_all(model, config):
        figures = {key: record[key] for key in ("psnr", "ssim")} | record["baselines"]
        row = {"entry": entry, "test": record["settings"]["test_name"], **figures}
        row |= {"gain": record["psnr"] - record["baselines"]["bicubic_psnr"], "per_picture": record["per_picture"]}
        print(json.dumps({key: value for key, value in row.items() if key != "per_picture"}), flush=True)
        yield row
