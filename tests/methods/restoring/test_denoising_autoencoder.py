import keras
import numpy as np
import pytest
from harness import MethodChecks, digits, two_views
from keras import ops

from sslzoo import nn
from sslzoo.methods.restoring.denoising_autoencoder import DenoisingAutoencoder


class TestDenoisingAutoencoder(MethodChecks):
    learns = ("backbone", "decoder")
    learning_rate = 0.1
    drop = 0.1

    @classmethod
    def make(cls, **kwargs):
        return DenoisingAutoencoder(nn.backbone("micro", 8), **kwargs)

    @classmethod
    def batch(cls, n=13, seed=0):
        clean = np.repeat(digits(n) / np.float32(255), 3, axis=-1)
        noisy = two_views(digits(n), seed)["view1"]
        return {"images": digits(n), "clean": clean, "noisy": noisy}

    def oracle(self, model, batch):
        """On the map, which the features are the mean of; the clean image is the target."""
        maps = model.backbone.get_layer("block2_relu").output
        maps = keras.Model(model.backbone.input, maps)(batch["noisy"], training=True)
        restored = ops.convert_to_numpy(model.decoder(maps, training=True)).astype("float64")
        errors = [np.sum((r - c) ** 2) for r, c in zip(restored, batch["clean"], strict=True)]
        return {"mse": np.mean(errors) / (8 * 8 * 3)}

    def test_views_add_noise_and_leave_the_target_clean(self):
        views = self.make(noise="masking", level=0.25).views({"images": digits(200)})
        clean, noisy = (ops.convert_to_numpy(views[name]) for name in ("clean", "noisy"))
        np.testing.assert_allclose(clean[..., 0], digits(200)[..., 0] / 255, atol=1e-6)
        assert abs((noisy != clean)[clean > 0].mean() - 0.25) < 0.02
        assert not noisy[noisy != clean].any()

    @pytest.mark.slow
    @pytest.mark.tensorflow
    def test_reconstruct_takes_noisy_images_and_is_exported(self, tmp_path):
        import tensorflow as tf

        model, images = self.make(), digits(5)
        found = model.reconstruct(images)
        maps = model.map_and_features(np.repeat(images / 255.0, 3, axis=-1), training=False)[0]
        expected = np.clip(ops.convert_to_numpy(model.decoder(maps, training=False)), 0, 1)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        model.export(tmp_path, warmup=False)
        served = tf.saved_model.load(tmp_path / "1").signatures["reconstruct"]
        np.testing.assert_allclose(served(images=tf.constant(images))["images"], found, atol=1e-5)


def test_networks_without_a_map_to_decode_are_refused():
    with pytest.raises(ValueError, match="backbone: got one that ends in Dense; it must end in"):
        DenoisingAutoencoder(nn.backbone("mlp", 8))
    with pytest.raises(ValueError, match="got a map of 5x5 for images of 9x9; it must make one"):
        DenoisingAutoencoder(nn.backbone("micro", 9))
    with pytest.raises(ValueError, match="read images"):
        DenoisingAutoencoder(nn.backbone("gru"))
