import keras
import numpy as np
import pytest

from sslzoo.augment import PRESETS, Augment, Views

# Most tests share one shape: on JAX every new one is compiled anew.
COUNT, SIZE = 6, 24


def images_of(count=COUNT, size=SIZE, channels=3, seed=0):
    return np.random.default_rng(seed).integers(
        0, 256, (count, size, size, channels), dtype=np.uint8
    )


def only(**fields):
    """A preset that does nothing but the given fields."""
    return {"preset": "none", **fields}


def copies_of(image, count):
    return np.repeat(image, count, axis=0)


def share_of_changed(preset, count=2000):
    """The share of `count` copies of an image which each view of a preset changes."""
    image = images_of(1)
    return [
        float(
            np.mean(np.abs(np.asarray(view) - image / np.float32(255)).max(axis=(1, 2, 3)) > 1e-4)
        )
        for view in Views(preset, SIZE, seed=3)(copies_of(image, count))
    ]


@pytest.mark.parametrize("preset", PRESETS)
def test_views_are_float32_of_the_asked_size_inside_0_1(preset):
    images = images_of()
    images[0], images[1] = 0, 255
    for view in (*Views(preset, 17, seed=1)(images), Augment(preset, 17, seed=1)(images)):
        assert view.shape == (COUNT, 17, 17, 3)
        assert keras.backend.standardize_dtype(view.dtype) == "float32"
        view = np.asarray(view)
        assert view.min() >= 0 and view.max() <= 1 and np.isfinite(view).all()


@pytest.mark.parametrize("preset", sorted(set(PRESETS) - {"none"}))
def test_the_two_views_differ_and_so_do_two_copies_of_one_image(preset):
    view1, view2 = (
        np.asarray(v) for v in Views(preset, SIZE, seed=1)(copies_of(images_of(1), COUNT))
    )
    assert (np.abs(view1 - view2).max(axis=(1, 2, 3)) > 0.01).all()
    for i in range(1, COUNT):
        assert np.abs(view1[0] - view1[i]).max() > 0.01


def test_none_is_the_image_itself_or_a_plain_resize():
    images = images_of()
    for view in Views("none", SIZE, seed=0)(images):
        np.testing.assert_allclose(view, images / 255.0, atol=1e-6)
    constant = np.full((2, 9, 30, 3), 51, np.uint8)
    np.testing.assert_allclose(Augment("none", 16, seed=0)(constant), 0.2, atol=1e-6)
    ramp = np.broadcast_to(np.arange(32, dtype=np.float32)[None, :, None, None] / 32, (1, 32, 8, 3))
    view = np.asarray(Augment("none", 8, seed=0)(ramp))
    np.testing.assert_allclose(view[0, 1:-1, 3, 0], (np.arange(1, 7) * 4 + 1.5) / 32, atol=1e-5)


def test_integers_0_to_255_equal_floats_0_to_1():
    images = images_of()
    floats = Augment("simclr", SIZE, seed=5)(images.astype(np.float32) / 255)
    for dtype in (np.uint8, np.int64):
        np.testing.assert_allclose(
            Augment("simclr", SIZE, seed=5)(images.astype(dtype)), floats, atol=1e-5
        )


def test_what_one_image_holds_changes_no_other_view():
    images = images_of()
    changed = images.copy()
    changed[2] = 255 - changed[2]
    before, after = (np.asarray(Augment("byol", SIZE, seed=5)(x)) for x in (images, changed))
    others = [0, 1, 3, 4, 5]
    np.testing.assert_array_equal(before[others], after[others])
    assert np.abs(before[2] - after[2]).max() > 0.05


def test_a_seed_reproduces_and_calls_advance():
    images = images_of()
    first, second = Views("simclr", SIZE, seed=7), Views("simclr", SIZE, seed=7)
    one = np.asarray(first(images)[0])
    np.testing.assert_array_equal(one, second(images)[0])
    assert np.abs(one - np.asarray(first(images)[0])).max() > 0.05
    assert np.abs(one - np.asarray(Views("simclr", SIZE, seed=8)(images)[0])).max() > 0.05


@pytest.mark.parametrize("field", ["flip", "jitter", "grayscale", "blur", "solarize"])
def test_each_image_and_view_has_its_own_coin(field):
    strengths = {
        "brightness": 0.4,
        "contrast": 0.4,
        "saturation": 0.4,
        "hue": 0.1,
        "blur_sigma": (1.0, 2.0),
    }
    probabilities, count = (0.2, 0.7), 2000
    shares = share_of_changed(only(**strengths, **{field: probabilities}), count)
    for share, probability in zip(shares, probabilities, strict=True):
        assert abs(share - probability) < 4.5 * np.sqrt(probability * (1 - probability) / count)


def test_probability_zero_is_never_and_one_is_always():
    assert share_of_changed(only(flip=(0, 1))) == [0, 1]


def test_augment_takes_the_first_of_a_pair():
    image = images_of(1)
    view = np.asarray(Augment(only(solarize=(1, 0)), SIZE, seed=0)(image))
    x = image / np.float32(255)
    np.testing.assert_allclose(view, np.where(x < 0.5, x, 1 - x), atol=1e-6)


def test_crop_boxes_keep_area_ratio_and_image():
    # A ramp in y and one in x: the pixels of a view tell where its box was.
    size, count = 64, 3000
    ramp = np.arange(size, dtype=np.float32) / (size - 1)
    image = np.stack(
        [*np.meshgrid(ramp, ramp, indexing="ij"), np.zeros((size, size), np.float32)], axis=-1
    )
    view = np.asarray(
        Augment(only(crop_area=(0.08, 1.0)), 16, seed=2)(copies_of(image[None], count))
    ) * (size - 1)
    # Interior samples are not touched by the border: their spacing is the box's extent / 16.
    height = (view[:, 12, 8, 0] - view[:, 3, 8, 0]) / 9 * 16
    width = (view[:, 8, 12, 1] - view[:, 8, 3, 1]) / 9 * 16
    top = view[:, 3, 8, 0] + 0.5 - 3.5 * height / 16
    left = view[:, 8, 3, 1] + 0.5 - 3.5 * width / 16
    tolerance = 0.1
    assert top.min() > -tolerance and (top + height).max() < size + tolerance
    assert left.min() > -tolerance and (left + width).max() < size + tolerance
    area, ratio = height * width / size**2, width / height
    assert 0.08 - 1e-2 < area.min() < 0.1 and 0.98 < area.max() < 1.01
    assert abs(area.mean() - 0.54) < 4.5 * 0.92 / np.sqrt(12 * count)
    assert ratio.min() > 0.73 and ratio.max() < 1.37
    assert abs(np.log(ratio).mean()) < 0.02
    # The place is uniform over what is left: its mean is the middle.
    assert (
        abs((top / (size - height)).mean() - 0.5) < 0.03
        and abs((left / (size - width)).mean() - 0.5) < 0.03
    )


@pytest.mark.parametrize("shape", [(COUNT, 7, 61, 3), (COUNT, 1, 1, 3)])
def test_long_odd_and_tiny_images_are_cropped_to_the_size(shape):
    images = np.full(shape, 51, np.uint8)
    for view in Views({"preset": "digits", "jitter": 0}, 13, seed=0)(images):
        assert view.shape == (COUNT, 13, 13, 3)
        np.testing.assert_allclose(view, 0.2, atol=1e-5)


def test_one_channel_skips_color_and_keeps_the_rest():
    images = images_of(channels=1)
    view1, view2 = Views("byol", SIZE, seed=0)(images)
    assert view1.shape == view2.shape == (COUNT, SIZE, SIZE, 1)
    jittered = Augment(only(jitter=1, brightness=0.8, grayscale=1), SIZE, seed=0)(images)
    np.testing.assert_allclose(jittered, images / 255.0, atol=1e-6)


@pytest.mark.parametrize("shape", [(8, 8, 3), (2, 8, 8, 2), (2, 8, 8, 4)])
def test_a_wrong_shape_is_named(shape):
    with pytest.raises(ValueError, match="shape"):
        Augment("none", 8)(np.zeros(shape, np.float32))


@pytest.mark.parametrize("image_size", [0, -3, 8.5])
def test_a_wrong_size_is_named(image_size):
    with pytest.raises(ValueError, match="image_size"):
        Views("none", image_size)


@pytest.mark.parametrize(
    "preset", ["byol", {"preset": "simclr", "blur": (0.5, 0), "crop_area": (0.3, 1)}]
)
@pytest.mark.parametrize("layer_class", [Augment, Views])
def test_config_round_trip_gives_the_same_draws(layer_class, preset):
    layer = layer_class(preset, SIZE, seed=11)
    images = images_of()
    copies = (
        layer_class.from_config(layer.get_config()),
        keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer)),
    )
    expected = keras.tree.flatten(layer(images))
    for copy in copies:
        for view, wanted in zip(keras.tree.flatten(copy(images)), expected, strict=True):
            np.testing.assert_array_equal(view, wanted)


def test_config_is_plain_data():
    config = Views({"preset": "simclr", "crop_area": (0.3, 1)}, 16, seed=1).get_config()
    assert type(config["preset"]) is dict
    assert config["preset"] == {"preset": "simclr", "crop_area": [0.3, 1]}


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_changes_nothing(policy):
    images = images_of().astype(np.float32) / 255
    expected = np.asarray(Augment("simclr", SIZE, seed=2)(images))
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(policy)
    try:
        view = Augment("simclr", SIZE, seed=2)(images)
    finally:
        keras.mixed_precision.set_global_policy(before)
    assert keras.backend.standardize_dtype(view.dtype) == "float32"
    np.testing.assert_array_equal(view, expected)


def compiled(layer, xla=False, size=SIZE):
    """The layer as a compiled function on this backend, for any batch size."""
    if keras.backend.backend() == "jax":
        import jax

        seeds = [v.value for v in layer.non_trainable_variables]
        step = jax.jit(lambda seeds, images: layer.stateless_call([], seeds, images)[0])
        return lambda images: step(seeds, images)
    import tensorflow as tf

    signature = [tf.TensorSpec((None, size, size, 3), tf.uint8)]
    return tf.function(layer, input_signature=None if xla else signature, jit_compile=xla)


@pytest.mark.parametrize("preset", ["simclr_cifar", "byol", "digits"])
def test_compiled_equals_eager(preset):
    function, eager = compiled(Views(preset, SIZE, seed=4)), Views(preset, SIZE, seed=4)
    for view, expected in zip(function(images_of()), eager(images_of()), strict=True):
        np.testing.assert_allclose(view, expected, atol=1e-5)
    assert function(images_of(3))[1].shape == (3, SIZE, SIZE, 3)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="JAX always goes through XLA")
def test_xla_compiles_it():
    # From one seed TensorFlow draws other numbers under XLA than without: only what holds for all
    # draws is compared.
    view1, view2 = (
        np.asarray(view) for view in compiled(Views("byol", SIZE, seed=4), xla=True)(images_of())
    )
    assert view1.shape == view2.shape == (COUNT, SIZE, SIZE, 3)
    assert min(view1.min(), view2.min()) >= 0 and max(view1.max(), view2.max()) <= 1
    assert np.abs(view1 - view2).max() > 0.05


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="only tf.function has unknown sizes"
)
@pytest.mark.parametrize("preset", ["none", "byol"])
def test_unknown_height_and_width_compile(preset):
    function, eager = compiled(Views(preset, SIZE, seed=4), size=None), Views(preset, SIZE, seed=4)
    for view, expected in zip(function(images_of()), eager(images_of()), strict=True):
        np.testing.assert_allclose(view, expected, atol=1e-5)


def test_it_is_a_layer_of_a_functional_model():
    inputs = keras.Input((SIZE, SIZE, 3), dtype="uint8")
    view1, view2 = Views("byol", 8, seed=0)(inputs)
    assert view1.shape == view2.shape == (None, 8, 8, 3)
    model = keras.Model(inputs, keras.layers.Subtract()([view1, view2]))
    assert model(images_of()).shape == (COUNT, 8, 8, 3)
