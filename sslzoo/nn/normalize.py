"""Mean and deviation of a checkpoint's training images, as a part of its network."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from sslzoo.checks import finite, refused
from sslzoo.inputs.preprocess import Preprocess


@keras.saving.register_keras_serializable("sslzoo")
class Normalize(layers.Layer):
    """Maps x (N, H, W, C) -> (x - mean) / std, of each channel.

    It also says how whole images are brought to the network's size, for `sslzoo.inputs.reads`.

    Args:
        mean, std: Numbers, one a channel.
        interpolation, share: As for `sslzoo.inputs.Preprocess`.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.normalize import Normalize
        >>> np.asarray(Normalize([0.5], [0.25])(np.ones((1, 1, 1, 1), "float32"))).item()
        2.0
    """

    def __init__(
        self,
        mean: Sequence[float],
        std: Sequence[float],
        interpolation: str = "bilinear",
        share: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mean, self.std = list(mean), list(std)
        self.reading = {"interpolation": interpolation, "share": share}

    def call(self, x: Any) -> Any:
        mean = ops.convert_to_tensor(self.mean, x.dtype)
        return (x - mean) / ops.convert_to_tensor(self.std, x.dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return super().get_config() | {"mean": self.mean, "std": self.std} | self.reading


def normalized(
    network: keras.Model,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    interpolation: str = "bilinear",
    share: float = 1.0,
) -> keras.Model:
    """A network behind a `Normalize`; the network itself where mean and std are None, and images
    are read as usual.

    Raises:
        ValueError: mean or std alone, another number of channels, numbers that are not finite, or a
            deviation of 0 or less.

    Example:
        >>> from sslzoo import nn
        >>> nn.normalized(nn.backbone("micro", 8), [0.5] * 3, [0.2] * 3).output_shape
        (None, 16)
    """
    channels = network.input_shape[-1]
    if mean is None and std is None:
        if (interpolation, share) == ("bilinear", 1.0):
            return network
        mean, std = [0.0] * channels, [1.0] * channels
    Preprocess(None, channels, interpolation, share=share)  # refuses what it does not know
    for name, values in {"mean": mean, "std": std}.items():
        if values is None or len(values) != channels:
            raise refused(name, values, f"be {channels} numbers, one a channel")
        finite(values, name, "(C,)", 1)
    if min(std) <= 0:
        raise refused("std", std, "be above 0")
    inputs = keras.Input(network.input_shape[1:], name="image")
    x = Normalize(mean, std, interpolation, share, name="normalize")(inputs)
    return keras.Model(inputs, network(x), name=network.name)
