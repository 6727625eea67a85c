import keras
import numpy as np
import pytest
import resets
from fine_tuning import same
from keras import ops
from resets import kernels

from sslzoo import nn
from sslzoo.methods.transfer.remos import ReMoS


class TestReMoS(resets.Checks):
    method = ReMoS
    arguments = {"share": 0.2, "backbone_rate": 0.5}

    def test_the_first_epoch_sets_large_weights_to_zero_that_the_items_seldom_use(self):
        """The profile is of the trained network, in inference, on the items as they are."""
        model, batch = self.make(), self.batch(40)
        before, coverages = kernels(model), []
        x = model.reads.layer(batch["images"])
        for layer in nn.kernel_layers(model.backbone):
            probe = keras.Model(model.backbone.input, [layer.input, layer.output])
            sides = [ops.convert_to_numpy(side) for side in probe(x, training=False)]
            counts = []
            for side in sides:
                low, high = (f(side, axis=(1, 2, 3), keepdims=True) for f in (np.min, np.max))
                counts.append((((side - low) / (high - low)).mean((1, 2)) > 0.5).sum(axis=0))
            coverages.append(counts)
        model.begin_epoch(batch)
        expected = nn.lowest(nn.relevance(before, coverages), 0.2)
        after = kernels(model)
        for old, new, zero in zip(before, after, expected, strict=True):
            np.testing.assert_array_equal(new, np.where(zero, 0, old))
        large = np.abs(np.concatenate([k[z] for k, z in zip(before, expected, strict=True)]))
        assert large.mean() > np.abs(np.concatenate([k.ravel() for k in before])).mean()
        edges = [np.add.outer(*counts) for counts in coverages]
        kept = sum((~z * e).sum() for z, e in zip(expected, edges, strict=True))
        total = sum((np.ones(z.shape) * e).sum() for z, e in zip(expected, edges, strict=True))
        np.testing.assert_allclose(float(model.coverage_kept), kept / total, rtol=1e-6)
        assert kept / total > 0.8

    def test_what_was_set_to_zero_learns_again(self):
        model = self.trained(share=0.5)
        found = np.concatenate([k.ravel() for k in kernels(model)])
        assert (found == 0).mean() < 0.4  # some lead to units that no item reaches

    def test_other_items_need_other_weights(self):
        """The profile is that of the student's data."""
        found = []
        for batch in (self.batch(40), self.batch(40) | {"images": 255 - self.batch(40)["images"]}):
            model = self.make()
            model.begin_epoch(batch)
            found.append(kernels(model))
        assert any(((a == 0) != (b == 0)).any() for a, b in zip(*found, strict=True))

    def test_without_a_share_it_is_fine_tuning(self):
        model = self.make(share=0.0)
        before = kernels(model)
        model.begin_epoch(self.batch(16))
        assert all(same(before, kernels(model))) and float(model.coverage_kept) == 1

    def test_a_stream_has_no_whole_set_to_profile(self):
        model = self.make()
        model.compile("sgd")
        with pytest.raises(ValueError, match="x: got a list_iterator; it must be arrays"):
            model.fit(iter([self.batch(16)]), steps_per_epoch=1)

    def test_a_threshold_beyond_1_is_refused(self):
        with pytest.raises(ValueError, match="threshold: got 2"):
            self.make(threshold=2)
