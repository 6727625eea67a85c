import numpy as np
import pytest
from keras import ops

from sslzoo import nn
from sslzoo.nn.speech_transformer import LogMel

RATE = 8000


def tones(*frequencies):
    time = np.arange(RATE) / RATE
    return np.stack([np.sin(2 * np.pi * f * time) for f in frequencies]).astype("float32") * 0.5


def test_a_higher_tone_is_in_a_higher_band():
    frames = ops.convert_to_numpy(LogMel(RATE, 40)(tones(200, 800, 3000)))
    loudest = frames.mean(axis=1).argmax(axis=1)
    mel = 2595 * np.log10(1 + np.array([60, 200, 800, 3000, 4000]) / 700)
    expected = (mel[1:4] - mel[0]) / (mel[4] - mel[0]) * 41 - 1  # 40 triangles between 42 edges
    assert np.abs(loudest - expected).max() <= 1


def test_a_recording_does_not_depend_on_its_neighbors_and_hardly_on_its_loudness():
    """Keras' own decibels are cut off below the loudest frame of the batch."""
    layer, quiet = LogMel(RATE, 40), tones(440) * 0.01
    alone = ops.convert_to_numpy(layer(quiet))
    beside = ops.convert_to_numpy(layer(np.concatenate([quiet, tones(100) * 2])))
    np.testing.assert_allclose(beside[:1], alone, atol=1e-4)
    noise = np.random.default_rng(0).normal(0, 0.1, (1, RATE)).astype("float32")
    loud, soft = (ops.convert_to_numpy(layer(noise * volume)) for volume in (1.0, 0.25))
    np.testing.assert_allclose(loud, soft, atol=0.05)


def test_silence_is_finite():
    assert np.isfinite(ops.convert_to_numpy(LogMel(RATE, 40)(np.zeros((1, RATE), "float32")))).all()


def test_its_blocks_are_known_and_each_recording_has_its_own_features():
    network = nn.backbone("speech_transformer", depth=2, width=16)
    assert nn.blocks(network).names == [
        *("convolution1", "convolution2", "step_positions", "block1", "features")
    ]
    both = ops.convert_to_numpy(network(tones(300, 1500)))
    np.testing.assert_allclose(network(tones(1500)), both[1:], atol=1e-4)


@pytest.mark.parametrize(
    ("option", "sentence"), [({"samples": 100}, "samples: got 100"), ({"heads": 3}, "heads: got 3")]
)
def test_wrong_options_are_named(option, sentence):
    with pytest.raises(ValueError, match=sentence):
        nn.backbone("speech_transformer", **option)
