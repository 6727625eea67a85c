"""Arguments, data and callbacks of `fit` and `compile`: they work, or one sentence says why not."""

import keras
import numpy as np
import pytest

import sslzoo

DIGITS = sslzoo.data.load("digits").take(slice(40))
IMAGES, LABELS = DIGITS.images, DIGITS.labels
FIT = {"batch_size": 16, "verbose": 0}


def simclr():
    return sslzoo.build("simclr", "micro", 8, augment="digits")


def triplet():
    return sslzoo.build("triplet", "micro", 8)


FORMS = {
    "lists beside each other": (list(IMAGES), LABELS.tolist()),
    "a list beside an array": (IMAGES, LABELS.tolist()),
    "a list of two": ([IMAGES, LABELS],),
    "a list of two lists": ([list(IMAGES), LABELS.tolist()],),
    "nested lists": (IMAGES.tolist(), LABELS.tolist()),
    "a dict of lists": ({"images": IMAGES.tolist(), "labels": LABELS.tolist()},),
}


@pytest.mark.parametrize("form", FORMS)
def test_lists_are_arrays(form):
    expected = triplet().fit(IMAGES, LABELS, **FIT).history["loss"]
    assert triplet().fit(*FORMS[form], **FIT).history["loss"] == expected


@pytest.mark.slow
def test_a_list_of_images_is_images():
    for images in (list(IMAGES), IMAGES.tolist(), list(IMAGES[:2])):
        assert np.isfinite(simclr().fit(images, verbose=0).history["loss"]).all()
    assert np.isfinite(simclr().fit(IMAGES, [0] * 40, **FIT).history["loss"]).all()


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([IMAGES[0], IMAGES[1][:4], IMAGES[2]], TypeError, "x: got a sequence of unequal shapes"),
        (["a.png", "b.png"], TypeError, "x: got <U5 values; it must be an array of integers"),
        ((IMAGES, LABELS, np.ones(40)), ValueError, "x: got a tuple of 3 parts; it must be"),
        ({"images": list(IMAGES), "labels": ["a"] * 40}, TypeError, "labels: got <U1 values"),
        ([IMAGES, [2**70] * 40], TypeError, "labels: got object values"),
        ((np.ma.masked_array(IMAGES, IMAGES > 5), LABELS), TypeError, "images: got a masked array"),
    ],
)
def test_lists_without_a_meaning_are_refused_in_a_short_sentence(data, error, message):
    with pytest.raises(error, match=f"^{message}") as raised:
        triplet().fit(data, verbose=0)
    assert len(str(raised.value)) < 200 and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("loss", "mse"),
        ("metrics", ["accuracy"]),
        ("loss_weights", [1.0]),
        ("weighted_metrics", ["accuracy"]),
    ],
)
def test_losses_and_metrics_are_refused_by_compile(argument, value):
    with pytest.raises(
        ValueError, match=f"^{argument}: got .*must be left out: SimCLR has its own"
    ):
        simclr().compile(keras.optimizers.SGD(0.1), **{argument: value})


@pytest.mark.parametrize("settings", [{"steps_per_execution": 0}, {"jit_compile": "yes"}])
def test_settings_of_compile_are_checked_there(settings):
    with pytest.raises(ValueError, match=f"^{next(iter(settings))}: got .*; it must be "):
        simclr().compile(keras.optimizers.SGD(0.1), **settings)


@pytest.mark.parametrize("optimizer", [None, 3, "bogus", keras.optimizers.SGD])
def test_what_is_no_optimizer_is_refused(optimizer):
    with pytest.raises(ValueError, match="^optimizer: got .*; it must be an optimizer of Keras"):
        simclr().compile(optimizer)


REFUSED = {
    "validation_split": (0.2, "sslzoo.data.split makes two parts"),
    "class_weight": ({0: 1.0}, "sslzoo.data.ClassBalanced"),
    "sample_weight": (np.ones(40), "the losses here weigh all items alike"),
    "shuffle": (False, "arrays are shuffled by the seed"),
    "verbose": (3, "be one of 'auto', 0, 1, 2"),
    "epochs": (0, "be an integer of at least 1"),
    "validation_steps": (3, "be left out without validation_data"),
    "validation_batch_size": (3, "be left out without validation_data"),
    "validation_freq": (3, "be left out without validation_data"),
}


@pytest.mark.parametrize("argument", REFUSED)
def test_other_arguments_of_keras_are_refused_in_one_sentence(argument):
    value, needed = REFUSED[argument]
    with pytest.raises(ValueError, match=f"^{argument}: got .*; it must .*{needed}") as raised:
        simclr().fit(IMAGES, **{"verbose": 0, argument: value})
    assert "\n" not in str(raised.value)


def test_steps_of_ones_own_are_refused_by_name():
    with pytest.raises(TypeError, match=r"^train_on_batch: .*fit\(x, batch_size=len\(x\)\)"):
        simclr().train_on_batch(IMAGES)


def test_more_steps_than_the_clock_counts_are_refused():
    """It counted on from below zero."""
    model = simclr()
    stop = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: setattr(model, "stop_training", True)
    )
    with pytest.raises(ValueError, match="^epochs: got 4294967296; it must be at most 2147483647"):
        model.fit(IMAGES, epochs=2**32, callbacks=[stop], verbose=0)


def test_defaults_of_keras_are_no_error_and_a_typing_error_is_one():
    unused = {"validation_split": 0.0, "class_weight": None, "sample_weight": None}
    simclr().fit(IMAGES[:16], shuffle=True, **unused, **FIT)
    with pytest.raises(TypeError, match="^fit: got an unknown argument 'epoch'"):
        simclr().fit(IMAGES, epoch=3)


def rate(number):
    model = simclr()
    model.compile(keras.optimizers.SGD(number))
    return model


CALLBACKS = {
    "plateau": (keras.callbacks.ReduceLROnPlateau("loss"), "while the optimizer has a schedule"),
    "scheduler": (
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.1),
        "while the optimizer has a schedule",
    ),
    "backup": (keras.callbacks.BackupAndRestore("backup"), "must be a sslzoo.Checkpoint"),
    "swap": (keras.callbacks.SwapEMAWeights(), "must be left out"),
    "text": ("stop", "a str; it must be callbacks of Keras"),
    "two": ([sslzoo.Checkpoint("a.npz"), sslzoo.Checkpoint("b.npz")], "must have one at most"),
    "no validation": (keras.callbacks.EarlyStopping(), "val_loss needs validation_data"),
    "spelling": (keras.callbacks.EarlyStopping("los"), r"did you mean loss\?"),
    "direction": (keras.callbacks.EarlyStopping("feature_std"), 'must have mode="min" or mode='),
    "file name": (
        keras.callbacks.ModelCheckpoint("{epoch}-{val_loss}.keras"),
        "val_loss needs validation_data",
    ),
}


@pytest.mark.parametrize("kind", CALLBACKS)
def test_callbacks_that_would_fail_late_are_refused(kind):
    callback, message = CALLBACKS[kind]
    model = simclr()
    before = [np.array(v) for v in model.trainable_variables]
    with pytest.raises(ValueError, match=f"^callbacks: got .*{message}"):
        model.fit(IMAGES, callbacks=callback, **FIT)
    for mine, old in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(np.array(mine), old)


def test_callbacks_set_the_rate_of_an_optimizer_with_a_number():
    model = rate(0.1)
    halve = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / 2**epoch)
    plateau = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=9.0)
    model.fit(IMAGES, epochs=3, callbacks=[halve], **FIT)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.025)
    model.fit(IMAGES, epochs=3, callbacks=plateau, **FIT)
    assert float(model.optimizer.learning_rate) < 0.025


def test_a_monitor_of_a_callback_of_ones_own_is_known_to_it_alone():
    class Own(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["test_accuracy"] = 0.5

    stop = keras.callbacks.EarlyStopping("test_accuracy", patience=1)
    history = rate(0.1).fit(IMAGES, epochs=4, callbacks=[Own(), stop], **FIT)
    assert len(history.epoch) == 2


def test_a_setting_that_changes_what_models_compute_is_refused():
    """Under channels_first a network read 8 rows of pixels as 8 channels, and said nothing."""
    model = simclr()
    expected = model.encode(IMAGES)
    keras.config.set_image_data_format("channels_first")
    try:
        for work in (simclr, lambda: model.fit(IMAGES, **FIT)):
            with pytest.raises(ValueError, match="^image_data_format of Keras: got channels_fir"):
                work()
        np.testing.assert_array_equal(model.encode(IMAGES), expected)
    finally:
        keras.config.set_image_data_format("channels_last")
    for name in ("float16", "float64", "bfloat16"):
        keras.config.set_dtype_policy(name)
        try:
            with pytest.raises(ValueError, match=f"^floatx of Keras: got {name}; .*mixed_float16"):
                simclr()
        finally:
            keras.config.set_dtype_policy("float32")
