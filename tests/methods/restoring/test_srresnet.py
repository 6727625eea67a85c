import keras
import numpy as np
import pytest
import super_resolution
from keras import ops
from PIL import Image
from super_resolution import PHOTO

from sslzoo import data, nn
from sslzoo.methods.restoring.srresnet import SRResNet


class TestSRResNet(super_resolution.Checks):
    learning_rate = 0.1
    drop = 0.005

    @classmethod
    def make(cls, **kwargs):
        return SRResNet(cls.trunk(), **{"scale": 2} | kwargs)

    def oracle(self, model, batch):
        images = ops.convert_to_numpy(model.generator(batch["low"], training=True)).astype(
            "float64"
        )
        return {"mse": np.mean((images - batch["high"]) ** 2)}

    def test_l1_is_the_mean_of_the_absolute_errors(self):
        model, batch = self.make(pixel_loss="l1"), self.batch()
        images = ops.convert_to_numpy(model.generator(batch["low"], training=True))
        found, _, _ = model.losses_logs_kept(batch)
        assert float(found["l1"]) == pytest.approx(np.abs(images - batch["high"]).mean(), rel=1e-5)

    def test_views_are_one_symmetry_of_the_crop_and_pillows_reduction_of_it(self):
        batch = self.make().views({"images": PHOTO[None, :24, :24].repeat(16, axis=0)})
        low, high = (
            np.rint(255 * ops.convert_to_numpy(batch[name])).astype("uint8")
            for name in ("low", "high")
        )
        for small, large in zip(low, high, strict=True):
            expected = np.asarray(
                Image.fromarray(large).resize((12, 12), Image.Resampling.BICUBIC)
            ).astype(int)
            assert np.abs(small - expected).max() <= 1
        assert 4 < len({image.tobytes() for image in high}) <= 8

    def test_backbone_is_the_trunk_of_the_generator(self):
        model = self.make()
        mine = {id(v) for v in model.backbone.weights}
        assert mine < {id(v) for v in model.generator.weights}
        low = self.batch()["low"]
        _, maps = model.generator_and_map(low, training=False)
        np.testing.assert_allclose(
            ops.mean(maps, axis=(1, 2)), nn.any_size(model.backbone)(low), rtol=1e-5, atol=1e-6
        )

    def test_crops_are_a_feed(self):
        model = self.make()
        model.compile(keras.optimizers.Adam(1e-3))
        crops = data.Crops(
            [PHOTO[:40, :50], PHOTO[100:130, :64]], 16, batch_size=4, steps_per_epoch=3
        )
        history = model.fit(crops, epochs=2, verbose=0).history
        assert (
            len(history["mse"]) == 2 and int(ops.convert_to_numpy(model.optimizer.iterations)) == 6
        )

    @pytest.mark.parametrize("size", [(8, 6), (9, 9)])
    def test_crops_that_do_not_shrink_evenly_are_refused(self, size):
        model = self.make()
        model.compile("sgd")
        with pytest.raises(
            ValueError,
            match=rf"images: got {size[0]}x{size[1]} px; it must be squares, .*multiple of 2",
        ):
            model.fit(np.zeros((4, *size, 3), "uint8"), verbose=0)

    def test_what_is_no_trunk_is_refused(self):
        with pytest.raises(
            ValueError, match="backbone: got one that turns images of 8x8 into a map of 4x4"
        ):
            SRResNet(nn.backbone("micro", 8))
        with pytest.raises(ValueError, match="backbone: got one that ends in Dense"):
            SRResNet(nn.backbone("mlp", 8))
        for scale in (3, 1, "4", 4.0):
            with pytest.raises(ValueError, match=f"scale: got {scale!r}; it must be a power of 2"):
                self.make(scale=scale)
        with pytest.raises(ValueError, match="pixel_loss: got 'l2'"):
            self.make(pixel_loss="l2")
