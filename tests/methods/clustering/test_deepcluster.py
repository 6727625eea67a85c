import keras
import numpy as np
import pytest
from harness import EAGER, MethodChecks, digits, inject, two_views
from keras import ops

from sslzoo import nn
from sslzoo.methods.clustering.deepcluster import DeepCluster

SAMPLES = 64


class TestDeepCluster(MethodChecks):
    learns = ("backbone", "classifier")

    @classmethod
    def make(cls, assigned=True, **kwargs):
        # 16 rows on 15 whitened components would be equally far from each other.
        settings = {"samples": SAMPLES, "clusters": 6, "components": 4, "augment": "digits"}
        model = DeepCluster(nn.backbone("micro", 8), **settings | kwargs)
        if assigned:  # as after `begin_epoch`
            model.assignments.assign(np.arange(SAMPLES) % 6)
        return model

    @classmethod
    def batch(cls, n=13, seed=0):
        images = digits(n)
        return {"images": images, "view": two_views(images, seed)["view1"], "index": np.arange(n)}

    def oracle(self, model, batch):
        features = model.backbone(batch["view"], training=True)
        logits = np.asarray(model.classifier(features), "float64")
        clusters = np.asarray(model.assignments)[batch["index"]]
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return {"deepcluster": -np.log(p[np.arange(len(p)), clusters]).mean()}

    def test_twenty_steps_on_one_batch_lower_the_loss(self):
        """Of one clustering: a new one begins anew at log k."""
        model, batch = inject(self.make()), self.batch(64)
        model.begin_epoch, model.order = lambda data: None, None
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9))
        losses = model.fit(batch, batch_size=64, epochs=20, verbose=0).history["loss"]
        assert losses[0] - losses[-1] > 0.3, losses

    def test_every_epoch_has_new_clusters_none_of_them_empty(self):
        model = self.make(assigned=False)
        model.compile(keras.optimizers.SGD(0.5), **EAGER)
        seen = []

        class Look(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                seen.append(ops.convert_to_numpy(model.assignments)[:40])

        model.fit(digits(40), batch_size=20, epochs=2, callbacks=[Look()], verbose=0)
        for clusters in seen:
            assert np.bincount(clusters, minlength=6).min() > 0 and clusters.max() == 5
        assert (seen[0] != seen[1]).any()
        assert (np.asarray(model.assignments)[40:] == -1).all()

    def test_an_epoch_draws_each_cluster_alike(self):
        """By the clusters of its own epoch, although Keras reads ahead."""
        model, read = self.make(assigned=False), []
        model.compile(keras.optimizers.SGD(0.5), **EAGER)
        if EAGER["run_eagerly"]:
            model.after_step = lambda batch: read.append(np.asarray(batch["index"]))
        clusters, orders = [], []

        class Look(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                read.clear()
                clusters.append(ops.convert_to_numpy(model.assignments)[:48])

            def on_epoch_end(self, epoch, logs=None):
                orders.append(model.order(epoch, 48))
                if EAGER["run_eagerly"]:
                    np.testing.assert_array_equal(np.concatenate(read), orders[-1])

        model.fit(digits(48), batch_size=12, epochs=3, callbacks=[Look()], verbose=0)
        for labels, order in zip(clusters, orders, strict=True):
            counts = np.bincount(labels[order], minlength=6)
            assert len(order) == 48 and counts.max() <= 9  # 48 // 6 + 1
            assert len(set(order.tolist())) < 48  # unlike a permutation
        assert (clusters[0] != clusters[1]).any()

    @pytest.mark.parametrize("optimizer", ["sgd", "adam"])
    def test_the_classifier_and_its_optimizer_state_begin_anew(self, optimizer):
        model = inject(self.make())
        known = {"sgd": keras.optimizers.SGD(0.1, momentum=0.9), "adam": keras.optimizers.Adam()}
        model.compile(known[optimizer], **EAGER)
        model.fit(self.batch(32), batch_size=16, verbose=0)
        before = np.asarray(model.classifier.weights[0])
        slots = [v for v in model.optimizer.variables if "classifier" in v.path]
        assert len(slots) == {"sgd": 2, "adam": 4}[optimizer]
        assert all(np.abs(ops.convert_to_numpy(slot)).max() > 0 for slot in slots)
        others = [v for v in model.optimizer.variables if "classifier" not in v.path]
        kept = [ops.convert_to_numpy(v) for v in others]
        model.reset_classifier(np.random.default_rng(0))
        assert not any(ops.convert_to_numpy(slot).any() for slot in slots)
        kernel, bias = (np.asarray(v) for v in model.classifier.weights)
        assert (kernel != before).all() and not bias.any() and 0.005 < kernel.std() < 0.02
        for variable, old in zip(others, kept, strict=True):
            np.testing.assert_array_equal(ops.convert_to_numpy(variable), old)

    def test_more_clusters_than_samples_are_refused(self):
        with pytest.raises(ValueError, match="clusters: got 65; it must be at most 64, the samp"):
            self.make(assigned=False, clusters=65)
        model = self.make()
        model.compile("sgd")
        with pytest.raises(ValueError, match="x: got 5 rows for 6 clusters; it must have as many"):
            model.fit(digits(5), verbose=0)
