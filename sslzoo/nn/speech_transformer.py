"""A speech encoder: waves (N, T) -> log-mel frames -> convolutions -> a Transformer -> features."""

from typing import Any

import keras
from keras import layers, ops

from sslzoo.checks import refused, whole
from sslzoo.nn.layers import Seeds
from sslzoo.nn.step_transformer import StepPositions
from sslzoo.nn.vit import block, layer_norm

WINDOW, STRIDE = 0.025, 0.010  # seconds of a frame, and from one to the next: the field's usual
LOWEST = 60.0  # Hz
SILENCE = 1e-6  # of a mel band's energy: rounding of 16 bits is below it


@keras.saving.register_keras_serializable("sslzoo")
class LogMel(layers.Layer):
    """Waves (N, T) in -1..1 -> log-mel frames (N, frames, bands), each recording with mean 0 and
    variance 1.

    Keras' own decibels are cut off below the loudest frame of the batch, so that a recording would
    depend on its neighbors. Here each is alone.

    Args:
        rate: Samples a second.
        bands: Number of mel bands, from 60 Hz to half the rate.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.speech_transformer import LogMel
        >>> tuple(LogMel(8000, 40)(np.zeros((2, 8000), "float32")).shape)
        (2, 101, 40)
    """

    def __init__(self, rate: int, bands: int, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", "trainable": False, **kwargs})
        self.rate, self.bands = rate, bands
        length = round(WINDOW * rate)
        self.mel = layers.MelSpectrogram(
            fft_length=1 << (length - 1).bit_length(),
            sequence_length=length,
            sequence_stride=round(STRIDE * rate),
            sampling_rate=rate,
            num_mel_bins=bands,
            min_freq=LOWEST,
            power_to_db=False,
        )

    def build(self, input_shape: tuple) -> None:
        self.mel.build(input_shape)

    def call(self, waves: Any) -> Any:
        frames = ops.log(ops.swapaxes(self.mel(waves), 1, 2) + SILENCE)
        mean, variance = ops.moments(frames, axes=(1, 2), keepdims=True)
        return (frames - mean) / ops.sqrt(variance + 1e-5)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        frames = self.mel.compute_output_shape(input_shape)[2]
        return (input_shape[0], frames, self.bands)

    def get_config(self) -> dict:
        return super().get_config() | {"rate": self.rate, "bands": self.bands}


def speech_transformer(
    name: str,
    samples: int = 8000,
    rate: int = 8000,
    bands: int = 40,
    width: int = 64,
    depth: int = 4,
    heads: int = 4,
    seed: int = 0,
) -> keras.Model:
    """An encoder of recordings of one length: two convolutions over log-mel frames, each of stride
    2, and `depth` pre-norm blocks of `sslzoo.nn.vit`.

    That is the encoder of Hou et al. 2021 (arXiv:2105.11905) in small. The features are the mean of
    the normalized tokens.

    Args:
        name: Name of the network.
        samples: T, a number: positions belong to it. Pad shorter recordings with silence.
        rate: Samples a second.
        bands: Mel bands of a frame. Frames have 25 ms, one every 10 ms.
        width: D of the tokens.
        depth: Number of blocks.
        heads: Attention heads, a divisor of `width`.
        seed: Random seed of the weights.

    Returns:
        A Functional model of audio (N, T) -> (N, D). A token stands for 40 ms.

    Raises:
        ValueError: samples shorter than a frame, or heads that do not divide the width.

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("speech_transformer", samples=4000, rate=8000).output_shape
        (None, 64)
    """
    whole("samples", samples, round(WINDOW * rate))
    if width % whole("heads", heads, 1):
        raise refused("heads", heads, f"divide {width}, the width")
    seeds, others = Seeds(seed), 1_000_003 * seed + 500_000  # which `seeds` does not reach
    inputs = keras.Input((samples,), name="audio")
    x = LogMel(rate, bands, name="log_mel")(inputs)  # (N, frames, bands)
    for index in (1, 2):
        start, label = seeds.he(), f"convolution{index}"
        x = layers.Conv1D(
            width, 3, 2, "same", activation="relu", kernel_initializer=start, name=label
        )(x)
    x = StepPositions(others, name="step_positions")(x)  # (N, frames / 4, D)
    for index in range(1, depth + 1):
        x = block(x, heads, f"block{index}", seeds, start=seeds.glorot)
    x = layer_norm("norm")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling1D(name="features")(x), name=name)
