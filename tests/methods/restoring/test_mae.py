import keras
import numpy as np
import pytest
from harness import MethodChecks, digits, two_views
from keras import ops

from sslzoo import nn
from sslzoo.methods.restoring.mae import MAE

PATCH, KEPT = 2, 4  # of 16 patches


def patches_of(images):
    """(N, 16, 12), pixel by pixel."""
    rows = []
    for image in images:
        cells = [(y, x) for y in range(0, 8, PATCH) for x in range(0, 8, PATCH)]
        rows.append([image[y : y + PATCH, x : x + PATCH].ravel() for y, x in cells])
    return np.array(rows, "float64")


def predicted_patches(model, images, order):
    """Token by token: only the visible ones go through the encoder's blocks."""
    vit, decoder = model.backbone, model.decoder
    tokens = keras.Model(vit.input, vit.get_layer("tokens").output)(images)
    tokens = ops.convert_to_numpy(tokens)
    seen = [[row[0], *row[1 + where[:KEPT]]] for row, where in zip(tokens, order, strict=True)]
    x = skip = np.array(seen)
    for layer in vit.layers[vit.layers.index(vit.get_layer("tokens")) + 1 :]:
        x = [x, skip] if isinstance(layer, keras.layers.Add) else x
        if layer.name.endswith(("norm1", "norm2")):
            skip = x
        if layer.name == "features":
            break
        x = layer(x)
    x = ops.convert_to_numpy(decoder.get_layer("decoder_embed")(x))
    layer = decoder.get_layer("decoder_tokens")
    full = np.repeat(ops.convert_to_numpy(layer.mask_token), 16, axis=1).repeat(len(x), axis=0)
    for row, where, visible in zip(full, order, x, strict=True):
        row[where[:KEPT]] = visible[1:]
    positions = np.pad(nn.positions.sincos_positions(4, 4, 16), ((1, 0), (0, 0)))
    full = np.concatenate([x[:, :1], full], axis=1) + positions
    rest = keras.Model(layer.output, decoder.output)
    return ops.convert_to_numpy(rest(full.astype("float32"))).astype("float64")


class TestMAE(MethodChecks):
    learns = ("backbone", "decoder")
    learning_rate = 0.1
    drop = 0.1

    @classmethod
    def make(cls, **kwargs):
        vit = nn.backbone("vit_micro", 8, patch=PATCH, pool="mean")
        small = {"decoder_width": 16, "decoder_blocks": 1, "decoder_heads": 2, "augment": "none"}
        model = MAE(vit, **small | kwargs)
        for variable in model.weights:  # of a new transformer gradients are lost in rounding
            if variable.name == "kernel" and np.std(variable) < 0.05:
                variable.assign(8 * ops.convert_to_numpy(variable))
        return model

    @classmethod
    def batch(cls, n=13, seed=0):
        order = np.random.default_rng(seed).permuted(np.tile(np.arange(16), (n, 1)), axis=1)
        view = two_views(digits(n), seed)["view1"]
        return {"images": digits(n), "view": view, "order": order.astype("int32")}

    def oracle(self, model, batch):
        predicted = predicted_patches(model, batch["view"], batch["order"])
        targets, total = patches_of(batch["view"]), 0.0
        for row, guess, where in zip(targets, predicted, batch["order"], strict=True):
            for place in where[KEPT:]:
                patch = row[place]
                if model.norm_pix:
                    patch = (patch - patch.mean()) / np.sqrt(patch.var(ddof=1) + 1e-6)
                total += np.mean((guess[place] - patch) ** 2)
        return {"mae": total / (len(targets) * (16 - KEPT))}

    def test_targets_may_be_plain_pixels(self):
        model, batch = self.make(norm_pix=False), self.batch(5)
        losses, *_ = model.losses_logs_kept(batch)
        assert float(losses["mae"]) == pytest.approx(self.oracle(model, batch)["mae"], rel=1e-5)

    def test_hidden_patches_do_not_reach_the_prediction_and_encode_sees_all(self):
        model, batch = self.make(), self.batch(1)
        order, images = batch["order"], batch["view"]
        changed = images.copy()
        y, x = divmod(int(order[0, -1]), 4)
        changed[0, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2] = 1 - images[0, 2 * y, 2 * x]
        first, second = (
            ops.convert_to_numpy(model.predict_patches(each, order)[0])
            for each in (images, changed)
        )
        np.testing.assert_array_equal(first, second)
        assert np.abs(model.encode(changed) - model.encode(images)).max() > 1e-3

    def test_orders_are_drawn_anew_and_hide_every_patch_alike(self):
        model = self.make()
        orders = [ops.convert_to_numpy(model.views(self.batch(400))["order"]) for _ in range(2)]
        assert (orders[0] != orders[1]).any()
        assert (np.sort(orders[0], axis=1) == np.arange(16)).all()
        hidden = ops.convert_to_numpy(model.patch_order.hidden(orders[0]))
        assert (hidden.sum(axis=1) == 12).all() and np.abs(hidden.mean(axis=0) - 0.75).max() < 0.11

    def test_reconstruct_keeps_what_is_visible_and_predicts_the_rest(self):
        model, images = self.make(norm_pix=False), digits(5)
        found, damaged = model.reconstruct(images), model.damage(images, None)
        known = ~damaged.hidden[..., 0]
        assert damaged.hidden.mean() == 0.75
        np.testing.assert_allclose(found[known], damaged.original[known], atol=1e-6)
        np.testing.assert_allclose(model.reconstruct(damaged.given), found, atol=1e-6)
        order = np.tile(model.shown_order, (5, 1))
        expected = predicted_patches(model, damaged.original, order).clip(0, 1)
        hidden = np.isin(np.arange(16), order[0, KEPT:])
        np.testing.assert_allclose(patches_of(found)[:, hidden], expected[:, hidden], atol=1e-5)
        for image, filled, seen in zip(
            damaged.original, damaged.fillers["mean_color"], known, strict=True
        ):
            np.testing.assert_allclose(filled[~seen][0], image[seen].mean(axis=0), atol=1e-6)
        border = damaged.fillers["border"]
        np.testing.assert_array_equal(border[known], damaged.original[known])
        assert len(np.unique(border[~known])) > len(images)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mask_ratio": 0.99}, "mask_ratio: got 0.99, which leaves 0 of 16 patches; it must leave"),
        ({"mask_ratio": 0.0}, "mask_ratio: got 0.0, which leaves 16 of 16 patches"),
        ({"mask_ratio": 1.5}, "mask_ratio: got 1.5"),
        ({"decoder_heads": 3}, "decoder_width: got 16; it must be a multiple of 4 and of 3"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TestMAE.make(**arguments)


def test_other_networks_are_refused():
    with pytest.raises(ValueError, match="backbone: got micro; it must be a vision transformer"):
        MAE(nn.backbone("micro", 8))
    with pytest.raises(ValueError, match="image_size: got 9x9; it must be multiples of 2, the pat"):
        MAE(nn.backbone("vit_micro", 9, patch=2))


def test_the_mean_and_deviation_of_a_checkpoint_are_undone():
    """A decoder that answers with zeros paints the checkpoint's mean color."""
    constants = {"mean": [0.5, 0.25, 0.125], "std": [0.5, 0.5, 0.25]}
    vit = nn.backbone("vit_micro", 8, patch=PATCH, **constants)
    small = {"decoder_width": 16, "decoder_blocks": 1, "decoder_heads": 2}
    model = MAE(vit, norm_pix=False, **small)
    last = model.decoder.get_layer("decoder_values")
    last.set_weights([0 * weights for weights in last.get_weights()])
    images = digits(2)
    found, hidden = model.reconstruct(images), model.damage(images, None).hidden[..., 0]
    np.testing.assert_allclose(found[hidden], [constants["mean"]] * hidden.sum(), atol=1e-6)
    np.testing.assert_allclose(found[~hidden], np.repeat(images / 255, 3, -1)[~hidden], atol=1e-6)
