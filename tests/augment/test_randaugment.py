import keras
import numpy as np
import pytest
from keras import ops

from sslzoo.augment import POOLS, RandAugment
from sslzoo.augment.randaugment import RANGES, Step, cut_out, transform

COUNT, SIZE = 6, 16


def images_of(count=COUNT, size=SIZE, channels=3, seed=0):
    return (
        np.random.default_rng(seed)
        .uniform(0.1, 0.9, (count, size, size, channels))
        .astype("float32")
    )


def steps_of(names, *drawn):
    """Steps in which every image has the operation and the magnitude (0..1 of its range) given."""
    index = [(names.index(name) + 0.5) / len(names) for name, _ in drawn]
    return [
        Step(names, np.full(2, i, "float32"), np.full(2, m, "float32"))
        for i, (_, m) in zip(index, drawn, strict=True)
    ]


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("channels", [1, 3])
def test_views_keep_shape_and_range(pool, channels):
    images = images_of(channels=channels)
    images[0], images[1] = 0, 1
    view = RandAugment(pool, seed=1)(images)
    assert keras.backend.standardize_dtype(view.dtype) == "float32" and view.shape == images.shape
    view = np.asarray(view)
    assert view.min() >= -1e-6 and view.max() <= 1 + 1e-6 and np.isfinite(view).all()


def test_every_image_has_its_own_draw():
    view = np.asarray(RandAugment(seed=1)(np.repeat(images_of(1), 40, axis=0)))
    assert len(np.unique(view.reshape(40, -1), axis=0)) == 40


def test_operations_are_drawn_evenly_and_magnitudes_uniformly():
    rng, names = np.random.default_rng(0), POOLS["all"]
    step = Step(names, rng.random(7000, "float32"), rng.random(7000, "float32"))
    counts = {name: int(np.asarray(step.chosen(name)).sum()) for name in names}
    assert sum(counts.values()) == 7000
    assert all(abs(count - 500) < 4.5 * np.sqrt(500) for count in counts.values()), counts
    for name, (low, high) in RANGES.items():
        values = np.asarray(step.value(name, 99.0))
        drawn = values[values != 99.0]
        assert len(drawn) == counts[name]
        assert drawn.min() >= low - 1e-4 and drawn.max() <= high + 1e-4
        assert (
            abs(drawn.mean() - (low + high) / 2)
            <= 4.5 * (high - low) / np.sqrt(12 * len(drawn)) + 1e-6
        )


def test_the_names_of_a_pool_are_all_that_is_drawn():
    view = np.asarray(RandAugment(("brightness",), cutout=0.0, seed=3)(images_of()))
    ratio = view / images_of()
    np.testing.assert_allclose(ratio, ratio[:, :1, :1, :1] * np.ones_like(ratio), rtol=1e-4)
    np.testing.assert_allclose(
        RandAugment(("identity",), cutout=0.0)(images_of()), images_of(), atol=1e-6
    )


@pytest.mark.parametrize("first", ["posterize", "equalize", "autocontrast", "brightness"])
@pytest.mark.parametrize("second", ["solarize", "equalize", "contrast"])
def test_two_color_operations_run_in_their_drawn_order(first, second):
    names, images = POOLS["all"], images_of(2)
    together = transform(images, steps_of(names, (first, 0.3), (second, 0.4)))
    one_by_one = transform(
        transform(images, steps_of(names, (first, 0.3))), steps_of(names, (second, 0.4))
    )
    np.testing.assert_allclose(together, one_by_one, atol=1e-5)


def test_an_odd_number_of_operations_runs_in_order_too():
    names, images = POOLS["all"], images_of(2)
    drawn = [("solarize", 0.4), ("equalize", 0.0), ("posterize", 0.1)]
    expected = images
    for operation in drawn:
        expected = transform(expected, steps_of(names, operation))
    np.testing.assert_allclose(transform(images, steps_of(names, *drawn)), expected, atol=1e-5)


def test_geometry_comes_after_color_and_is_sampled_once():
    names, images = POOLS["all"], images_of(2)
    mixed = transform(images, steps_of(names, ("rotate", 0.9), ("brightness", 0.2)))
    apart = transform(
        transform(images, steps_of(names, ("brightness", 0.2))), steps_of(names, ("rotate", 0.9))
    )
    np.testing.assert_allclose(mixed, apart, atol=1e-6)
    # 30 degrees there and back is the identity where one sampling does it; two would have lost
    # corners and pixels.
    there_and_back = transform(images, steps_of(names, ("rotate", 1.0), ("rotate", 0.0)))
    np.testing.assert_allclose(there_and_back, images, atol=1e-6)


def test_cutout_is_a_gray_square_of_at_most_its_share():
    images, count = np.zeros((3000, 20, 20, 1), "float32"), 3000
    view = np.asarray(RandAugment(("identity",), cutout=0.5, seed=2)(images))[..., 0]
    assert set(np.unique(view)) == {0.0, 0.5}
    rows, columns = (view > 0).any(axis=2).sum(axis=1), (view > 0).any(axis=1).sum(axis=1)
    np.testing.assert_array_equal((view > 0).sum(axis=(1, 2)), rows * columns)
    assert rows.max() == 10 and columns.max() == 10
    # A side uniform in 0..10 around a uniform center, cut off at the border: side - side^2 / 4 / 20
    # on average over both.
    sides = np.random.default_rng(0).uniform(0, 10, 200_000)
    assert abs(rows.mean() - (sides - sides**2 / 80).mean()) < 4.5 * 3 / np.sqrt(count)
    assert abs((view > 0).mean(axis=0).argmax() % 20 - 10) < 8  # not in a corner


def test_cutout_reaches_over_the_border():
    square = cut_out(
        np.zeros((1, 10, 10, 1), "float32"), np.float32([0.4]), np.float32([0.0]), np.float32([0.5])
    )
    expected = np.zeros((10, 10))
    expected[:2, 3:7] = 0.5
    np.testing.assert_allclose(np.asarray(square)[0, ..., 0], expected)


def test_a_seed_reproduces_and_calls_advance():
    first, second = RandAugment(seed=7), RandAugment.from_config(RandAugment(seed=7).get_config())
    one = np.asarray(first(images_of()))
    np.testing.assert_array_equal(one, second(images_of()))
    assert np.abs(one - np.asarray(first(images_of()))).max() > 0.05
    assert np.abs(one - np.asarray(RandAugment(seed=8)(images_of()))).max() > 0.05


def compiled(layer, xla=False):
    if keras.backend.backend() == "jax":
        import jax

        seeds = [v.value for v in layer.non_trainable_variables]
        step = jax.jit(lambda seeds, images: layer.stateless_call([], seeds, images)[0])
        return lambda images: step(seeds, images)
    import tensorflow as tf

    signature = [tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32)]
    return tf.function(layer, input_signature=None if xla else signature, jit_compile=xla)


def test_compiled_equals_eager():
    np.testing.assert_allclose(
        compiled(RandAugment(seed=4))(images_of()), RandAugment(seed=4)(images_of()), atol=1e-5
    )


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="JAX always goes through XLA")
def test_xla_compiles_it():
    view = np.asarray(compiled(RandAugment(seed=4), xla=True)(images_of()))
    assert view.shape == images_of().shape and np.abs(view - images_of()).max() > 0.05


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pool": "al"}, "pool: got 'al'; .*'all'"),
        ({"pool": ("rotat",)}, "operation: got 'rotat'; .*rotate"),
        ({"count": 0}, "count: got 0"),
        ({"cutout": 2}, "cutout: got 2"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        RandAugment(**arguments)


def test_mixed_precision_changes_nothing():
    expected = np.asarray(RandAugment(seed=2)(images_of()))
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        view = RandAugment(seed=2)(images_of())
    finally:
        keras.mixed_precision.set_global_policy(before)
    np.testing.assert_array_equal(ops.convert_to_numpy(view), expected)
