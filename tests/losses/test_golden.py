"""tensorflow-addons 0.23.0 as the judge: values that it computed itself (scripts/tfa_golden.py), to
1e-5.
"""

import json
from pathlib import Path

import metric_oracles as metric
import numpy as np
import pytest

from sslzoo import losses

GOLDEN = json.loads(
    Path(__file__)
    .with_name("golden")
    .joinpath("tensorflow_addons.json")
    .read_text(encoding="utf-8")
)
DISTANCES = {"L2": "euclidean", "squared-L2": "squared_euclidean", "angular": "cosine"}
CLOSE = {"rel": 1e-5, "abs": 1e-6}  # differences of squared distances of 30 round to 1e-6


def case(row):
    return "-".join(str(row[key]) for key in row if key != "value")


def batch(row):
    given = GOLDEN["batches"][row["batch"]]
    return np.array(given["labels"]), np.array(given["embeddings"], "float32")


def of(*names):
    return [row for row in GOLDEN["values"] if row["loss"] in names]


@pytest.mark.parametrize("row", of("ContrastiveLoss"), ids=case)
def test_contrastive(row):
    same, distance = (
        np.array(GOLDEN["pairs"]["same"]),
        np.array(GOLDEN["pairs"]["distance"], "float32"),
    )
    assert float(losses.pair_contrastive(same, distance, row["margin"])) == pytest.approx(
        row["value"], **CLOSE
    )


@pytest.mark.parametrize("row", of("TripletSemiHardLoss"), ids=case)
def test_semi_hard(row):
    found = losses.triplet_semi_hard(*batch(row), row["margin"], DISTANCES[row["distance_metric"]])
    assert float(found) == pytest.approx(row["value"], **CLOSE)


@pytest.mark.parametrize(
    "row", [row for row in of("TripletHardLoss") if row["batch"] == 0], ids=case
)
def test_hard(row):
    margin = "soft" if row["soft"] else row["margin"]
    found = losses.triplet_batch_hard(*batch(row), margin, DISTANCES[row["distance_metric"]])
    assert float(found) == pytest.approx(row["value"], **CLOSE)


@pytest.mark.parametrize(
    "row", [row for row in of("TripletHardLoss") if row["batch"] == 1], ids=case
)
def test_hard_counts_anchors_without_a_positive_there_and_not_here(row):
    """The one difference, in the batch with a class of one image: the naive loop with the mistake
    gives their value.
    """
    labels, x = batch(row)
    margin, distance = "soft" if row["soft"] else row["margin"], DISTANCES[row["distance_metric"]]
    with_mistake, _ = metric.triplet(
        labels, x, "batch_hard", margin, distance, "mean", lonely_anchors=True
    )
    assert with_mistake == pytest.approx(row["value"], **CLOSE)
    right, _ = metric.triplet(labels, x, "batch_hard", margin, distance, "mean")
    assert float(losses.triplet_batch_hard(labels, x, margin, distance)) == pytest.approx(
        right, **CLOSE
    )
    assert right != pytest.approx(row["value"], rel=1e-3)


def test_tensorflow_addons_trained_an_export():
    """The record of scripts/tfa_fine_tune.py: their loss and optimizer on a SavedModel that sslzoo
    wrote.
    """
    path = Path(__file__).with_name("golden") / "tensorflow_addons_fine_tune.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    assert (
        record["made_by"]["tensorflow-addons"] == GOLDEN["made_by"]["tensorflow-addons"] == "0.23.0"
    )
    first, last = record["loss_of_first_and_last_ten_steps"]
    assert last < first / 2
    before, after = record["recall_at_1_before_and_after"]
    assert after > before
