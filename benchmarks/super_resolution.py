"""SRResNet and SRGAN, four times the size, trained again by the zoo's recipes: PSNR and SSIM on
Set5 and Set14.
"""

import json

from benchmarks.targets import target
from sslzoo.zoo.train import train

# SRGAN starts from the published weights of the first
ENTRIES = ("srresnet_x4.t91", "srgan_x4.t91")
GAIN = 2.7  # dB over bicubic on Set5, of SRResNet
MINUTES = 60  # of its training, on two cores


def run(runs, entries=ENTRIES):
    """{"rows": one of each entry and test set, "targets"}. Each row is printed as it is
    measured.
    """
    # `train` measures a finished run again, and does not train it.
    records = {entry: train(entry, run_dir=runs / entry, verbose=2) for entry in entries}
    rows = [
        row(entry, record, found)
        for entry, record in records.items()
        for found in record["metrics"]
    ]
    judged = next(
        row for row in rows if row["entry"] == "srresnet_x4.t91" and row["test"] == "Set5"
    )
    targets = [
        target("Set5 x4: PSNR on Y of SRResNet less bicubic, dB", judged["gain"], GAIN),
        target(
            "srresnet_x4.t91: minutes of training, at most", judged["minutes"], MINUTES, most=True
        ),
    ]
    return {"rows": rows, "targets": targets}


def row(entry, run, record):
    """What is reported of one evaluation of a run."""
    figures = {key: record[key] for key in ("psnr", "ssim")} | record["baselines"]
    found = {"entry": entry, "minutes": run["wall_seconds"] / 60, "steps": run["steps"]}
    found |= {"test": record["settings"]["test_name"], **figures}
    found["gain"] = record["psnr"] - record["baselines"]["bicubic_psnr"]
    print(json.dumps(found), flush=True)
    return found | {"per_picture": record["per_picture"]}
