import keras
import numpy as np
import pytest
from harness import MethodChecks, digits
from keras import ops
from skimage.color import rgb2lab

from sslzoo import nn
from sslzoo.methods.restoring.colorization import Colorization


def colored(n):
    """Digits in colors of their own on a dark ground: uint8 (n, 8, 8, 3)."""
    tints = np.random.default_rng(5).uniform(0.2, 1, (n, 1, 1, 3))
    return (20 + 0.85 * digits(n) * tints).astype("uint8")


def colors_of(images):
    """a and b (N, 4, 4, 2) of the cells of 2x2 pixels."""
    ab = rgb2lab(np.asarray(images, "float64"))[..., 1:]
    return ab.reshape(len(ab), 4, 2, 4, 2, 2).mean(axis=(2, 4))


def soft(color, bins):
    """One color over all bins, nearest five one by one."""
    distances = np.sqrt(((bins.astype("float64") - color) ** 2).sum(axis=1))
    weights = np.zeros(len(bins))
    for place in np.argsort(distances)[:5]:
        weights[place] = np.exp(-(distances[place] ** 2) / (2 * 5**2))
    return weights / weights.sum()


class TestColorization(MethodChecks):
    learns = ("backbone", "decoder")
    learning_rate = 0.05
    drop = 0.3

    @classmethod
    def make(cls, **kwargs):
        gray = nn.backbone("micro", 8, channels=1)
        return Colorization(gray, **{"augment": "none"} | kwargs)

    @classmethod
    def example(cls, n):
        return colored(n)

    @classmethod
    def batch(cls, n=13, seed=0):
        return {"images": colored(n), "view": colored(n).astype("float32") / 255}

    def predicted(self, model, batch):
        gray = batch["view"] @ np.array([[0.299], [0.587], [0.114]], "float32")
        maps = keras.Model(model.backbone.input, model.backbone.get_layer("block2_relu").output)
        values = model.decoder(maps(gray, training=True), training=True)
        return ops.convert_to_numpy(values).astype("float64")

    def oracle(self, model, batch):
        counts = ops.convert_to_numpy(model.run_state.counts).astype("float64")
        prior = counts / counts.sum()
        weights = 1 / (0.5 * prior + 0.5 / len(prior))
        weights /= (prior * weights).sum()
        total, logits = [], self.predicted(model, batch)
        logits -= np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        for place in np.ndindex(*logits.shape[:3]):
            z = soft(colors_of(batch["view"])[place], model.bins)
            total.append(-weights[z.argmax()] * (z * logits[place]).sum())
        return {"colors": np.mean(total)}

    def test_rare_colors_weigh_more_and_the_prior_is_that_of_the_images(self):
        model, batch = self.make(), self.batch(9)
        losses, _, kept = model.losses_logs_kept(batch)
        model.after_step({**batch, **kept})
        found = ops.convert_to_numpy(model.run_state.counts)
        expected = np.mean(
            [soft(c, model.bins) for c in colors_of(batch["view"]).reshape(-1, 2)], 0
        )
        np.testing.assert_allclose(found, expected + 1 / len(found), atol=1e-4)
        later, *_ = model.losses_logs_kept(batch)
        assert float(later["colors"]) == pytest.approx(
            self.oracle(model, batch)["colors"], rel=1e-4
        )
        weights = ops.convert_to_numpy(model.weights_of_bins())
        assert weights[found.argmin()] == weights.max() > 1 > weights[found.argmax()]
        assert (found / found.sum() * weights).sum() == pytest.approx(1, rel=1e-5)

    def test_the_plain_regression_is_the_baseline(self):
        model, batch = self.make(objective="l2"), self.batch(5)
        losses, *_ = model.losses_logs_kept(batch)
        errors = (self.predicted(model, batch) - colors_of(batch["view"]) / 110) ** 2
        assert float(losses["l2"]) == pytest.approx(errors.sum(axis=-1).mean() / 2, rel=1e-4)
        assert self.make().ablations == {"l2": {"hyperparameters": {"objective": "l2"}}}

    @pytest.mark.slow
    @pytest.mark.tensorflow
    @pytest.mark.parametrize("objective", ["classes", "l2"])
    def test_reconstruct_keeps_the_lightness_and_is_exported(self, tmp_path, objective):
        import tensorflow as tf

        model, images = self.make(objective=objective), colored(5)
        found, gray = model.reconstruct(images), model.damage(images, None).fillers["gray"]
        np.testing.assert_allclose(model.reconstruct(gray), found, atol=1e-4)
        maps = model.map_and_features(gray[..., :1], training=False)[0]
        values = ops.convert_to_numpy(model.decoder(maps, training=False)).astype("float64")
        if objective == "classes":
            p = np.exp(values / 0.38)
            values = (p / p.sum(axis=-1, keepdims=True)) @ model.bins / 110
        ab = ops.image.resize(110 * values, (8, 8), data_format="channels_last")
        lab = np.concatenate([rgb2lab(gray)[..., :1], ab], axis=-1)
        expected = ops.convert_to_numpy(nn.lab_to_rgb(lab))
        np.testing.assert_allclose(found, expected, atol=1e-3)
        model.export(tmp_path, warmup=False)
        served = tf.saved_model.load(tmp_path / "1").signatures["reconstruct"]
        np.testing.assert_allclose(served(images=tf.constant(images))["images"], found, atol=1e-4)


def test_gray_images_and_networks_that_see_colors_are_refused():
    model = TestColorization.make()
    model.compile("sgd")
    with pytest.raises(
        ValueError, match=r"images: got shape \(16, 8, 8, 1\), which is gray; it mu"
    ):
        model.fit(digits(16), batch_size=16, verbose=0)
    with pytest.raises(ValueError, match="backbone: got one that reads colors; it must read gray"):
        Colorization(nn.backbone("micro", 8))
    with pytest.raises(ValueError, match="objective: got 'l1'; it must be one of 'classes', 'l2'"):
        TestColorization.make(objective="l1")
