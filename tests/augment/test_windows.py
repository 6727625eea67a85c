import numpy as np
import pytest
from keras import ops

from sslzoo import inputs
from sslzoo.augment import Windows

RNG = np.random.default_rng(0)


def test_patches_of_a_grid_overlap():
    images = RNG.random((2, 12, 12, 3)).astype("float32")
    windows = Windows(inputs.Images(12, 12), count=4, size=5)
    found = ops.convert_to_numpy(windows({"images": images})["windows"])
    assert found.shape == (2, 4, 4, 5, 5, 3) and windows.apart == 3  # of 5 px, each 2 px further
    for row in range(4):
        for column in range(4):
            patch = images[:, 2 * row : 2 * row + 5, 2 * column : 2 * column + 5]
            np.testing.assert_array_equal(found[:, row, column], patch)


@pytest.mark.parametrize(
    ("reads", "shape"), [(inputs.Series(24, 2), (24, 2)), (inputs.Audio(24), (24,))]
)
def test_series_and_audio_are_cut_along_time(reads, shape):
    x = RNG.uniform(-1, 1, (3, *shape)).astype("float32")
    found = ops.convert_to_numpy(Windows(reads)({reads.field: x})["windows"])
    assert found.shape == (3, 7, 1, 6, *shape[1:])
    np.testing.assert_array_equal(found[:, 6, 0], x[:, 18:])


@pytest.mark.parametrize(
    ("reads", "options", "message"),
    [
        (inputs.Images(7, 7), {}, "backbone: got one that reads items of 7 a side; it must read"),
        (inputs.Images(32, 32), {"size": 27}, "window_size: got 27; it must be 2 to 26, for 7"),
        (inputs.Images(16, 32), {}, "it must read square images, or series or audio of one length"),
        (inputs.Series(None, 2), {}, "it must read square images, or series or audio of one"),
        (inputs.Vectors(4), {}, "backbone: got one that reads vectors"),
    ],
)
def test_what_does_not_fit_is_refused(reads, options, message):
    with pytest.raises(ValueError, match=message):
        Windows(reads, **options)
