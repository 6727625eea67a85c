"""SRResNet and SRGAN, four times the size, trained again by the zoo's recipes: PSNR and SSIM on Set5 and Set14."""

import json

from benchmarks.kept import trained

ENTRIES = ("srresnet_x4.t91", "srgan_x4.t91")  # SRGAN starts from the published weights of the first
GAIN = 2.7  # dB over bicubic on Set5, of SRResNet


def run(runs, entries=ENTRIES):
    """{"rows": one of each entry and test set, "targets"}. Each row is printed as it is measured: all take about an hour."""
    rows = [row(entry, record) for entry in entries for record in trained(entry, runs)["metrics"]]
    gain = next(row["gain"] for row in rows if row["entry"] == "srresnet_x4.t91" and row["test"] == "Set5")
    what = "Set5 x4: PSNR on Y of SRResNet less bicubic, dB"
    return {"rows": rows, "targets": [{"what": what, "value": gain, "target": GAIN, "met": gain >= GAIN}]}


def row(entry, record):
    """What is reported of one evaluation."""
    figures = {key: record[key] for key in ("psnr", "ssim")} | record["baselines"]
    found = {"entry": entry, "test": record["settings"]["test_name"], **figures}
    found["gain"] = record["psnr"] - record["baselines"]["bicubic_psnr"]
    print(json.dumps(found), flush=True)
    return found | {"per_picture": record["per_picture"]}
