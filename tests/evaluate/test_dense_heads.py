"""Losses of the heads against NumPy, and what they learn."""

import math

import keras
import numpy as np
import pytest

from sslzoo.evaluate import box_quality, feature_maps
from sslzoo.evaluate.dense_heads import standardized
from sslzoo.evaluate.dense_judge import chosen_rate
from sslzoo.evaluate.detection_head import DetectionHead, detection_loss, focal_loss, giou
from sslzoo.evaluate.encoders import RawPixels
from sslzoo.evaluate.segmentation_head import SegmentationHead, pixel_cross_entropy

RNG = np.random.default_rng(0)


def test_channels_are_standardized_by_the_training_maps():
    maps = (RNG.normal(size=(37, 3, 4, 5)) * [1, 2, 3, 4, 0] + [9, 0, -9, 0, 7]).astype("float16")
    inputs, x = standardized(maps)
    found = np.asarray(keras.Model(inputs, x)(maps.astype("float32")))
    np.testing.assert_allclose(found.mean(axis=(0, 1, 2)), np.zeros(5), atol=1e-3)
    np.testing.assert_allclose(found.std(axis=(0, 1, 2)), [1, 1, 1, 1, 0], atol=1e-3)
    # A channel that did not change in training is not blown up.
    other = maps.astype("float32")
    other[..., 4] += 0.1
    assert np.abs(np.asarray(keras.Model(inputs, x)(other))[..., 4]).max() < 2


def test_the_cross_entropy_is_of_the_pixels_that_have_a_class():
    logits = RNG.normal(size=(2, 4, 5, 3)).astype("float32")
    masks = RNG.integers(0, 3, (2, 4, 5)).astype("uint8")
    masks[0, :2] = 255
    shifted = np.exp(logits.astype("float64"))
    chances = shifted / shifted.sum(axis=-1, keepdims=True)
    known = masks != 255
    right = np.take_along_axis(chances, np.where(known, masks, 0)[..., None].astype(int), -1)
    expected = -np.log(right[..., 0][known]).mean()
    assert float(pixel_cross_entropy(masks, logits)) == pytest.approx(expected, rel=1e-5)
    none = np.full_like(masks, 255)
    assert float(pixel_cross_entropy(none, logits)) == 0


def test_the_linear_head_is_bilinear_in_between():
    maps = RNG.normal(size=(4, 2, 2, 3)).astype("float16")
    head = SegmentationHead(maps, None, (8, 8), 4)
    weights = [RNG.normal(size=value.shape) for value in head.network.get_layer("head").weights]
    head.network.get_layer("head").set_weights(weights)
    mean, std = (getattr(maps.astype("float64"), name)((0, 1, 2)) for name in ("mean", "std"))
    logits = (maps - mean) / std @ weights[0][0, 0] + weights[1]  # (4, 2, 2, 4)
    centers = np.clip((np.arange(8) + 0.5) / 4 - 0.5, 0, 1)
    matrix = np.stack([1 - centers, centers], axis=1)
    expected = np.einsum("yi,xj,nijk->nyxk", matrix, matrix, logits)
    found = np.asarray(head.network(maps.astype("float32")))
    np.testing.assert_allclose(found, expected, atol=1e-2)
    np.testing.assert_array_equal(head.predict(maps), found.argmax(axis=-1))


def test_the_focal_loss_is_the_papers():
    logits = RNG.normal(size=50) * 4
    truth = RNG.integers(0, 2, 50).astype("float64")
    chance = 1 / (1 + np.exp(-logits))
    right = np.where(truth == 1, chance, 1 - chance)
    weight = np.where(truth == 1, 0.25, 0.75)
    expected = -weight * (1 - right) ** 2 * np.log(right)
    found = focal_loss(truth.astype("float32"), logits.astype("float32"))
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-3, atol=1e-6)


def test_giou_is_that_of_the_boxes():
    near, far = (RNG.uniform(0.1, 9, (30, 4)) for _ in range(2))

    def boxes(distances):
        return np.concatenate([-distances[:, :2], distances[:, 2:]], axis=1)

    around = boxes(np.maximum(near, far))
    whole = np.prod(around[:, 2:] - around[:, :2], axis=1)
    areas = [np.prod(each[:, 2:] - each[:, :2], axis=1) for each in map(boxes, (near, far))]
    iou = np.diagonal(box_quality.box_iou(boxes(near), boxes(far)))
    shared = iou * (areas[0] + areas[1]) / (1 + iou)
    expected = iou - (whole - (areas[0] + areas[1] - shared)) / whole
    found = giou(near.astype("float32"), far.astype("float32"))
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-4, atol=1e-5)
    assert expected.min() < iou.min()


def test_the_loss_of_detection_is_the_sum_of_its_three_parts():
    targets = RNG.uniform(0.1, 1, (2, 3, 4, 6)).astype("float32")
    targets[..., 0] = RNG.integers(-1, 2, (2, 3, 4))
    outputs = RNG.normal(size=(2, 3, 4, 7)).astype("float32")
    here = targets[..., 0] >= 0
    truth = targets[..., :1] == np.arange(2)
    focal = np.asarray(focal_loss(truth.astype("float32"), outputs[..., :2])).sum()
    overlap = np.asarray(giou(targets[..., 2:], np.exp(outputs[..., 3:])))[here]
    weights, logits = targets[here][:, 1], outputs[here][:, 2]
    chance = 1 / (1 + np.exp(-logits))
    middle = -(weights * np.log(chance) + (1 - weights) * np.log(1 - chance))
    expected = focal / here.sum() + np.average(1 - overlap, weights=weights) + middle.mean()
    assert float(detection_loss(targets, outputs)) == pytest.approx(expected, rel=1e-4)
    targets[..., 0] = -1
    outputs[..., :2] = -30
    assert float(detection_loss(targets, outputs)) == pytest.approx(0, abs=1e-5)


def test_a_head_of_detection_starts_with_rare_classes():
    maps = RNG.normal(size=(4, 4, 6, 3)).astype("float16")
    head = DetectionHead(maps, (64, 96), (640, 960), 2, seed=3)
    assert head.grid == [8, 12] and head.network.output_shape == (None, 8, 12, 7)
    bias = head.network.layers[-1].bias
    assert float(bias[0]) == pytest.approx(math.log(0.01 / 0.99)) and float(bias[2]) == 0
    other = DetectionHead(maps, (64, 96), (640, 960), 2, seed=3)
    for mine, its in zip(head.network.weights, other.network.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(mine), np.asarray(its))


@pytest.mark.parametrize("kind", [SegmentationHead, DetectionHead])
def test_heads_see_each_place_alone(kind):
    """Far from a place that changed, nothing changes: resizing mixes neighbors alone."""
    maps = RNG.normal(size=(2, 4, 8, 3)).astype("float16")
    head = kind(maps, (32, 64), (32, 64), 2)
    head.network.set_weights([RNG.normal(size=each.shape) for each in head.network.get_weights()])
    before = np.asarray(head.network(maps.astype("float32")))
    maps[:, :, 0] += 1
    moved = np.abs(np.asarray(head.network(maps.astype("float32"))) - before).max(axis=(0, 1, 3))
    column = before.shape[2] // 8
    assert (moved[:column] > 1e-3).all() and (moved[2 * column :] == 0).all()


def test_raw_pixels_are_read_in_patches_and_large_images_are_shrunk():
    images = RNG.integers(0, 256, (2, 16, 24, 3), "uint8")
    maps = feature_maps.FeatureMaps(RawPixels(), images, 100)
    assert maps.size == [16, 24] and maps.shape == (4, 6, 48)
    found = maps.compute(images)
    np.testing.assert_allclose(found[1, 2, 3], images[1, 8:12, 12:16].ravel() / 255, atol=1e-6)
    small = feature_maps.FeatureMaps(RawPixels(), images, 12)
    assert small.size == [8, 12] and small.shape == (2, 3, 48)
    flat = np.full((1, 16, 24, 3), 51, "uint8")
    np.testing.assert_allclose(small.compute(flat), 0.2, atol=1e-6)
    coarse = feature_maps.FeatureMaps(RawPixels(), images, 100, cell=8)
    assert coarse.shape == (2, 3, 48)


def test_maps_that_need_too_much_memory_are_refused_before_they_are_computed(monkeypatch):
    from sslzoo.data import Dataset

    images = RNG.integers(0, 256, (2, 16, 24, 3), "uint8")
    maps = feature_maps.FeatureMaps(RawPixels(), images, 100)
    kept = maps.kept(Dataset(images), 1)
    assert kept.dtype == "float16" and kept.nbytes == 2 * 4 * 6 * 48 * 2
    monkeypatch.setattr(feature_maps, "MOST_BYTES", kept.nbytes - 1)
    monkeypatch.setattr(maps, "compute", None)
    with pytest.raises(ValueError, match="feature maps: got 2 maps of 4x6x48, 0.0 GiB; it must"):
        maps.kept(Dataset(images), 1)


def test_maps_that_half_precision_does_not_hold_are_refused():
    from sslzoo.data import Dataset

    class Loud:
        """A model whose map is 1e6 times its image."""

        def __init__(self):
            from sslzoo.inputs import Images

            x = keras.Input((4, 4, 3))
            pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1e6)(x))
            self.backbone, self.reads = keras.Model(x, pooled), Images(4, 4)

    images = np.full((2, 4, 4, 3), 255, "uint8")
    with pytest.raises(ValueError, match=r"feature maps: got values up to 1e\+06; it must be fin"):
        feature_maps.FeatureMaps(Loud(), images, 4).kept(Dataset(images), 2)


def test_the_best_rate_is_chosen_and_one_that_fails_is_not():
    scores = {0.3: float("nan"), 0.1: 0.5, 0.03: 0.5}
    rate, path = chosen_rate(list(scores), scores.get, "miou")
    assert rate == 0.1 and [step["learning_rate"] for step in path] == [0.3, 0.1, 0.03]
