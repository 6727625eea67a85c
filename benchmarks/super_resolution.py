"""SRResNet and SRGAN, four times the size, trained again by the zoo's recipes: PSNR and SSIM on Set5 and Set14."""

import json

from benchmarks.targets import target
from sslzoo.zoo.train import train

ENTRIES = ("srresnet_x4.t91", "srgan_x4.t91")  # SRGAN starts from the published weights of the first
GAIN = 2.7  # dB over bicubic on Set5, of SRResNet


def run(runs, entries=ENTRIES):
    """{"rows": one of each entry and test set, "targets"}. Each row is printed as it is measured: all take about an hour."""
    # `train` measures a finished run again, and does not train it.
    rows = [row(entry, found) for entry in entries for found in train(entry, run_dir=runs / entry, verbose=2)["metrics"]]
    gain = next(row["gain"] for row in rows if row["entry"] == "srresnet_x4.t91" and row["test"] == "Set5")
    return {"rows": rows, "targets": [target("Set5 x4: PSNR on Y of SRResNet less bicubic, dB", gain, GAIN)]}


def row(entry, record):
    """What is reported of one evaluation."""
    figures = {key: record[key] for key in ("psnr", "ssim")} | record["baselines"]
    found = {"entry": entry, "test": record["settings"]["test_name"], **figures}
    found["gain"] = record["psnr"] - record["baselines"]["bicubic_psnr"]
    print(json.dumps(found), flush=True)
    return found | {"per_picture": record["per_picture"]}
