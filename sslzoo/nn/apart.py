"""Additions that TensorFlow must not fuse with the convolution before them.

On a CPU it makes one oneDNN operation of convolution + bias + addition. That works in place on the
other summand where it holds the only reference. Otherwise it copies it first, through members of
the kernel that no lock guards (TensorFlow 2.21, `fuse_add_src_` in
tensorflow/core/kernels/mkl/mkl_conv_ops.cc): of two calls at once, requests to a server or images
of one `tf.map_fn`, one takes the other's values, or the process crashes. Who holds a tensor, a
graph of layers does not tell.
"""

from typing import Any

import keras
from keras import layers

from sslzoo import backends


@keras.saving.register_keras_serializable("sslzoo")
class Apart(layers.Layer):
    """Identity, in any dtype, that TensorFlow's graph optimizer leaves between an operation and the
    next.

    Example:
        >>> from keras import ops
        >>> from sslzoo.nn.apart import Apart
        >>> float(Apart()(ops.ones((1, 2)))[0, 0])
        1.0
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs, autocast=False)
        self.supports_masking = True

    def call(self, x: Any) -> Any:
        return backends.apart(x)

    def compute_output_spec(self, x: Any) -> keras.KerasTensor:
        return keras.KerasTensor(x.shape, x.dtype)


def adds(operation: Any) -> bool:
    """Whether a layer or an operation is an addition; that of `keras.ops.add` has no public
    class.

    Example:
        >>> import keras
        >>> from sslzoo.nn.apart import adds
        >>> adds(keras.layers.Add()), adds(keras.layers.Dense(1))
        (True, False)
    """
    return isinstance(operation, (layers.Add, layers.Average)) or type(operation).__name__ == "Add"


def apart(tensors: Any) -> Any:
    """A structure with each of its symbolic tensors behind an `Apart`.

    Example:
        >>> import keras
        >>> from sslzoo.nn.apart import apart
        >>> [behind] = apart([keras.Input((2,))])
        >>> behind.shape
        (None, 2)
    """

    def behind(x):
        return Apart()(x) if isinstance(x, keras.KerasTensor) else x

    return keras.tree.map_structure(behind, tensors)
