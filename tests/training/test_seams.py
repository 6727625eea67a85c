"""What a method may change around the step: gradients, state before and after, state per epoch."""

import keras
import numpy as np
import pytest
from keras import ops

import sslzoo
from sslzoo import backends, nn
from sslzoo.nn.state import State
from sslzoo.training import Method

IMAGES = sslzoo.data.load("digits").images[:24, ..., None]


@keras.saving.register_keras_serializable("sslzoo_tests")
class Seams(Method):
    """Two losses of the features; counts its epochs, and remembers what was kept."""

    def __init__(self, backbone, seed=0, name=None):
        super().__init__(backbone, seed=seed, name=name)
        self.memory = State(name="memory")
        for part in ("begun", "ended", "sum_of_steps", "kept", "offset"):
            variable = self.memory.add_weight(
                shape=(), dtype="float32", initializer="zeros", trainable=False, name=part
            )
            setattr(self.memory, part, variable)

    def before_step(self, batch):
        self.memory.offset.assign(self.memory.offset + 1.0)
        return {**batch, "offset": self.memory.offset + 0.0}

    def compute_losses(self, batch):
        features = self.represent(self.reads.layer(batch["images"]))
        mean = ops.mean(features)
        self.keep("mean", mean)
        self.track("offset", batch["offset"])
        return {"size": ops.mean(ops.square(features)), "push": -0.5 * mean}

    def after_step(self, batch):
        self.memory.kept.assign(batch["mean"])
        step = ops.cast(self.clock.step, "float32")
        self.memory.sum_of_steps.assign(self.memory.sum_of_steps + step)

    def begin_epoch(self, data):
        self.memory.begun.assign(self.memory.begun + len(data["images"]))

    def end_epoch(self):
        self.memory.ended.assign(self.memory.ended * 10 + int(np.asarray(self.clock.step)))


@keras.saving.register_keras_serializable("sslzoo_tests")
class Half(Seams):
    def change_gradients(self, gradients):
        return [0.5 * g for g in gradients]


@keras.saving.register_keras_serializable("sslzoo_tests")
class PushOnly(Seams):
    separate_gradients = True

    def change_gradients(self, gradients):
        assert set(gradients) == {"size", "push"}
        return gradients["push"]


@keras.saving.register_keras_serializable("sslzoo_tests")
class Push(Seams):
    def compute_losses(self, batch):
        return {"push": super().compute_losses(batch)["push"]}


@keras.saving.register_keras_serializable("sslzoo_tests")
class TwoHeads(Method):
    """Each loss has a variable of its own, and a third one has none."""

    def __init__(self, backbone, seed=0, name=None):
        super().__init__(backbone, seed=seed, name=name)
        self.own = State(name="own")
        for part in ("size_weight", "push_weight", "unused_weight"):
            setattr(self.own, part, self.own.add_weight(shape=(3,), initializer="ones", name=part))

    def compute_losses(self, batch):
        mean = ops.mean(self.represent(self.reads.layer(batch["images"])))
        # the gradient of a look-up is that of its rows, on TensorFlow
        size, push = (ops.take(w, 1) for w in (self.own.size_weight, self.own.push_weight))
        return {"size": size * mean, "push": -push * mean}


@keras.saving.register_keras_serializable("sslzoo_tests")
class Projected(TwoHeads):
    """PCGrad (Yu et al. 2020) in short: sums over the gradients of both losses."""

    separate_gradients = True

    def change_gradients(self, gradients):
        pairs = list(zip(gradients["size"], gradients["push"], strict=True))
        dot = sum(ops.sum(a * b) for a, b in pairs)
        return [a + b + 0.0 * dot for a, b in pairs]


def make(cls=Seams, rate=0.1):
    model = cls(nn.backbone("micro", 8))
    model.compile(keras.optimizers.SGD(rate))
    return model


def moved(cls, rate):
    """The change of every trainable variable in one step."""
    model = make(cls, rate)
    before = [np.asarray(v).copy() for v in model.trainable_variables]
    model.fit(IMAGES, batch_size=24, verbose=0)
    return [np.asarray(v) - old for v, old in zip(model.trainable_variables, before, strict=True)]


def test_the_optimizer_gets_the_changed_gradients():
    for half, whole in zip(moved(Half, 0.2), moved(Seams, 0.1), strict=True):
        np.testing.assert_allclose(half, whole, rtol=1e-3, atol=1e-6)


def test_separate_gradients_are_those_of_each_loss():
    for alone, push in zip(moved(PushOnly, 0.1), moved(Push, 0.1), strict=True):
        np.testing.assert_allclose(alone, push, rtol=1e-3, atol=1e-6)
    both, push = moved(Seams, 0.1), moved(Push, 0.1)
    assert any(np.abs(a - b).max() > 1e-4 for a, b in zip(both, push, strict=True))


@pytest.mark.filterwarnings("ignore:Gradients do not exist")
def test_a_loss_has_zeros_for_the_variables_of_another_one():
    """The oracle is the sum of the losses, whose gradient needs no part by part."""
    for apart, whole in zip(moved(Projected, 0.1), moved(TwoHeads, 0.1), strict=True):
        np.testing.assert_allclose(apart, whole, rtol=1e-3, atol=1e-6)


@pytest.mark.tensorflow
def test_a_variable_that_no_loss_reaches_is_not_decayed():
    model = TwoHeads(nn.backbone("micro", 8))
    model.compile(keras.optimizers.SGD(0.1, weight_decay=0.5))
    with pytest.warns(UserWarning, match="unused_weight"):
        model.fit(IMAGES, batch_size=24, verbose=0)
    np.testing.assert_array_equal(model.own.unused_weight, np.ones(3))
    assert (np.asarray(model.own.size_weight) < 0.99).all()


def test_state_before_and_after_a_step_and_what_is_kept():
    model = make(rate=0.0)
    history = model.fit(IMAGES, batch_size=8, epochs=2, verbose=0).history
    assert history["offset"] == [2.0, 5.0]  # 1, 2, 3 and 4, 5, 6
    assert float(np.asarray(model.memory.sum_of_steps)) == sum(range(6))
    assert int(np.asarray(model.clock.step)) == int(np.asarray(model.clock.total)) == 6
    expected = np.mean(model.backbone(model.reads.layer(IMAGES[:0:-1][:8]), training=True))
    assert float(np.asarray(model.memory.kept)) == pytest.approx(float(expected), abs=0.2)


def test_epochs_begin_with_the_whole_set_and_end_after_their_last_step():
    model = make()
    model.fit(IMAGES, batch_size=8, epochs=3, verbose=0)
    assert float(np.asarray(model.memory.begun)) == 3 * 24
    assert float(np.asarray(model.memory.ended)) == 369  # after steps 3, 6 and 9


class Stop(keras.callbacks.Callback):
    def __init__(self, after):
        super().__init__()
        self.after, self.seen = after, 0

    def on_train_batch_begin(self, batch, logs=None):
        if self.seen == self.after:
            raise KeyboardInterrupt
        self.seen += 1


@pytest.mark.slow
@pytest.mark.parametrize("after", [2, 3, 4, 6])
def test_a_resumed_run_has_the_state_of_its_epochs(after, tmp_path):
    """Also where the checkpoint is of the last step of an epoch."""
    whole = make()
    whole.fit(IMAGES, batch_size=8, epochs=3, verbose=0)
    stopped = make()
    checkpoint = sslzoo.Checkpoint(tmp_path / "run.npz", every=1)
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(IMAGES, batch_size=8, epochs=3, callbacks=[checkpoint, Stop(after)], verbose=0)
    assert sslzoo.Checkpoint.steps_done(tmp_path / "run.npz") == after
    resumed = make()
    again = sslzoo.Checkpoint(tmp_path / "run.npz", every=1)
    resumed.fit(IMAGES, batch_size=8, epochs=3, callbacks=[again], verbose=0)
    for mine, theirs in zip(resumed.variables, whole.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(mine), np.asarray(theirs), err_msg=mine.path)


class StopInside(keras.callbacks.Callback):
    """Asks training to end after some steps, as a callback of Keras does."""

    def __init__(self, after):
        super().__init__()
        self.left = after

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            self.model.stop_training = True


@pytest.mark.slow
@pytest.mark.parametrize("steps", [None, 2], ids=["all steps", "fewer steps an epoch"])
@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_run_that_is_stopped_inside_an_epoch_ends_that_epoch_once(after, steps, tmp_path):
    def run(*callbacks):
        model = make()
        checkpoint = sslzoo.Checkpoint(tmp_path / "run.npz", every=1)
        settings = {"batch_size": 8, "epochs": 2, "steps_per_epoch": steps, "verbose": 0}
        model.fit(IMAGES, callbacks=[checkpoint, *callbacks], **settings)
        return model

    run(StopInside(after))
    assert sslzoo.Checkpoint.steps_done(tmp_path / "run.npz") == after
    memory = run().memory
    assert float(np.asarray(memory.ended)) == (36 if steps is None else 24)
    assert float(np.asarray(memory.begun)) == 2 * 24


def test_a_killed_run_with_fewer_steps_an_epoch_has_the_end_of_its_epochs(tmp_path):
    """The checkpoint of an epoch's last step is written after `end_epoch`."""
    settings = {"batch_size": 8, "steps_per_epoch": 2, "epochs": 2, "verbose": 0}
    checkpoint = sslzoo.Checkpoint(tmp_path / "run.npz", every=1)
    with pytest.raises(KeyboardInterrupt):
        make().fit(IMAGES, callbacks=[checkpoint, Stop(2)], **settings)
    resumed, again = make(), sslzoo.Checkpoint(tmp_path / "run.npz", every=1)
    resumed.fit(IMAGES, callbacks=[again], **settings)
    assert float(np.asarray(resumed.memory.ended)) == 24


def test_a_checkpoint_of_epochs_of_another_length_is_refused(tmp_path):
    def fit(steps):
        checkpoint = sslzoo.Checkpoint(tmp_path / "run.npz")
        make().fit(IMAGES, batch_size=8, steps_per_epoch=steps, callbacks=[checkpoint], verbose=0)

    fit(2)
    with pytest.raises(ValueError, match="its run has fit_steps_per_epoch 2, this one 3"):
        fit(3)


def test_a_checkpoint_of_which_a_part_was_changed_is_refused(tmp_path):
    path = tmp_path / "run.npz"
    model = make()
    model.fit(IMAGES, batch_size=8, callbacks=[sslzoo.Checkpoint(path)], verbose=0)
    with np.load(path) as saved:
        values = dict(saved)
    np.savez(path, **values | {"step": [2]})
    with pytest.raises(ValueError, match="does not have the digest that it was written with"):
        make().fit(IMAGES, batch_size=8, callbacks=[sslzoo.Checkpoint(path)], verbose=0)


def test_a_checkpoint_of_other_data_of_the_same_number_is_refused(tmp_path):
    path = tmp_path / "run.npz"
    make().fit(IMAGES, batch_size=8, callbacks=[sslzoo.Checkpoint(path)], verbose=0)
    with pytest.raises(ValueError, match="its run has fingerprint"):
        make().fit(255 - IMAGES, batch_size=8, callbacks=[sslzoo.Checkpoint(path)], verbose=0)


def test_learn_is_one_fit_with_its_checkpoint(tmp_path):
    model = make()
    learned = model.learn(IMAGES, folder=tmp_path, epochs=2, batch_size=8, verbose=0)
    assert learned.steps == 6 and learned.metrics == []
    assert sslzoo.Checkpoint.steps_done(tmp_path / "checkpoint.npz") == 6


def test_a_gradient_can_be_differentiated_again():
    def cubes(x):
        return ops.sum(x**3)

    def slope(x):
        return ops.sum(backends.gradient(cubes, x))

    x = ops.convert_to_tensor([1.0, 2.0])
    np.testing.assert_allclose(np.asarray(backends.gradient(cubes, x)), [3.0, 12.0], rtol=1e-6)
    np.testing.assert_allclose(np.asarray(backends.gradient(slope, x)), [6.0, 12.0], rtol=1e-6)


def test_a_gradient_of_several_values_is_zero_where_nothing_depends_on_one():
    x = {"used": ops.convert_to_tensor([2.0]), "unused": ops.convert_to_tensor([5.0])}
    found = backends.gradient(lambda x: ops.sum(x["used"] ** 2), x)
    assert float(found["used"][0]) == 4.0
    assert float(found["unused"][0]) == 0.0
