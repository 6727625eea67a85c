import keras
import numpy as np
import pytest
from harness import EAGER, MethodChecks, digits, inject, two_views
from keras import ops

from sslzoo import data, nn
from sslzoo.methods.clustering.deepcluster_v2 import DeepClusterV2

SAMPLES = 64


class TestDeepClusterV2(MethodChecks):
    learns = ("backbone", "projector")
    learning_rate = 0.03
    drop = 0.2

    @classmethod
    def make(cls, assigned=True, **kwargs):
        settings = {"projection": (16, 8), "prototypes": [4, 6], "augment": "digits"}
        settings |= {"samples": SAMPLES, "small_views": 2} | kwargs
        model = DeepClusterV2(nn.backbone("micro", 8), **settings)
        if assigned:  # as after `begin_epoch`
            clusters = np.arange(SAMPLES) % np.reshape(
                [head.count for head in model.heads], (-1, 1)
            )
            model.assignments.assign(clusters)
        return model

    @classmethod
    def batch(cls, n=13, seed=0):
        batch = two_views(digits(n), seed)
        small = [two_views(digits(n), seed + 1 + view)["view1"] for view in range(2)]
        small = np.stack(small, axis=1)[:, :, ::2, ::2]
        return {**batch, "small_views": small, "index": np.arange(n)}

    def oracle(self, model, batch):
        z = embedded(model, batch)  # (V, N, D)
        terms = []
        for number, head in enumerate(model.heads):
            scores = z @ np.asarray(head.kernel, "float64") / model.temperature
            clusters = np.asarray(model.assignments)[number, batch["index"]]
            for view in scores:
                for row, cluster in zip(view, clusters, strict=True):
                    p = np.exp(row - row.max())
                    terms.append((number, -np.log(p[cluster] / p.sum())))
        means = [np.mean([t for n, t in terms if n == number]) for number in (0, 1)]
        return {"deepcluster_v2": np.mean(means)}

    def test_centroids_are_of_the_two_views_in_turn(self):
        model = inject(self.make(assigned=False, prototypes=[4, 4]))
        model.begin_epoch(self.batch(40))
        memory, clusters = np.asarray(model.memory), np.asarray(model.assignments)
        assert (clusters[:, :40] >= 0).all() and (clusters[:, 40:] == -1).all()
        for number, head in enumerate(model.heads):
            centroids = np.asarray(head.kernel).T
            for cluster in range(4):
                mean = memory[:40][clusters[number, :40] == cluster, number].sum(axis=0)
                np.testing.assert_allclose(
                    centroids[cluster], mean / np.linalg.norm(mean), atol=1e-2
                )

    def test_the_memory_is_filled_by_the_embeddings_of_the_large_views(self):
        model, batch = inject(self.make(assigned=False)), self.batch(20)
        before = [ops.convert_to_numpy(v) for v in model.backbone.weights]
        found = model.filled(batch)
        expected = np.swapaxes(embedded(model, batch)[:2], 0, 1)
        np.testing.assert_allclose(found[:20], expected, atol=1e-4)
        assert not found[20:].any()
        fresh = self.make()
        for mine, old in zip(fresh.backbone.weights, before, strict=True):
            np.testing.assert_array_equal(ops.convert_to_numpy(mine), old)

    def test_embeddings_join_the_memory_after_the_step(self):
        model, batch = inject(self.make()), self.batch(16)
        model.compile(keras.optimizers.SGD(0.0), **EAGER)
        model.fit(batch, batch_size=16, verbose=0)
        order = np.random.default_rng((0, 0)).permutation(16)
        shuffled = {name: values[order] for name, values in batch.items()}
        expected = np.swapaxes(embedded(model, shuffled)[:2], 0, 1)
        np.testing.assert_allclose(np.asarray(model.memory)[order], expected, atol=1e-4)

    def test_items_without_a_cluster_do_not_count(self):
        model, batch = self.make(), self.batch(12)
        clusters = np.asarray(model.assignments).copy()
        part = {name: values[:7] for name, values in batch.items()}
        z = ops.convert_to_tensor(model.embeddings(batch))
        model.embeddings = lambda batch: z[: len(batch["index"])]  # BatchNorm sees the same batch
        expected = model.compute_losses(part)["deepcluster_v2"]
        clusters[:, 7:] = -1
        model.assignments.assign(clusters)
        found = model.compute_losses(batch)["deepcluster_v2"]
        assert float(found) == pytest.approx(float(expected), rel=1e-5)

    def test_more_clusters_than_samples_are_refused(self):
        message = "prototypes: got 9 in a head; it must be at most 8, the samples"
        with pytest.raises(ValueError, match=message):
            self.make(assigned=False, samples=8, prototypes=[4, 9])
        model = self.make()
        model.compile("sgd")
        with pytest.raises(ValueError, match="x: got 5 rows for 6 clusters; it must have as many"):
            model.fit(digits(5), verbose=0)
        with pytest.raises(ValueError, match="samples: got 64; it must be at least 70, the rows"):
            model.fit(digits(70), verbose=0)

    def test_a_stream_is_refused(self):
        model = self.make()
        model.compile("sgd")
        with pytest.raises(ValueError, match="x: got a Batches; it must be arrays or a Dataset"):
            model.fit(data.Batches({"images": digits(20)}, batch_size=10), verbose=0)


def embedded(model, batch):
    """Embeddings (V, N, D) of length 1, in float64."""
    large = np.concatenate([batch["view1"], batch["view2"]])
    small = np.concatenate(list(np.swapaxes(batch["small_views"], 0, 1)))
    any_size = nn.any_size(model.backbone)
    features = [model.backbone(large, training=True), any_size(small, training=True)]
    features = np.concatenate([np.asarray(part) for part in features])
    z = np.asarray(model.projector(features, training=True), "float64")
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    return z.reshape(-1, len(batch["view1"]), z.shape[1])
