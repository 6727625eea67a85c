"""The eight symmetries of a square."""

import keras
from keras import ops

from sslzoo.augment.seeds import ReplicaSeeds


@keras.saving.register_keras_serializable("sslzoo")
class Symmetry(keras.layers.Layer):
    """Each square image (N, size, size, C) flipped and turned into one of its eight symmetries at
    random; any dtype stays.

    No pixel is interpolated, which is why super-resolution augments this way (EDSR, Lim et al.
    2017, arXiv:1707.02921, section 4.2). Random whenever it is called.
    """

    def __init__(self, seed=0, **kwargs):
        super().__init__(**kwargs | {"dtype": "float32"})
        self.seed = seed
        self.autocast = False
        self.seed_generator = ReplicaSeeds(seed)
        self.built = True

    def call(self, images):
        draws = (
            keras.random.uniform(
                (3, ops.shape(images)[0], 1, 1, 1), dtype="float32", seed=self.seed_generator
            )
            < 0.5
        )
        images = ops.where(draws[0], ops.flip(images, axis=1), images)
        images = ops.where(draws[1], ops.flip(images, axis=2), images)
        return ops.where(draws[2], ops.swapaxes(images, 1, 2), images)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"seed": self.seed}
