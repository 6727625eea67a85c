import keras
import numpy as np
import pytest
from harness import EAGER, MethodChecks, digits, dtype_policy, inject, state, terms, two_views
from keras import ops

from sslzoo import Checkpoint, nn
from sslzoo.methods.clustering.swav import SwAV


def multi_crop(n, seed, count=2):
    """Two large views and `count` small crops: every second pixel of noisy images."""
    batch = two_views(digits(n), seed)
    small = [two_views(digits(n), seed + 1 + view)["view1"] for view in range(count)]
    return {**batch, "small_views": np.stack(small, axis=1)[:, :, ::2, ::2]}


def multiplied(scores, epsilon, iterations):
    """Sinkhorn and Knopp by scaling the matrix itself."""
    q = np.exp(scores.T / epsilon)  # (K, B)
    for _ in range(iterations):
        q /= q.sum(axis=1, keepdims=True)
        q /= q.sum(axis=0)
    return q.T


def embedded(model, batch):
    """Embeddings (V, N, D) of length 1, in float64."""
    large = np.concatenate([batch["view1"], batch["view2"]])
    small = np.concatenate(list(np.swapaxes(batch["small_views"], 0, 1)))
    features = [
        model.backbone(large, training=True),
        nn.any_size(model.backbone)(small, training=True),
    ]
    z = np.asarray(model.projector(np.concatenate(features), training=True), "float64")
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    return z.reshape(-1, len(batch["view1"]), z.shape[1])


class TestSwAV(MethodChecks):
    learns = ("backbone", "projector", "prototypes")
    learning_rate = 0.03
    drop = 1.5

    @classmethod
    def make(cls, **kwargs):
        settings = {"projection": (16, 8), "prototypes": 10, "augment": "digits", "small_views": 2}
        return SwAV(nn.backbone("micro", 8), **settings | kwargs)

    @classmethod
    def batch(cls, n=13, seed=0):
        return multi_crop(n, seed)

    def oracle(self, model, batch, queued=None):
        kernel = np.asarray(model.prototypes.kernel, "float64")
        kernel /= np.linalg.norm(kernel, axis=0)
        scores = embedded(model, batch) @ kernel  # (V, N, K)
        n, terms = scores.shape[1], []
        for a in range(2):
            rows = scores[a]
            if queued is not None:
                rows = np.concatenate([queued[a] @ kernel, rows])
            q = multiplied(rows, model.epsilon, model.sinkhorn_iterations)[-n:]
            for v in range(len(scores)):
                if v != a:
                    p = np.exp(scores[v] / model.temperature)
                    p /= p.sum(axis=1, keepdims=True)
                    terms.append(-(q * np.log(p)).sum(axis=1).mean())
        return {"swav": np.mean(terms)}

    def test_prototypes_have_length_one_before_the_forward_pass(self):
        model = self.make()
        before = np.asarray(model.prototypes.kernel)
        np.testing.assert_allclose(np.linalg.norm(before, axis=0), 1, atol=1e-6)
        model.prototypes.kernel.assign(3 * before)
        model.before_step(self.batch())
        np.testing.assert_allclose(np.asarray(model.prototypes.kernel), before, atol=1e-6)

    def test_prototypes_are_frozen_in_the_first_epoch(self):
        moved = []
        for epochs in (1, 2):
            model = inject(self.make())
            before = np.asarray(model.prototypes.kernel)
            model.compile(keras.optimizers.SGD(0.1, momentum=0.9), **EAGER)
            model.fit(self.batch(32), batch_size=16, epochs=epochs, verbose=0)
            moved.append(np.abs(np.asarray(model.prototypes.kernel) - before).max())
        assert moved[0] < 1e-6 and moved[1] > 1e-3

    def test_no_gradient_reaches_the_assignments(self):
        model, batch = self.make(), self.batch()
        scores = model.prototypes(model.embeddings(batch))
        found = ops.convert_to_numpy(model.assigned(scores, 0))
        kernel = np.asarray(model.prototypes.kernel, "float64")
        expected = multiplied(embedded(model, batch)[0] @ kernel, 0.05, 3)
        np.testing.assert_allclose(found, expected, atol=1e-4)

    def test_the_queue_joins_the_assignments_once_it_is_full(self):
        """Two steps fill it from epoch 1 on, so that it is used from step 4 on."""
        model = self.make(queue_size=32, queue_epoch=1)
        model.clock.start(0, 8, 2)
        batch = self.batch(16)
        rows = np.random.default_rng(0).normal(size=(32, 16)).astype("float32")
        rows = rows.reshape(32, 2, 8)
        rows /= np.linalg.norm(rows, axis=2, keepdims=True)
        model.queue.rows.assign(rows.reshape(32, 16))
        plain = self.oracle(model, batch)["swav"]
        joined = self.oracle(model, batch, np.swapaxes(rows, 0, 1))["swav"]
        assert abs(plain - joined) > 1e-3
        for step, expected in ((3, plain), (4, joined)):
            model.clock.step.assign(step)
            found, _ = terms(model, batch)
            assert float(found["swav"]) == pytest.approx(expected, rel=1e-4)

    def test_embeddings_join_the_queue_after_the_step(self):
        batch = self.batch(16)
        model = inject(self.make(queue_size=48))
        model.compile(keras.optimizers.SGD(0.1), **EAGER)
        expected = embedded(model, batch)[:2]  # (2, N, D)
        first = np.asarray(model.queue.rows).copy()
        model.fit(batch, batch_size=16, verbose=0)
        order = np.random.default_rng((0, 0)).permutation(16)
        rows = np.swapaxes(expected, 0, 1)[order].reshape(16, -1)
        np.testing.assert_allclose(np.asarray(model.queue.rows)[:16], rows, atol=1e-4)
        np.testing.assert_array_equal(np.asarray(model.queue.rows)[16:], first[16:])

    def test_a_resumed_run_has_the_queue_of_a_whole_one(self, tmp_path):
        class Stop(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                if int(ops.convert_to_numpy(self.model.optimizer.iterations)) == 5:
                    raise KeyboardInterrupt

        def run(*callbacks):
            model = self.make(queue_size=32, queue_epoch=0)
            model.compile(keras.optimizers.SGD(0.1, momentum=0.9), **EAGER)
            data = digits(48)
            model.fit(data, batch_size=16, epochs=2, callbacks=list(callbacks), verbose=0)
            return state(model)

        path = tmp_path / "run.npz"
        with pytest.raises(KeyboardInterrupt):
            run(Checkpoint(path, every=2), Stop())
        assert Checkpoint.steps_done(path) == 4
        for mine, expected in zip(run(Checkpoint(path, every=2)), run(), strict=True):
            np.testing.assert_array_equal(mine, expected)

    def test_a_queue_that_the_batch_does_not_divide_is_refused_before_the_first_step(self):
        model = self.make(queue_size=24)
        model.compile("sgd")
        message = "queue_size: got 24 with a batch of 10; it must be a multiple of the batch size"
        with pytest.raises(ValueError, match=message):
            model.fit(digits(20), batch_size=10, verbose=0)
        assert not np.asarray(model.clock.step)

    @pytest.mark.filterwarnings("ignore:.*collapsed")
    @pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
    @pytest.mark.parametrize("size", [0.0, 1e4])
    def test_equal_and_huge_images_stay_finite(self, policy, size):
        """Beyond what images hold: the loss is of cosine similarities."""
        with dtype_policy(policy):
            model = inject(self.make())
            model.compile(keras.optimizers.SGD(0.1), **EAGER)
        batch = {name: np.full_like(x, size) for name, x in self.batch(8).items()}
        batch["images"] = digits(8)
        history = model.fit(batch, batch_size=8, verbose=0).history
        assert np.isfinite(history["loss"]).all()
        assert all(np.isfinite(values).all() for values in state(model))

    def test_small_crops_need_a_network_of_any_size(self):
        with pytest.raises(ValueError, match="backbone: got mlp, which does not work at 4 px"):
            SwAV(nn.backbone("mlp", 8), augment="digits", small_views=2)

    def test_vectors_are_read_without_small_crops(self):
        inputs = keras.Input((5,), name="vectors")
        backbone = keras.Model(inputs, keras.layers.Dense(6)(inputs))
        noise = keras.layers.GaussianNoise(0.1)
        model = SwAV(backbone, (8,), prototypes=4, augment=noise)
        model.compile("sgd", **EAGER)
        vectors = np.random.default_rng(0).normal(size=(16, 5)).astype("float32")
        assert np.isfinite(model.fit(vectors, batch_size=8, verbose=0).history["loss"]).all()
