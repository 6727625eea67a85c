import keras
import numpy as np
import pytest
from harness import MethodChecks, digits, inject, two_views
from keras import ops

import sslzoo
from sslzoo import nn
from sslzoo.methods.contrastive.instance_discrimination import InstanceDiscrimination


def unit(rows):
    rows = np.asarray(rows, "float64")
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


class TestInstanceDiscrimination(MethodChecks):
    learning_rate = 0.005
    drop = 0.3

    @classmethod
    def make(cls, **kwargs):
        settings = {"data_size": 64, "projection": (8,), "negatives": 12, "augment": "digits"}
        return InstanceDiscrimination(nn.backbone("micro", 8), **settings | kwargs)

    @classmethod
    def batch(cls, n=13, seed=0):
        view = two_views(digits(n), seed)["view1"]
        index = np.random.default_rng(seed).permutation(64)[:n].astype("int32")
        noise = np.random.default_rng(seed + 1).integers(64, size=(n, 12)).astype("int32")
        return {"images": digits(n), "index": index, "view": view, "noise": noise}

    def oracle(self, model, batch):
        f = model.projector(model.backbone(batch["view"], training=True), training=True)
        f, bank = unit(f), np.asarray(model.bank.rows, "float64")
        n, m = model.bank.size, model.negatives
        e = np.array(
            [
                [np.exp(bank[j] @ f[i] / model.temperature) for j in (own, *others)]
                for i, (own, *others) in enumerate(
                    zip(batch["index"], *batch["noise"].T, strict=True)
                )
            ]
        )
        p = e / (n * e.mean())  # Z of the first batch
        h = p / (p + m / n)
        return {"nce": -np.mean(np.log(h[:, 0]) + np.log(1 - h[:, 1:]).sum(axis=1))}

    def test_twenty_steps_on_one_batch_lower_the_loss(self, monkeypatch):
        """From a bank of the network's own embeddings: while a random one becomes that, with the Z
        of the first batch, the loss rises.
        """
        batch, model = self.batch(64), self.make()
        f = model.projector(model.backbone(batch["view"], training=True), training=True)
        model.bank.replace(batch["index"], unit(f).astype("float32"))
        monkeypatch.setattr(TestInstanceDiscrimination, "make", staticmethod(lambda: model))
        super().test_twenty_steps_on_one_batch_lower_the_loss()

    def test_both_ways_to_the_similarities_agree(self):
        model, batch = self.make(), self.batch()
        embedded = unit(np.random.default_rng(0).normal(size=(13, 8))).astype("float32")
        through_all = np.asarray(model.similarities(embedded, batch["noise"]))
        small = self.make(negatives=4)
        small.bank.rows.assign(np.asarray(model.bank.rows))
        assert small.bank.size > small.negatives * small.bank.dim  # takes the rows
        through_rows = np.asarray(small.similarities(embedded, batch["noise"]))
        np.testing.assert_allclose(through_all, through_rows, rtol=1e-5, atol=1e-6)

    def test_the_bank_moves_after_the_step_and_only_where_the_batch_is(self):
        model, batch = inject(self.make(momentum=0.25)), self.batch(12)
        f = model.projector(model.backbone(batch["view"], training=True), training=True)
        before, f = np.asarray(model.bank.rows).copy(), unit(f)
        model.compile(keras.optimizers.SGD(0.1))
        model.fit(batch, batch_size=12, verbose=0)
        model.sync_state()
        expected = before.copy()
        expected[batch["index"]] = unit(0.25 * before[batch["index"]] + 0.75 * f)
        np.testing.assert_allclose(np.asarray(model.bank.rows), expected, atol=1e-4)

    def test_z_is_that_of_the_first_batch(self):
        model, batch = inject(self.make()), self.batch(16)
        model.compile(keras.optimizers.SGD(0.1))
        assert not np.isfinite(ops.convert_to_numpy(model.run_state.log_z))
        found = []
        for _ in range(2):
            model.fit(batch, batch_size=16, verbose=0)
            model.sync_state()
            found.append(float(ops.convert_to_numpy(model.run_state.log_z)))
        assert np.isfinite(found[0]) and found[0] == found[1]

    def test_plain_images_are_counted(self):
        model = self.make()
        model.compile("sgd")
        before = np.asarray(model.bank.rows).copy()
        model.fit(digits(64), batch_size=32, verbose=0)
        model.sync_state()
        moved = np.abs(np.asarray(model.bank.rows) - before).max(axis=1) > 0
        assert moved.all()  # each image had a row of its own
        model.fit(sslzoo.data.load("digits").take(slice(48)), batch_size=16, verbose=0)

    def test_more_images_than_the_bank_has_are_refused(self):
        model = self.make()
        model.compile("sgd")
        with pytest.raises(ValueError, match="images: got 65 items; it must be at most 64"):
            model.fit(digits(65), batch_size=13, verbose=0)

    def test_an_image_that_comes_twice_is_refused(self):
        model = self.make()
        model.compile("sgd")
        data = {"images": digits(4), "index": np.array([3, 1, 3, 2])}
        with pytest.raises(ValueError, match="index: got 3 2 times; it must hold each image once"):
            model.fit(data, batch_size=4, verbose=0)
