"""The content network of SRGAN's paper, for those who have its weights."""

from typing import Any

import keras
from keras import ops

from sslzoo.nn.normalize import Normalize

# Mean and deviation of ImageNet's channels in 0..1 (torchvision).
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


@keras.saving.register_keras_serializable("sslzoo")
class CaffeInput(keras.layers.Layer):
    """RGB in [0, 1] -> BGR in 0..255 less the mean of ImageNet, as VGG was trained
    (keras.applications, mode "caffe").

    Example:
        >>> from keras import ops
        >>> from sslzoo.nn.vgg19 import CaffeInput
        >>> round(float(CaffeInput()(ops.zeros((1, 2, 2, 3)))[0, 0, 0, 0]), 3)
        -103.939
    """

    def call(self, images: Any) -> Any:
        mean = ops.convert_to_tensor([103.939, 116.779, 123.68], dtype=images.dtype)
        return ops.flip(images, axis=-1) * 255.0 - mean

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape


def vgg19_features(weights: str | None, torch: bool = False) -> keras.Model:
    """VGG54: images in [0, 1], (N, H, W, 3) of any size from 32 px -> the map of VGG-19's
    block5_conv4, over 12.75.

    Ledig et al. 2017, section 2.2.1 and 3.2: features scaled by 1/12.75 make losses of the size of
    the MSE (about 0.006 times the loss). Taken before the activation, as ESRGAN has it (Wang et al.
    2018, arXiv:1809.00219, section 3.3); the paper takes it after.

    Args:
        weights: as `keras.applications.VGG19` takes them: a path of its weights without top,
            "imagenet" (a download of 80 MB), or None for random ones.
        torch: Whether the network reads images as torchvision's VGG-19 was trained, RGB less the
            mean over the deviation. Weights of one cannot stand in for those of the other.

    Example:
        >>> from sslzoo import nn
        >>> nn.vgg19_features(weights=None).output_shape
        (None, None, None, 512)
    """
    vgg = keras.applications.VGG19(include_top=False, weights=weights)
    last = vgg.get_layer("block5_conv4")
    last.activation = keras.activations.linear
    inputs = keras.Input((None, None, 3), name="images")
    reads = Normalize(*IMAGENET, name="torch_input") if torch else CaffeInput(name="caffe_input")
    x = keras.Model(vgg.input, last.output, name="vgg19")(reads(inputs))
    return keras.Model(inputs, keras.layers.Rescaling(1 / 12.75, name="features")(x), name="vgg54")
