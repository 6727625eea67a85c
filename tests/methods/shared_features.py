"""What the tests of the methods for a source and a target share beside the harness."""

from abc import abstractmethod

import keras
import numpy as np
from few_labels import noisy, softmax
from harness import MethodChecks, _digits, digits
from keras import ops

from sslzoo import data, nn
from sslzoo.nn import ema


def inverted(n, start=64):
    """Dark digits on light paper."""
    return 255 - digits(n, start)


def largest(found, network):
    """The largest gradient of a network."""
    return max(np.abs(found[id(variable)]).max() for variable in ema.parameters(network))


def alone(model, term):
    """Let the model have one of its losses."""
    whole = model.compute_losses
    model.compute_losses = lambda batch: {term: whole(batch)[term]}
    return model


class Learned(MethodChecks):
    """Of every method of a source and a target."""

    learns = ("backbone", "head")
    learning_rate = 0.03
    drop = 0.3
    method = None
    arguments = {}

    @classmethod
    def make(cls, **kwargs):
        return cls.method(nn.backbone("micro", 8), 10, **cls.arguments | kwargs)

    @classmethod
    def batch(cls, n=13, seed=0):
        rng = np.random.default_rng(seed)
        images, target = digits(n), inverted(n)
        return {
            "images": images,
            "unlabeled": target,
            "labels": _digits().labels[:n],
            "source": noisy(images, rng, 0.05),
            "target": noisy(target, rng, 0.05),
        }

    @classmethod
    def fit_data(cls, n, seed=0):
        settings = {"steps_per_epoch": n // 16, "unlabeled": inverted(80), "seed": seed}
        return data.Paired(_digits().take(slice(86)), 16, 1, **settings)

    def features(self, model, batch):
        """Training features of the source and the target, float64: one pass."""
        both = np.concatenate([batch["source"], batch["target"]])
        found = ops.convert_to_numpy(model.backbone(both, training=True)).astype("float64")
        return np.split(found, [len(batch["source"])])

    def supervised(self, model, batch, features):
        kernel, bias = (ops.convert_to_numpy(w).astype("float64") for w in model.head.weights)
        p = softmax(features @ kernel + bias)
        return np.mean([-np.log(row[label]) for row, label in zip(p, batch["labels"], strict=True)])


class Checks(Learned):
    """Of those that add one term, the alignment of the features."""

    term = None  # its name

    @abstractmethod
    def alignment(self, model, batch, source, target):
        """The paper's distance of the features, weighted."""

    def oracle(self, model, batch):
        source, target = self.features(model, batch)
        supervised = self.supervised(model, batch, source)
        own = self.alignment(model, batch, source, target)
        return {"supervised": supervised, self.term: own}

    def test_the_alignment_alone_moves_the_features_of_both_domains(self):
        model, batch = self.make(), self.batch()
        batch = {name: ops.convert_to_tensor(values) for name, values in batch.items()}
        start = model.losses_logs_kept(batch)[0][self.term]
        for name in ("source", "target"):
            moved = model.losses_logs_kept({**batch, name: 0.5 * batch[name]})[0][self.term]
            assert abs(float(moved - start)) > 1e-4 * float(start)

    def test_source_and_target_are_normalized_together(self):
        """So the statistics of inference are those of training: a pass for each would end with the
        last domain's.
        """
        model, batch = self.make(), self.batch()
        first = model.backbone.layers[1]
        assert isinstance(first, keras.layers.Conv2D)
        maps = ops.convert_to_numpy(first(np.concatenate([batch["source"], batch["target"]])))
        model.losses_logs_kept(batch)
        norm = next(x for x in model.backbone.layers if "moving_mean" in str(x.weights))
        expected = 0.1 * maps.mean(axis=(0, 1, 2))
        np.testing.assert_allclose(ops.convert_to_numpy(norm.moving_mean), expected, atol=1e-5)

    def test_with_weight_zero_the_target_is_not_read(self):
        model, batch = self.make(weight=0.0), self.batch()
        batch["target"] = np.full_like(batch["target"], np.nan)
        terms, _, _ = model.losses_logs_kept(batch)
        assert list(terms) == ["supervised"]
        assert np.isfinite(float(terms["supervised"]))
