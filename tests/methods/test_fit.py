"""What `fit` accepts, in which order it feeds it, and what it reports."""

import keras
import numpy as np
import pytest
from harness import digits, state
from keras import ops

import sslzoo
from sslzoo import nn, optim
from sslzoo.data import Batches, Dataset
from sslzoo.training import Method

IMAGES = digits(12)


@keras.saving.register_keras_serializable("sslzoo_tests")
class Recorder(Method):
    """Pulls features to the number of their row and logs which rows it saw."""

    def compute_losses(self, batch):
        features = self.represent(self.preprocess(batch["images"]))
        if "index" in batch:
            self.track("rows", ops.sum(2.0 ** ops.cast(batch["index"], "float32")))
        return {"pull": ops.mean(ops.square(features)), "push": 0.25 * ops.mean(features)}


class Logs(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.steps = []

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append({name: float(value) for name, value in logs.items()})


@pytest.fixture
def recorder():
    model = Recorder(nn.backbone("micro", 8), seed=3)
    model.compile(keras.optimizers.SGD(0.0))
    return model


def test_epochs_are_the_permutations_of_seed_and_epoch(recorder):
    logs = Logs()
    recorder.fit(IMAGES, batch_size=5, epochs=3, callbacks=[logs], verbose=0)
    expected = []
    for epoch in range(3):
        order = np.random.default_rng((3, epoch)).permutation(12)
        first, second = (float(sum(2.0**row for row in order[k : k + 5])) for k in (0, 5))
        expected += [first, (first + second) / 2]  # Keras' logs are running means
    assert [step["rows"] for step in logs.steps] == pytest.approx(expected)


def test_history_holds_the_mean_of_each_epoch(recorder):
    logs = Logs()
    history = recorder.fit(IMAGES, batch_size=4, epochs=2, callbacks=[logs], verbose=0).history
    assert set(history) == {"loss", "pull", "push", "rows", "feature_std", "effective_rank"}
    assert history["rows"] == pytest.approx([(2**12 - 1) / 3] * 2)  # every row once in three steps
    np.testing.assert_allclose(history["loss"], np.add(history["pull"], history["push"]), rtol=1e-5)
    assert logs.steps[-1]["loss"] == pytest.approx(history["loss"][-1], rel=1e-6)


class Stream(keras.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, i):
        return {"images": IMAGES[4 * i : 4 * i + 4]}


def tf_stream():
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices({"images": IMAGES}).batch(4)


SOURCES = {
    "array": lambda: {"x": IMAGES, "batch_size": 4},
    "array without a channel axis": lambda: {"x": IMAGES[..., 0], "batch_size": 4},
    "floats": lambda: {"x": IMAGES / 255, "batch_size": 4},
    "x and y": lambda: {"x": IMAGES, "y": np.arange(12), "batch_size": 4},
    "pair": lambda: {"x": (IMAGES, np.arange(12)), "batch_size": 4},
    "y as a list": lambda: {"x": IMAGES, "y": list(range(12)), "batch_size": 4},
    "dict with a list": lambda: {
        "x": {"images": IMAGES, "labels": list(range(12))},
        "batch_size": 4,
    },
    "dict and y": lambda: {"x": {"images": IMAGES}, "y": list(range(12)), "batch_size": 4},
    "dict": lambda: {"x": {"images": IMAGES, "labels": np.arange(12)}, "batch_size": 4},
    "Dataset": lambda: {"x": Dataset(IMAGES, np.arange(12)), "batch_size": 4},
    "Batches": lambda: {"x": Batches(Dataset(IMAGES), 4)},
    "PyDataset": lambda: {"x": Stream()},
    "tf.data": lambda: {"x": tf_stream()},
    "endless tf.data": lambda: {"x": tf_stream().repeat(), "steps_per_epoch": 3},
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_kind_of_source_gives_the_same_epoch(source, recorder):
    if "tf.data" in source:
        pytest.importorskip("tensorflow")
    assert len(recorder.fit(**SOURCES[source](), verbose=0).history["loss"]) == 1
    assert int(ops.convert_to_numpy(recorder.optimizer.iterations)) == 3


def test_recipe_stretches_over_the_steps_of_each_fit(simclr):
    totals = []

    def recipe(total_steps):
        totals.append(total_steps)
        return optim.build("sgd", 0.1)

    model = simclr(recipe)
    model.fit(IMAGES, batch_size=4, epochs=2, verbose=0)
    model.fit(IMAGES, batch_size=6, epochs=1, verbose=0)
    assert totals[1:] == [6, 2]
    assert int(ops.convert_to_numpy(model.optimizer.iterations)) == 2


def test_recipe_needs_the_length_of_a_stream(simclr):
    pytest.importorskip("tensorflow")
    with pytest.raises(ValueError, match="steps_per_epoch"):
        simclr(lambda total: optim.build("sgd", 0.1)).fit(tf_stream().repeat(), verbose=0)


@pytest.mark.slow
def test_same_seed_trains_the_same_weights_and_another_seed_others(simclr):
    def trained(seed):
        model = simclr(seed=seed)
        model.fit(IMAGES, batch_size=4, verbose=0)
        return model.encode(IMAGES)

    first = trained(1)
    np.testing.assert_array_equal(trained(1), first)
    assert np.abs(trained(2) - first).max() > 1e-5


def test_a_subclass_may_add_a_head_and_a_loss():
    from sslzoo.methods.contrastive.simclr import SimCLR

    class WithClasses(SimCLR):
        fields = ("images", "labels")

        def __init__(self, backbone, classes, **kwargs):
            super().__init__(backbone, **kwargs)
            self.classifier = nn.head(
                backbone.output_shape[-1], [(classes, None, None)], "classifier"
            )

        def compute_losses(self, batch):
            logits = self.classifier(self.backbone(batch["view1"], training=True), training=True)
            found = keras.losses.sparse_categorical_crossentropy(
                batch["labels"], logits, from_logits=True
            )
            return super().compute_losses(batch) | {"cross_entropy": ops.mean(found)}

    model = WithClasses(nn.backbone("micro", 8), classes=12, projection=(8, 8), augment="digits")
    model.compile(keras.optimizers.SGD(0.1))
    before = model.classifier.get_weights()
    history = model.fit(IMAGES, np.arange(12), batch_size=6, verbose=0).history
    assert {"nt_xent", "cross_entropy"} < set(history)
    assert all((a != b).any() for a, b in zip(before, model.classifier.get_weights(), strict=True))
    with pytest.raises(ValueError, match="labels: missing"):
        model.fit(IMAGES, verbose=0)


def test_bad_stream_is_refused_by_its_first_batch(simclr):
    class Bad(Stream):
        def __getitem__(self, i):
            return {"images": np.full((4, 8, 8, 1), 7.0)}

    with pytest.raises(ValueError, match="images.*0..1"):
        simclr().fit(Bad(), verbose=0)


def test_batch_size_is_refused_with_data_that_comes_in_batches(simclr):
    with pytest.raises(ValueError, match="batch_size: got 4"):
        simclr().fit(Stream(), batch_size=4, verbose=0)


def test_backbone_may_be_rectangular_and_of_any_size(recorder):
    for shape in ((8, 6, 3), (None, None, 3)):
        inputs = keras.Input(shape)
        x = keras.layers.Conv2D(4, 3, padding="same")(inputs)
        model = Recorder(keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x)))
        model.compile(keras.optimizers.SGD(0.1))
        model.fit(IMAGES, batch_size=4, verbose=0)
        assert model.encode(np.zeros((3, 12, 9), "uint8")).shape == (3, 4)


def test_features_of_a_map_are_refused_where_a_method_needs_vectors(simclr):
    inputs = keras.Input((8, 8, 3))
    network = keras.Model(inputs, keras.layers.ReLU()(inputs))
    with pytest.raises(ValueError, match=r"backbone: got output shape .* must be \(N, D\)"):
        type(simclr())(network)


def test_an_error_in_the_loss_comes_before_any_weight_moves():
    class Broken(Recorder):
        def compute_losses(self, batch):
            return {"pull": ops.mean(self.represent(batch["nowhere"]))}

    model = Broken(nn.backbone("micro", 8))
    model.compile(keras.optimizers.SGD(0.1))
    before = state(model)
    with pytest.raises(KeyError, match="nowhere"):
        model.fit(IMAGES, verbose=0)
    for mine, old in zip(state(model), before, strict=True):
        np.testing.assert_array_equal(mine, old)


def test_an_initial_epoch_enters_the_schedule_where_it_would_be(simclr):
    rates = []

    def recipe(total):
        return keras.optimizers.SGD(optim.WarmupCosine(1.0, 2, total))

    class Rates(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.sync_state()
            rates.append(float(self.model.optimizer.learning_rate))

    whole, late = simclr(recipe), simclr(recipe)
    whole.fit(digits(12), batch_size=4, epochs=2, callbacks=[Rates()], verbose=0)
    late.fit(digits(12), batch_size=4, epochs=2, initial_epoch=1, callbacks=[Rates()], verbose=0)
    assert rates[6:] == rates[3:6]


def test_a_saved_recipe_trains_on(tmp_path):
    model = sslzoo.build("simclr", "micro", image_size=8, augment="digits")
    model.fit(digits(16), batch_size=8, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    loss = loaded.fit(digits(16), batch_size=8, epochs=3, verbose=0).history["loss"]
    before, after = model.backbone.get_weights()[0], loaded.backbone.get_weights()[0]
    assert np.abs(after - before).max() > 1e-4 and np.isfinite(loss).all()


@pytest.mark.tensorflow
def test_a_zoo_model_takes_a_finite_tf_data_set_without_its_length():
    import tensorflow as tf

    stream = tf.data.Dataset.from_tensor_slices(digits(32)).batch(8)
    history = sslzoo.build("simclr", "micro", image_size=8, augment="digits").fit(
        stream, epochs=2, verbose=0
    )
    assert len(history.history["loss"]) == 2


@pytest.mark.tensorflow
def test_fit_inside_the_scope_of_a_strategy(simclr):
    import tensorflow as tf

    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        assert np.isfinite(simclr().fit(digits(8), batch_size=4, verbose=0).history["loss"]).all()


def test_a_generator_is_refused(simclr):
    with pytest.raises(TypeError, match="x: got a generator; it must be .* can be read again"):
        simclr().fit(batch for batch in [{"images": digits(4)}])


def test_the_collapse_monitor_looks_all_over_the_data(simclr):
    from sslzoo.training.feed import Feed

    images = np.repeat(np.arange(0, 250, dtype="uint8"), 4)[:, None, None, None] * np.ones(
        (1, 8, 8, 1), "uint8"
    )
    sample = Feed(images, 8, simclr()).sample(100)
    assert len(sample) == 100 and sample.min() == 0 and sample.max() == 249
