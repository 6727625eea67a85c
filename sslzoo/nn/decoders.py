"""Decoders from latents to pixels."""

from collections.abc import Sequence

import keras
from keras import layers

from sslzoo.checks import whole
from sslzoo.nn.heads import head


def mlp_decoder(
    latent_dim: int,
    image_shape: Sequence[int],
    widths: Sequence[int] = (500, 500),
    activation: str = "relu",
    seed: int = 0,
    name: str = "decoder",
) -> keras.Model:
    """Dense layers from latents to one logit for each value of an image.

    Args:
        latent_dim: Z.
        image_shape: (H, W, C) of the images.
        widths: units of the hidden layers. Of none, the decoder is linear.
        activation: Activation of the hidden layers. The last layer has none.
        seed: Random seed of the initializers (Glorot uniform).

    Returns:
        A Functional `keras.Model`, latents (N, Z) -> logits (N, H, W, C).

    Raises:
        ValueError: a size or a width that is no integer of at least 1.

    Example:
        >>> from sslzoo import nn
        >>> decoder = nn.mlp_decoder(2, (8, 8, 1), widths=(16,))
        >>> decoder.output_shape
        (None, 8, 8, 1)
        >>> [layer.name for layer in decoder.get_layer("decoder_mlp").layers[1:]]
        ['decoder_mlp_dense1', 'decoder_mlp_relu1', 'decoder_mlp_dense2']
    """
    whole("latent_dim", latent_dim, 1)
    values = 1
    for side in image_shape:
        values *= whole("image_shape", side, 1)
    rows = [(whole("widths", units, 1), None, activation) for units in widths]
    mlp = head(latent_dim, [*rows, (values, None, None)], f"{name}_mlp", seed=seed)
    latents = keras.Input((latent_dim,), name="latents")
    logits = layers.Reshape(tuple(image_shape), name="logits")(mlp(latents))  # (N, H, W, C)
    return keras.Model(latents, logits, name=name)
