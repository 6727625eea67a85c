import keras
import numpy as np
import pytest
from harness import MethodChecks, dtype_policy, inject
from keras import ops

from sslzoo import losses, nn
from sslzoo.methods.contrastive.moco import MoCo
from sslzoo.nn import ema


def unit(rows):
    rows = np.asarray(rows, "float64")
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class TestMoCo(MethodChecks):
    learns = ("backbone", "projector")
    stopped = ("key_backbone", "key_projector")
    drop = 0.3
    first = 1  # at first the queue is random and easy

    @classmethod
    def make(cls, **kwargs):
        settings = {"projection": (16, 8), "queue_size": 32, "groups": 1, "augment": "digits"}
        return MoCo(nn.backbone("micro", 8), **settings | kwargs)

    def oracle(self, model, batch):
        q = model.projector(model.backbone(batch["view1"], training=True), training=True)
        q, k = unit(q), unit(batch["keys"])
        queue, terms = np.asarray(model.queue.rows, "float64"), []
        for query, key in zip(q, k, strict=True):
            positive = np.exp(query @ key / model.temperature)
            negatives = sum(np.exp(query @ n / model.temperature) for n in queue)
            terms.append(-np.log(positive / (positive + negatives)))
        return {"info_nce": np.mean(terms)}

    def test_keys_are_of_the_average_after_its_update(self):
        """The key network moves before the forward pass, as in the official code."""
        model, batch = self.make(momentum=0.5), self.batch(6)
        kernel = ema.parameters(model.backbone)[0]
        kernel.assign(ops.convert_to_numpy(kernel) + 1.0)
        before = ops.convert_to_numpy(ema.parameters(model.key_backbone)[0])
        found = np.asarray(model.before_step(batch)["keys"])
        after = ops.convert_to_numpy(ema.parameters(model.key_backbone)[0])
        np.testing.assert_allclose(after, before + 0.5, atol=1e-6)
        expected = model.key_projector(
            model.key_backbone(batch["view2"], training=True), training=True
        )
        np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-4, atol=1e-5)

    def test_a_key_shares_its_batch_norm_with_its_group_alone(self):
        model, batch = self.make(groups=4), self.batch(16)
        found = np.asarray(model.keys(batch["view2"]))
        for group in range(4):
            own = batch["view2"][group::4]
            expected = model.key_projector(model.key_backbone(own, training=True), training=True)
            np.testing.assert_allclose(found[group::4], np.asarray(expected), rtol=1e-4, atol=1e-5)
        whole = np.asarray(self.make(groups=1).keys(batch["view2"]))
        assert np.abs(found - whole).max() > 1e-3

    def test_a_batch_that_the_groups_do_not_divide_is_refused_before_the_first_step(self):
        model = self.make(groups=4)
        model.compile("sgd")
        with pytest.raises(ValueError, match="batch_size: got 10; MoCo needs a multiple of its 4"):
            model.fit(self.batch(20)["images"], batch_size=10, verbose=0)
        assert not np.asarray(model.clock.step)

    def test_keys_join_the_queue_after_the_step(self):
        model, batch = inject(self.make()), self.batch(12)
        expected = self.oracle(model, model.before_step(batch))
        keys = unit(model.keys(batch["view2"]))
        model = inject(self.make())
        model.compile("sgd")
        first = np.asarray(model.queue.rows).copy()
        loss = model.fit(batch, batch_size=12, verbose=0).history["info_nce"][0]
        assert loss == pytest.approx(expected["info_nce"], rel=1e-4)  # of the queue before it
        rows = np.random.default_rng((0, 0)).permutation(12)
        np.testing.assert_allclose(np.asarray(model.queue.rows)[:12], keys[rows], atol=1e-4)
        np.testing.assert_array_equal(np.asarray(model.queue.rows)[12:], first[12:])
        assert int(np.asarray(model.queue.pointer)) == 12

    @pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
    def test_the_queue_is_read_in_float32_under_a_mixed_policy(self, policy, monkeypatch):
        read, info_nce = [], losses.info_nce

        def spy(queries, keys, rows, temperature):
            read.append(keras.backend.standardize_dtype(ops.convert_to_tensor(rows).dtype))
            return info_nce(queries, keys, rows, temperature)

        monkeypatch.setattr(losses, "info_nce", spy)
        with dtype_policy(policy):
            model = inject(self.make())
            model.compile("sgd")
            model.fit(self.batch(12), batch_size=12, verbose=0)
        assert set(read) == {"float32"}

    def test_version_2_is_the_default(self):
        model = MoCo(nn.backbone("micro", 8))
        assert (model.queue.capacity, model.momentum, model.temperature) == (65536, 0.999, 0.2)
        shapes = [tuple(v.shape) for v in ema.parameters(model.projector)]
        assert shapes == [(16, 16), (16,), (16, 128), (128,)]  # one hidden layer, no BatchNorm
