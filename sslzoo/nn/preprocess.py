"""From what a user has to what a backbone takes."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("sslzoo")
class Preprocess(layers.Layer):
    """Images of any size -> floats in [0, 1], (N, image_size, image_size, channels).

    Integers mean 0..255, floats 0..1. One channel is repeated where the network takes three.
    Another size is cropped to the largest centred square and resized, bilinear with antialiasing;
    the right size passes untouched.
    """

    def __init__(self, image_size, channels=3, interpolation="bilinear", antialias=True, **kwargs):
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self.image_size = image_size
        self.channels = channels
        self.interpolation = interpolation
        self.antialias = antialias
        self.autocast = False
        self.built = True

    def unit(self, images):
        """Values and channels only: (N, H, W) or (N, H, W, C) of any size -> floats in [0, 1], (N,
        H, W, channels).
        """
        scale = 255.0 if "int" in keras.backend.standardize_dtype(images.dtype) else 1.0
        images = ops.cast(images, "float32")
        images = images / scale if scale != 1.0 else images
        if len(images.shape) == 3:
            images = images[..., None]
        if images.shape[-1] == 1 and self.channels == 3:
            images = ops.repeat(images, 3, axis=-1)
        return images

    def call(self, images):
        images = self.unit(images)
        size = (self.image_size, self.image_size)
        if tuple(images.shape[1:3]) != size:
            images = ops.image.resize(
                images,
                size,
                interpolation=self.interpolation,
                antialias=self.antialias,
                crop_to_aspect_ratio=True,
                data_format="channels_last",
            )
        return images

    def get_config(self):
        return {"name": self.name} | {
            k: getattr(self, k) for k in ("image_size", "channels", "interpolation", "antialias")
        }
