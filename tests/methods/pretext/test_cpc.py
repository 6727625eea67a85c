import keras
import numpy as np
import pytest
from harness import MethodChecks
from keras import ops
from patched import SIDE, pictures
from scipy.special import logsumexp

from sslzoo import nn
from sslzoo.methods.pretext.cpc import CPC

ROWS, SIZE = 4, 4  # windows of 4 px, each 2 px further


class TestCPC(MethodChecks):
    learns = ("backbone", "context", "predictor")
    learning_rate = 0.1
    drop = 0.3
    view_range = None

    @classmethod
    def make(cls, **kwargs):
        settings = {"windows": ROWS, "steps": 2, "units": 8, "negatives": 3, "augment": "none"}
        return CPC(nn.backbone("micro", SIDE), **settings | kwargs)

    @classmethod
    def example(cls, n):
        return pictures(n)

    @classmethod
    def batch(cls, n=13, seed=0):
        images = pictures(n)
        corners = [(2 * row, 2 * column) for row in range(ROWS) for column in range(ROWS)]
        windows = np.stack([images[:, y : y + SIZE, x : x + SIZE] for y, x in corners], axis=1)
        windows = windows.reshape(n, ROWS, ROWS, SIZE, SIZE, 3)
        negatives = np.random.default_rng(seed).integers(0, ROWS**2, (n, 3)).astype("int32")
        return {"images": images, "windows": windows, "negatives": negatives}

    def oracle(self, model, batch):
        n = len(batch["images"])
        z = nn.at_size(model.backbone, SIZE)(
            batch["windows"].reshape(-1, SIZE, SIZE, 3), training=True
        )
        context = model.context(ops.reshape(z, (n, ROWS, ROWS, -1)), training=True)
        weights = ops.convert_to_numpy(model.predictor.weights[0])  # (D, steps * D)
        z = ops.convert_to_numpy(z).astype("float64")
        context = ops.convert_to_numpy(context).astype("float64")
        chosen = [ROWS**2 * i + place for i in range(n) for place in batch["negatives"][i]]
        means = []
        for step, matrix in enumerate(np.split(weights, 2, axis=1)):
            terms = []
            for i, row, column in np.ndindex(n, ROWS - 2 - step, ROWS):
                own = ROWS**2 * i + ROWS * (row + 2 + step) + column
                scores = z @ (context[i, row, column] @ matrix)
                others = [scores[k] for k in chosen if k != own]
                terms.append(logsumexp([scores[own], *others]) - scores[own])
            means.append(np.mean(terms))
        return {"cpc": np.mean(means)}


def test_all_windows_are_negatives_by_default():
    model, batch = TestCPC.make(negatives=None), TestCPC.batch(3)
    every = {**batch, "negatives": np.tile(np.arange(ROWS**2, dtype="int32"), (3, 1))}
    drawn = TestCPC.make(negatives=ROWS**2)
    assert "negatives" not in model.views({"images": batch["images"]})
    losses = [float(m.compute_losses(b)["cpc"]) for m, b in ((model, batch), (drawn, every))]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_it_reads_series_and_audio():
    series = CPC(nn.backbone("gru", steps=16, features=2, units=[4]), units=4)
    sound = keras.Input((16,), name="audio")
    sums = CPC(keras.Model(sound, keras.layers.Dense(4)(sound[:, :4])), windows=7, units=4)
    for model, shape in ((series, (5, 16, 2)), (sums, (5, 16))):
        x = np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")
        batch = model.views({model.reads.field: x})
        assert batch["windows"].shape == (5, 7, 1, 4, *shape[2:])
        assert np.isfinite(float(model.compute_losses(batch)["cpc"]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 3}, "steps: got 3; it must be an integer of at least 1 and at most 2"),
        ({"windows": 12}, "backbone: got one that reads items of 12 a side"),
        ({"negatives": 0}, "negatives: got 0"),
    ],
)
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        TestCPC.make(**options)
