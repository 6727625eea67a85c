"""`fit(validation_data=...)`: what is reported, and that it changes nothing."""

import keras
import numpy as np
import pytest

import sslzoo
from sslzoo import nn
from sslzoo.training import Method

DIGITS = sslzoo.data.load("digits")
TRAIN = DIGITS.take(slice(40))
HELD_OUT = DIGITS.take(slice(40, 80))


def state(model):
    return [np.array(v) for v in (*model.variables, *model.optimizer.variables)]


def assert_same(model, other):
    for mine, theirs in zip(state(model), state(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def simclr(rate=0.1):
    model = sslzoo.build("simclr", "micro", 8, augment="digits")
    model.compile(keras.optimizers.SGD(rate))
    return model


def fixmatch():
    return sslzoo.build("fixmatch", "micro", 8, classes=10, augment="digits")


def paired():
    return sslzoo.data.Paired(TRAIN, batch_size=4, ratio=2, steps_per_epoch=2)


@pytest.mark.slow
def test_losses_are_those_of_the_same_views_after_each_epoch():
    """At a learning rate of 0 only the views could change them."""
    model = simclr(0.0)
    fit = {"batch_size": 16, "epochs": 2, "verbose": 0}
    history = model.fit(TRAIN.images, validation_data=HELD_OUT.images, **fit).history
    assert history["val_loss"] == history["val_nt_xent"]
    # BatchNorm's statistics move, but training does not read them
    assert history["val_loss"][0] == history["val_loss"][1]
    assert history["loss"][0] != history["loss"][1]
    moved = simclr(0.5).fit(TRAIN, validation_data=HELD_OUT, **fit).history["val_loss"]
    assert moved[0] != moved[1]


def vae():
    return sslzoo.build("vae", "mlp", 8, latent_dim=2)


def moco():
    return sslzoo.build("moco", "micro", 8, queue_size=32, groups=2, augment="digits")


@pytest.mark.slow
@pytest.mark.parametrize("make", [simclr, moco, vae, fixmatch])
def test_a_run_with_validation_ends_as_one_without(make):
    data = {"x": paired()} if make is fixmatch else {"x": TRAIN.images, "batch_size": 16}
    watched, alone = [], []
    for models, validation in ((watched, HELD_OUT), (alone, None)):
        keras.utils.set_random_seed(0)
        models.append(make())
        models[0].fit(**data, epochs=2, validation_data=validation, verbose=0)
    assert_same(watched[0], alone[0])


class Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 1 and self.epoch == 1:
            raise KeyboardInterrupt

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch


@pytest.mark.slow
def test_a_run_with_validation_resumes_exactly(tmp_path):
    def run(*callbacks, validation=HELD_OUT):
        keras.utils.set_random_seed(0)
        model = simclr()
        settings = {"batch_size": 16, "epochs": 3, "validation_data": validation, "verbose": 0}
        return model, model.fit(TRAIN, callbacks=list(callbacks), **settings).history

    whole, history = run()
    path = tmp_path / "run.npz"
    with pytest.raises(KeyboardInterrupt):
        run(sslzoo.Checkpoint(path, every=1), Stop())
    resumed, rest = run(sslzoo.Checkpoint(path, every=1))
    assert_same(resumed, whole)
    assert rest["val_loss"] == history["val_loss"][-len(rest["val_loss"]) :]


def test_a_classifier_reports_accuracy_on_all_rows():
    model = fixmatch()
    model.compile(keras.optimizers.SGD(0.0))
    fit = {"epochs": 1, "validation_batch_size": 16, "verbose": 0}
    labeled = (HELD_OUT.images, HELD_OUT.labels)
    history = model.fit(paired(), validation_data=labeled, **fit).history
    probabilities = model.classify(HELD_OUT.images)
    right = probabilities.argmax(axis=1) == HELD_OUT.labels
    assert history["val_accuracy"] == [pytest.approx(right.mean())]
    entropy = -np.log(probabilities[np.arange(40), HELD_OUT.labels]).mean()
    assert history["val_loss"] == [pytest.approx(entropy, rel=1e-5)]


class Stream(keras.utils.PyDataset):
    """Labeled images in batches of 16; the last one is short."""

    def __init__(self, data=HELD_OUT):
        super().__init__()
        self.data = data

    def __len__(self):
        return -(-len(self.data) // 16)

    def __getitem__(self, i):
        rows = slice(16 * i, min(16 * i + 16, len(self.data)))
        return {"images": self.data.images[rows], "labels": self.data.labels[rows]}


FORMS = {
    "Dataset": HELD_OUT,
    "pair": (HELD_OUT.images, HELD_OUT.labels),
    "list": [list(HELD_OUT.images), HELD_OUT.labels.tolist()],
    "dict": {"images": HELD_OUT.images, "labels": HELD_OUT.labels.tolist()},
    "sampler": sslzoo.data.Batches(HELD_OUT, 16),
    "PyDataset": Stream(),
}


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_validation_data_has_every_form_of_data(form):
    for model, data in ((simclr(), TRAIN.images[:16]), (fixmatch(), paired())):
        history = model.fit(data, validation_data=FORMS[form], verbose=0).history
        assert np.isfinite(history["val_loss"]).all()


REFUSED = {
    "no labels": (fixmatch, HELD_OUT.images, "^validation_data, labels: got none; it must have"),
    "a label too much": (fixmatch, (HELD_OUT.images, [10] * 40), "^validation_data, labels: got"),
    "bad images": (simclr, np.full((8, 8, 8), 3.0), "^validation_data, images: got floats"),
    "one image": (simclr, HELD_OUT.images[:1], "^validation_data, batch_size: got a batch of 1"),
    "other fields": (simclr, {"series": np.zeros((4, 5, 2))}, "^validation_data, images: missing"),
    "groups": (moco, HELD_OUT.images[:15], "^validation_data, batch_size: got 15; MoCo needs"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_bad_validation_data_is_refused_before_the_first_step(kind):
    make, data, message = REFUSED[kind]
    model = make()
    before = [np.array(v) for v in model.trainable_variables]
    with pytest.raises(ValueError, match=message):
        model.fit(paired() if make is fixmatch else TRAIN, validation_data=data, verbose=0)
    for mine, old in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(np.array(mine), old)


@pytest.mark.slow
def test_validation_every_second_epoch_and_on_so_many_batches():
    settings = {"batch_size": 16, "validation_data": sslzoo.data.Batches(HELD_OUT, 8)}
    settings |= {"epochs": 4, "verbose": 0}
    history = simclr().fit(TRAIN, validation_freq=2, validation_steps=1, **settings).history
    assert len(history["val_loss"]) == 2
    assert len(simclr().fit(TRAIN, validation_freq=[1, 2, 4], **settings).history["val_loss"]) == 3
    for name in ("validation_freq", "validation_steps", "validation_batch_size"):
        with pytest.raises(ValueError, match=f"^{name}: got 0.5; it must be an integer"):
            simclr().fit(TRAIN, **{name: 0.5}, **settings)


@pytest.mark.slow
def test_callbacks_of_keras_read_what_is_reported(tmp_path):
    stop = keras.callbacks.EarlyStopping("val_loss", patience=1)
    settings = {"validation_data": HELD_OUT, "verbose": 0}
    history = simclr(0.0).fit(TRAIN, epochs=9, callbacks=[stop], batch_size=16, **settings)
    assert len(history.epoch) == 2  # the loss stays where it is
    best = tmp_path / "best.weights.h5"
    callbacks = [
        keras.callbacks.EarlyStopping("val_accuracy", patience=1, restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(
            best, monitor="val_accuracy", save_best_only=True, save_weights_only=True
        ),
    ]
    model = fixmatch()
    history = model.fit(paired(), epochs=6, callbacks=callbacks, **settings).history
    other = fixmatch()
    other.load_weights(best)
    accuracy = (other.classify(HELD_OUT.images).argmax(axis=1) == HELD_OUT.labels).mean()
    assert accuracy == pytest.approx(max(history["val_accuracy"]))


class Mean(Method):
    """Features near 0, for any kind of input."""

    def compute_losses(self, batch):
        features = self.represent(self.reads.layer(self.reads.of(batch)))
        return {"size": keras.ops.mean(keras.ops.square(features))}


def network(kind):
    if kind == "graph":
        nodes = keras.Input((4, 2), name="nodes")
        edges = keras.Input((5, 2), dtype="int32", name="edges")
        mean = keras.layers.GlobalAveragePooling1D()(nodes)
        return keras.Model({"nodes": nodes, "edges": edges}, keras.layers.Dense(3)(mean))
    inputs = {
        "images": keras.Input((8, 8, 3)),
        "series": keras.Input((6, 2)),
        "tokens": keras.Input((6,), dtype="int32"),
        "vectors": keras.Input((5,)),
        "audio": keras.Input((40,), name="audio"),
    }
    x = inputs[kind]
    values = keras.layers.Embedding(9, 2)(x) if kind == "tokens" else x
    return keras.Model(x, keras.layers.Dense(3)(keras.layers.Flatten()(values)))


@pytest.mark.parametrize("kind", ["images", "series", "tokens", "vectors", "audio", "graph"])
@pytest.mark.filterwarnings("ignore:.*collapsed")
def test_every_kind_of_input_is_validated(kind):
    model = Mean(network(kind))
    model.compile(keras.optimizers.SGD(1e-4))
    items = model.reads.examples(12)
    history = model.fit(items, batch_size=4, validation_data=items, epochs=2, verbose=0).history
    assert history["val_loss"][1] < history["val_loss"][0]


def test_a_method_that_compares_labels_is_validated_by_its_losses():
    model = sslzoo.build("triplet", nn.backbone("micro", 8))
    ordered = HELD_OUT.take(np.argsort(HELD_OUT.labels))
    fit = {"batch_size": 20, "verbose": 0}
    assert "val_triplet" in model.fit(TRAIN, validation_data=ordered, **fit).history
    with pytest.raises(ValueError, match="^validation_data, labels: missing"):
        model.fit(TRAIN, validation_data=HELD_OUT.images, **fit)


@pytest.mark.tensorflow
def test_validation_of_a_model_on_replicas():
    import tensorflow as tf

    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        inside = simclr()
    history = inside.fit(TRAIN, batch_size=16, validation_data=HELD_OUT, verbose=0).history
    assert np.isfinite(history["val_loss"]).all()
