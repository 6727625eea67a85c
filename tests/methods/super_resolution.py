"""What the tests of SRResNet and SRGAN share beside the harness."""

import keras
import numpy as np
import pytest
from harness import MethodChecks, digits
from PIL import Image
from sklearn.datasets import load_sample_images

from sslzoo import nn

PHOTO = load_sample_images().images[1]


def low_and_high(images, scale):
    """Digits in color and the same shrunk by Pillow, on gray: float32 in [0, 1]. On black, a
    convolution without a bias yet gives 0, where the backends choose different derivatives of a
    leaky ReLU.
    """
    side = images.shape[1] // scale
    low = [
        Image.fromarray(image[..., 0]).resize((side, side), Image.Resampling.BICUBIC)
        for image in images
    ]
    low, high = (
        np.repeat(0.1 + 0.8 * np.asarray(x, "float32") / 255, 3, axis=-1)
        for x in (np.stack(low)[..., None], images)
    )
    return {"images": images, "low": low, "high": high}


class Checks(MethodChecks):
    learns = ("generator",)

    @classmethod
    def trunk(cls, **options):
        return nn.backbone("srresnet", 8, **{"width": 4, "blocks": 1} | options)

    @classmethod
    def batch(cls, n=13, seed=0):
        return low_and_high(digits(n), scale=2)

    @pytest.mark.compared
    def test_collapse_monitor_fires_on_a_constant_encoder(self):
        model = self.make()
        for variable in model.backbone.weights:
            variable.assign(np.zeros(variable.shape))
        model.compile(keras.optimizers.SGD(0.0))
        with pytest.warns(UserWarning, match="collapsed"):
            model.fit(digits(16), batch_size=16, verbose=0)

    def test_upscale_takes_any_size_and_keeps_the_kind_of_values(self):
        model = self.make(scale=4, last_kernel=3)
        images = PHOTO[None, 100:111, 200:217]
        found = model.upscale(images)
        assert found.shape == (1, 44, 68, 3) and found.dtype == "uint8"
        floats = model.upscale(images / 255)
        assert floats.dtype == "float32" and floats.min() >= 0 and floats.max() <= 1
        np.testing.assert_array_equal(found, np.floor(255 * floats + 0.5))
        expected = model.generator(images.astype("float32") / 255, training=False)
        np.testing.assert_allclose(floats, np.clip(expected, 0, 1), atol=1e-4)
        gray = images[..., :1]
        np.testing.assert_array_equal(
            model.upscale(gray), model.upscale(np.repeat(gray, 3, axis=-1))
        )

    @pytest.mark.parametrize("channels", [2, 4])
    def test_two_and_four_channels_are_refused(self, channels):
        model, images = self.make(), np.zeros((2, 8, 8, channels), "uint8")
        model.compile("sgd")
        for use in (model.upscale, model.fit):
            with pytest.raises(
                ValueError, match="images: got shape .*; it must have 1 or 3 channels in the last"
            ):
                use(images)

    @pytest.mark.tensorflow
    @pytest.mark.inherited
    def test_export_upscales_pixels_and_files_of_any_size(self, tmp_path):
        import tensorflow as tf

        model = self.make(scale=4, last_kernel=3)
        model.export(tmp_path / "served", warmup=False)
        signatures = tf.saved_model.load(tmp_path / "served/1").signatures
        images = PHOTO[None, 100:110, 200:213]
        expected = model.upscale(images).astype(int)
        for name in ("serving_default", "upscale"):
            found = signatures[name](images=tf.constant(images))["image"].numpy()
            assert found.dtype == "uint8" and np.abs(found - expected).max() <= 1
        files = tf.constant(
            [tf.io.encode_png(image).numpy() for image in (images[0], PHOTO[:6, :7])]
        )
        big, small = (
            tf.io.decode_png(data).numpy()
            for data in signatures["upscale_bytes"](image_bytes=files)["image_bytes"].numpy()
        )
        assert np.abs(big - expected[0]).max() <= 1 and small.shape == (24, 28, 3)
