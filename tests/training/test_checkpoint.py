"""When a checkpoint is written, what it belongs to, what is said, and what is refused."""

import logging
import os
import signal
import subprocess
import sys
import threading

import keras
import numpy as np
import pytest
from keras import ops

import sslzoo
from sslzoo import nn
from sslzoo.training import Method, checkpoint, saved
from sslzoo.training.checkpoint import state
from sslzoo.training.interruption import Interruption

IMAGES = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 1), "uint8")


class Shrink(Method):
    """Features become small; `factor` and `widths` are arguments of a constructor."""

    def __init__(self, backbone, factor=1.0, widths=(4, 4), seed=0):
        super().__init__(backbone, seed=seed)
        self.factor = factor

    def compute_losses(self, batch):
        features = self.represent(self.preprocess(batch["images"]))
        return {"size": self.factor * ops.mean(ops.square(features))}


def make(optimizer=None, backbone=None, **arguments):
    model = Shrink(nn.backbone("micro", 8) if backbone is None else backbone, **arguments)
    model.compile(optimizer or keras.optimizers.SGD(0.1, momentum=0.9))
    return model


def values(model):
    return [ops.convert_to_numpy(variable).copy() for variable in state(model)]


def assert_equal(first, second):
    for mine, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(mine, other)


def sgd(total, rate, **settings):
    return keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(rate, total), **settings)


def cosine(total):
    return sgd(total, 0.1)


class Raise(keras.callbacks.Callback):
    """Ends training as an error does, at the end of a step."""

    def __init__(self, after):
        super().__init__()
        self.left = after

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def fit(model, path, *others, epochs=2, images=IMAGES, **settings):
    callbacks = [sslzoo.Checkpoint(path, **settings), *others]
    model.fit(images, batch_size=4, epochs=epochs, callbacks=callbacks, verbose=0)
    return model


def interrupted(path, after=6, model=None, **settings):
    """A run of two epochs of four steps that ends after some."""
    with pytest.raises(KeyboardInterrupt):
        fit(make() if model is None else model, path, Raise(after), **settings)


# ---- what a checkpoint belongs to -----------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"factor": 2.0}, "its run has argument factor 1.0, this one 2.0"),
        ({"widths": (4, 5)}, "its run has argument widths"),
        ({"optimizer": keras.optimizers.SGD(0.2, momentum=0.9)}, "has optimizer learning_rate 0.1"),
        ({"optimizer": keras.optimizers.Adam(0.1)}, "its run has optimizer 'SGD', this one 'Adam'"),
        ({"optimizer": cosine}, "its run has optimizer learning_rate 0.1"),
    ],
)
def test_a_run_of_other_arguments_is_refused_and_nothing_changes(tmp_path, changes, sentence):
    interrupted(tmp_path / "run.npz")
    model = make(**changes)
    before = values(model)
    with pytest.raises(ValueError, match=sentence):
        fit(model, tmp_path / "run.npz")
    assert_equal(values(model)[: len(model.weights)], before[: len(model.weights)])


def test_another_network_of_the_same_shapes_is_refused(tmp_path):
    def network(activation):
        inputs = keras.Input((8, 8, 1))
        x = keras.layers.Conv2D(4, 3, activation=activation)(inputs)
        return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))

    interrupted(tmp_path / "run.npz", model=make(backbone=network("relu")))
    fit(make(backbone=network("relu")), tmp_path / "run.npz")  # its layers have other names
    with pytest.raises(ValueError, match="its run has argument backbone"):
        fit(make(backbone=network("tanh")), tmp_path / "run.npz")


def test_other_images_and_other_labels_of_the_same_number_are_refused(tmp_path):
    def labeled(images, labels):
        return {"images": images, "labels": labels}

    class Labeled(Shrink):
        label_fields = ("labels",)

    def run(data):
        model = Labeled(nn.backbone("micro", 8))
        model.compile(keras.optimizers.SGD(0.1))
        fit(model, tmp_path / "run.npz", images=data)

    run(labeled(IMAGES, np.zeros(16, int)))
    for other in (labeled(IMAGES, np.ones(16, int)), labeled(IMAGES[::-1], np.zeros(16, int))):
        with pytest.raises(ValueError, match="its run has fingerprint"):
            run(other)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", [None, cosine])
def test_an_unfinished_run_of_another_number_of_epochs_is_refused(tmp_path, optimizer):
    interrupted(tmp_path / "run.npz", model=make(optimizer), every=3)
    with pytest.raises(ValueError, match="its run of 8 steps stopped at step 6, this one is of 12"):
        fit(make(optimizer), tmp_path / "run.npz", epochs=3)


def test_a_finished_run_is_given_more_epochs_and_says_what_it_does(tmp_path, caplog):
    path = tmp_path / "run.npz"
    fit(make(cosine), path, epochs=1)
    with caplog.at_level(logging.INFO, "sslzoo"):
        model = fit(make(cosine), path, epochs=2)
    assert f"{path}: the run of 1 epochs is finished and goes on to 2" in caplog.text
    assert int(model.optimizer.iterations) == 8 == sslzoo.Checkpoint.steps_done(path)
    with pytest.raises(ValueError, match="its run has done 8 steps, this one is of 4"):
        fit(make(cosine), path, epochs=1)


@pytest.mark.parametrize(
    ("optimizer", "sentence"),
    [
        (lambda total: keras.optimizers.Adam(0.1), "its run has optimizer 'SGD'"),
        (lambda total: sgd(total, 0.1, momentum=0.5), "has optimizer momentum 0.0, this one 0.5"),
        (keras.optimizers.SGD(0.1), "its run has optimizer learning_rate"),
    ],
)
def test_more_epochs_change_no_more_than_the_schedule(tmp_path, optimizer, sentence):
    fit(make(cosine), tmp_path / "run.npz", epochs=1)

    def slower(total):
        return sgd(total, 0.05)

    with pytest.raises(ValueError, match="its run has optimizer learning_rate"):
        fit(make(slower), tmp_path / "run.npz", epochs=1)
    with pytest.raises(ValueError, match=sentence):
        fit(make(optimizer), tmp_path / "run.npz", epochs=2)
    fit(make(slower), tmp_path / "run.npz", epochs=2)


def test_a_finished_run_of_a_constant_rate_with_more_epochs_is_the_longer_run(tmp_path):
    whole = make()
    whole.fit(IMAGES, batch_size=4, epochs=3, verbose=0)
    fit(make(), tmp_path / "run.npz", epochs=1)
    longer = fit(make(), tmp_path / "run.npz", epochs=3)
    assert_equal(values(longer), values(whole))


# ---- what is said ---------------------------------------------------------------------


def test_a_run_says_whether_it_begins_goes_on_or_is_finished(tmp_path, caplog):
    path = tmp_path / "run.npz"
    caplog.set_level(logging.INFO, "sslzoo")
    interrupted(path, every=3)
    fit(make(), path)
    fit(make(), path)
    said = [record.getMessage().removeprefix(f"{path}: ") for record in caplog.records]
    assert said == [
        "a new run, 2 epochs of 4 steps.",
        "the run goes on in epoch 2 of 2, after step 6 of 8.",
        "the run of 2 epochs is finished.",
    ]


def test_callbacks_that_begin_anew_in_a_resumed_run_say_so(tmp_path, caplog):
    path, callbacks = tmp_path / "run.npz", keras.callbacks
    interrupted(path, every=3)
    caplog.set_level(logging.INFO, "sslzoo")
    best = callbacks.ModelCheckpoint(tmp_path / "best.keras", "loss", save_best_only=True)
    every = callbacks.ModelCheckpoint(tmp_path / "every.keras", "loss")
    fit(make(), path, callbacks.EarlyStopping("loss", patience=3), best, every)
    said = [record.getMessage() for record in caplog.records]
    assert said[-2:] == [
        f"{kind}: begins anew; the best loss so far is not known to it."
        for kind in ("EarlyStopping", "ModelCheckpoint")
    ]


def test_notices_reach_stderr_unless_the_program_logs_by_itself():
    command = [
        sys.executable,
        "-c",
        "import logging, sys\n"
        "from sslzoo.notices import notice\n"
        "notice('first')\n"
        "logging.basicConfig(stream=sys.stdout, format='mine: %(message)s')\n"
        "notice('second')",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert (done.stderr.splitlines()[-1:], done.stdout) == (["first"], "mine: second\n")


# ---- when it is written ---------------------------------------------------------------


def test_a_checkpoint_comes_by_time_as_well(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "MOST_SECONDS", -1)
    interrupted(tmp_path / "run.npz", after=3)
    assert sslzoo.Checkpoint.steps_done(tmp_path / "run.npz") == 3


@pytest.mark.parametrize(("writing", "steps"), [(0, 4), (1e6, 0)])
def test_the_end_of_an_epoch_writes_one_where_that_took_longer(tmp_path, writing, steps):
    class Cost(sslzoo.Checkpoint):
        def on_epoch_end(self, epoch, logs=None):
            self._writing_seconds = writing
            super().on_epoch_end(epoch, logs)

    with pytest.raises(KeyboardInterrupt):
        make().fit(
            IMAGES,
            batch_size=4,
            epochs=2,
            callbacks=[Cost(tmp_path / "run.npz"), Raise(6)],
            verbose=0,
        )
    assert sslzoo.Checkpoint.steps_done(tmp_path / "run.npz") == steps


# ---- signals --------------------------------------------------------------------------


@pytest.fixture
def ctrl_c():
    """Ctrl-C stops this process, as in a terminal: a shell's job in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Signal(keras.callbacks.Callback):
    """Sends this process a signal inside a step or after it, and counts the ends of epochs."""

    def __init__(self, number, step, inside=True):
        super().__init__()
        self.number, self.left, self.inside = number, step, inside
        self.epochs = 0

    def on_train_batch_begin(self, batch, logs=None):
        self.left -= 1
        if self.left == 0 and self.inside:
            signal.raise_signal(self.number)

    def on_train_batch_end(self, batch, logs=None):
        if self.left == 0 and not self.inside:
            signal.raise_signal(self.number)

    def on_epoch_end(self, epoch, logs=None):
        self.epochs += 1


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize(
    ("came", "inside", "step"),
    [(2, True, 2), (4, True, 4), (8, True, 8), (2, False, 3), (4, False, 4), (8, False, 8)],
)
def test_ctrl_c_writes_a_checkpoint_and_the_same_call_goes_on(tmp_path, caplog, came, inside, step):
    path, handler = tmp_path / "run.npz", signal.getsignal(signal.SIGINT)
    whole = make()
    whole.fit(IMAGES, batch_size=4, epochs=2, verbose=0)
    caplog.set_level(logging.INFO, "sslzoo")
    watch = Signal(signal.SIGINT, came, inside)
    with pytest.raises(KeyboardInterrupt):
        fit(make(), path, watch)
    assert signal.getsignal(signal.SIGINT) is handler
    assert sslzoo.Checkpoint.steps_done(path) == step
    assert watch.epochs == step // 4  # callbacks that come later have seen the end of the epoch
    assert f"{path}: written after step {step}. The same call goes on from it." in caplog.text
    assert_equal(values(fit(make(), path)), values(whole))


@pytest.mark.usefixtures("ctrl_c")
def test_a_second_signal_stops_at_once(tmp_path):
    class Twice(Signal):
        def on_train_batch_begin(self, batch, logs=None):
            signal.raise_signal(self.number)
            signal.raise_signal(self.number)

    with pytest.raises(KeyboardInterrupt):
        fit(make(), tmp_path / "run.npz", Twice(signal.SIGINT, 1))
    assert sslzoo.Checkpoint.steps_done(tmp_path / "run.npz") == 0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_program_and_an_ignored_signal_are_kept():
    came = []
    before = signal.signal(signal.SIGTERM, lambda *_: came.append("mine"))
    ignored = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interruption() as interruption:
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            signal.raise_signal(signal.SIGTERM)
            assert (interruption.came, came) == (signal.SIGTERM, [])
        assert came == ["mine"]
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, ignored)


def test_another_thread_trains_without_handlers(tmp_path):
    done = []
    thread = threading.Thread(target=lambda: done.append(fit(make(), tmp_path / "run.npz")))
    thread.start()
    thread.join()
    assert done and sslzoo.Checkpoint.steps_done(tmp_path / "run.npz") == 8


LIFE = """
import signal, sys, time, keras
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, sys.argv[1])
from test_checkpoint import IMAGES, fit, make
class Slow(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        print("step", flush=True)
        time.sleep(0.05)
fit(make(), sys.argv[2], Slow(), epochs=100000)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_process_leaves_a_checkpoint_and_its_exit_code(tmp_path, number):
    here, path = os.path.dirname(__file__), tmp_path / "run.npz"
    command = [sys.executable, "-c", LIFE, here, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(3):
        assert process.stdout.readline() == "step\n"
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == -number
    assert sslzoo.Checkpoint.steps_done(path) >= 2
    assert "The same call goes on from it." in errors


# ---- what is refused ------------------------------------------------------------------


def rewrite(path, **changes):
    """A checkpoint with other members and the digest that fits them."""
    before = saved.read_checkpoint(path)
    values = before.values | {k: v for k, v in changes.items() if k in before.values}
    step = changes.get("step", before.step)
    saved.write_checkpoint(path, before._replace(step=step, values=values))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"step": 80}, "its run has done 80 steps, this one is of 8"),
        ({"00000": np.full((3, 3, 3, 8), np.nan, "float32")}, "holds NaN or infinity"),
        ({"00000": np.full((3, 3, 3, 8), 1e300)}, "is float64 with shape .* needed float32"),
        ({"00000": np.ones((3, 3, 3, 8), "int32")}, "is int32 with shape .* needed float32"),
        ({"00000": np.ones((3, 3, 3), "float32")}, r"with shape \(3, 3, 3\), needed float32"),
    ],
)
def test_other_values_and_positions_are_refused(tmp_path, changes, sentence):
    path = tmp_path / "run.npz"
    fit(make(), path)
    rewrite(path, **changes)
    model = make()
    before = values(model)
    with pytest.raises(ValueError, match=sentence):
        fit(model, path)
    assert_equal(values(model)[: len(model.weights)], before[: len(model.weights)])


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04 half a file"])
def test_a_file_that_is_no_checkpoint_is_one_sentence(tmp_path, content):
    path = tmp_path / "run.npz"
    path.write_bytes(content)
    for read in (sslzoo.Checkpoint.steps_done, lambda path: fit(make(), path)):
        with pytest.raises(ValueError, match="not a readable checkpoint") as error:
            read(path)
        assert "\n" not in str(error.value)


def test_bfloat16_is_read_back_as_it_was(tmp_path):
    values = {"a": ops.convert_to_numpy(ops.cast([0.1, -3.0], "bfloat16"))}
    whole = saved.Saved(values=values, step=1, run={})
    saved.write_checkpoint(tmp_path / "run.npz", whole)
    again = saved.read_checkpoint(tmp_path / "run.npz").values["a"]
    assert again.dtype == values["a"].dtype
    np.testing.assert_array_equal(again, values["a"])


@pytest.mark.slow
def test_a_url_is_no_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="path: got 'gs://b/c.npz'; it must be a path on this"):
        sslzoo.Checkpoint("gs://b/c.npz")
    assert sslzoo.Checkpoint(f"file://{tmp_path}/c.npz").path == tmp_path / "c.npz"
    assert not os.listdir(tmp_path)
