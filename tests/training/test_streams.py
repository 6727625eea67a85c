"""Short batches of streams, batches that replicas cannot share, and what is no stream."""

import subprocess
import sys
import types

import keras
import numpy as np
import pytest

import sslzoo
from sslzoo import backends, nn
from sslzoo.training import Method
from sslzoo.training.feed import Feed

IMAGES = sslzoo.data.load("digits").images[:48]


class Stream(keras.utils.PyDataset):
    """Images in batches; the last one has what is left."""

    def __init__(self, rows=33, size=16):
        super().__init__()
        self.rows, self.size = rows, size

    def __len__(self):
        return -(-self.rows // self.size)

    def __getitem__(self, i):
        return IMAGES[i * self.size : min((i + 1) * self.size, self.rows)]


class Sizes(Method):
    """Logs how many images a step has."""

    min_batch = 2

    def compute_losses(self, batch):
        features = self.represent(self.reads.layer(batch["images"]))
        self.track("rows", keras.ops.shape(features)[0])
        return {"size": keras.ops.mean(keras.ops.square(features))}


class Rows(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.steps = 0

    def on_train_batch_end(self, batch, logs=None):
        assert logs["rows"] == 16.0  # the mean of the epoch so far
        self.steps += 1


def sizes():
    model = Sizes(nn.backbone("micro", 8))
    model.compile(keras.optimizers.SGD(0.01))
    return model


@pytest.mark.parametrize("rows", [32, 33, 47])
def test_a_short_last_batch_of_a_stream_is_left_out(rows):
    """33 images in batches of 16 died on the last batch on JAX, and trained on it elsewhere."""
    seen, model = Rows(), sizes()
    model.fit(Stream(rows), epochs=2, callbacks=[seen], verbose=0)
    assert seen.steps == 4
    assert int(np.asarray(model.clock.total)) == 4


def batched(rows=33):
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(IMAGES[:rows]).batch(16)


TF_DATA = {
    "known": batched,
    "repeated": lambda: batched().repeat(),
    "unknown": lambda: batched().filter(lambda batch: True),
    "dropped": lambda: batched().unbatch().batch(16, drop_remainder=True),
}


@pytest.mark.parametrize("form", TF_DATA)
def test_short_batches_of_tf_data_are_left_out(form):
    pytest.importorskip("tensorflow")
    steps = 2 if form == "repeated" else None
    seen = Rows()
    sizes().fit(TF_DATA[form](), epochs=2, steps_per_epoch=steps, callbacks=[seen], verbose=0)
    assert seen.steps == 4


def test_the_schedule_is_that_of_the_steps_that_are_taken():
    model = sslzoo.build("simclr", "micro", 8, augment="digits")
    model.fit(Stream(33), epochs=2, verbose=0)
    assert int(np.asarray(model.clock.total)) == 4 == int(np.asarray(model.optimizer.iterations))


@pytest.mark.parametrize("data", ["digits", 3, b"x"])
def test_what_is_no_data_is_refused(data):
    with pytest.raises(TypeError, match=r"^x: got a \w+; it must be images, a Dataset"):
        sizes().fit(data, batch_size=4, verbose=0)


def test_a_stream_without_batches_is_refused():
    with pytest.raises(ValueError, match="^x: got a Stream of no batches"):
        sizes().fit(Stream(0), verbose=0)


def test_a_loader_of_pytorch_must_drop_its_last_batch():
    class Loader:
        drop_last = False

        def __iter__(self):
            return iter([IMAGES[:4]])

    with pytest.raises(ValueError, match="^x: got a Loader with drop_last=False; it must have"):
        sizes().fit(Loader(), verbose=0)


def test_a_batch_that_the_replicas_cannot_share_is_refused(monkeypatch):
    """Two replicas and 15 images ended in an error of TensorFlow's AddN."""
    monkeypatch.setattr(backends, "shares", lambda model: 2)
    with pytest.raises(
        ValueError, match="got a batch of 15 images; it must be a multiple of the 2"
    ):
        Feed(IMAGES[:15], 256, sizes()).first_batch()
    Feed(IMAGES[:16], 256, sizes()).first_batch()


@pytest.mark.tensorflow
def test_a_model_that_was_built_outside_the_strategy_is_refused():
    """The error of TensorFlow was pages of weights."""
    import tensorflow as tf

    model = sizes()
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        mirrored = sizes()
        with pytest.raises(ValueError, match="^devices: got a model that was built on others"):
            model.fit(IMAGES[:16], batch_size=16, verbose=0)
    mirrored.fit(IMAGES[:16], batch_size=16, verbose=0)


@pytest.mark.jax
def test_a_model_that_was_built_before_the_distribution_is_refused(monkeypatch):
    model = sizes()
    with keras.distribution.DataParallel(auto_shard_dataset=False).scope():
        model.fit(IMAGES[:16], batch_size=16, verbose=0)
    two = types.SimpleNamespace(device_mesh=types.SimpleNamespace(devices=np.zeros(2)))
    monkeypatch.setattr(keras.distribution, "distribution", lambda: two)
    with pytest.raises(ValueError, match="^devices: got a model that was built on others"):
        model.fit(IMAGES[:16], batch_size=16, verbose=0)


REPLICAS = """
import keras, numpy as np, sslzoo
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
images = sslzoo.data.load("digits").images[:33]

class Stream(keras.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, i):
        return images[16 * i : 16 * i + 16]

with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    model = sslzoo.build("byol", "micro", 8, augment="digits")
try:
    model.fit(images, batch_size=15, verbose=0)
except ValueError as error:
    print(error)
settings = {"validation_data": images[:16], "verbose": 0}
print(np.isfinite(model.fit(Stream(), **settings).history["val_loss"]).all())
"""


@pytest.mark.slow
@pytest.mark.tensorflow
def test_two_replicas_refuse_an_uneven_batch_and_leave_out_a_rest_of_one():
    done = subprocess.run([sys.executable, "-c", REPLICAS], capture_output=True, text=True)
    refusal, trained = done.stdout.splitlines()
    assert refusal.startswith("batch_size: got a batch of 15 images; it must be a multiple of the")
    assert trained == "True"
