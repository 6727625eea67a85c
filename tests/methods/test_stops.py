"""Runs that end early: by a NaN, by an error, by the user."""

import keras
import numpy as np
import pytest
from harness import digits, state
from keras import ops

import sslzoo
from sslzoo import nn
from sslzoo.training import Method

IMAGES = digits(8)


class Pull(Method):
    """A loss that is NaN where the labels say so."""

    fields = ("images", "labels")

    def compute_losses(self, batch):
        features = self.represent(self.preprocess(batch["images"]))
        poison = ops.where(ops.any(batch["labels"] > 0), float("nan"), 1.0)
        return {"pull": poison * ops.mean(ops.square(features))}


def make(rate=0.1):
    model = Pull(nn.backbone("micro", 8))
    model.compile(keras.optimizers.SGD(rate, momentum=0.9))
    model.optimizer.build(model.trainable_variables)
    return model


class Poisoned(keras.utils.PyDataset):
    """Two steps an epoch; from global step `bad` on the loss is NaN. Item i of the stream is global
    step i.
    """

    def __init__(self, bad):
        super().__init__()
        self.bad = bad

    @property
    def num_batches(self):
        return None

    def __getitem__(self, i):
        return {"images": IMAGES, "labels": np.full(8, int(i >= self.bad))}


class Kept(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.state = state(self.model)


def assert_state(model, expected, clock=True):
    """clock: whether the clock is compared too; a `fit` that is stopped has set it."""
    if not clock:
        clock_paths = {v.path for v in model.clock.variables}
        places = [i for i, v in enumerate(model.variables) if v.path in clock_paths]
        expected = [v for i, v in enumerate(expected) if i not in places]
        found = [v for i, v in enumerate(state(model)) if i not in places]
    else:
        found = state(model)
    for mine, old in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mine, old)


@pytest.mark.parametrize("bad", [3, 2])
def test_nan_brings_back_the_last_good_epoch(bad):
    model, kept = make(), Kept()
    with pytest.raises(FloatingPointError, match="loss: became nan.*end of epoch 1"):
        model.fit(Poisoned(bad), steps_per_epoch=2, epochs=4, callbacks=[kept], verbose=0)
    assert_state(model, kept.state)
    model.fit(Poisoned(99), steps_per_epoch=2, epochs=1, verbose=0)


def test_nan_in_the_first_epoch_brings_back_the_start():
    model = make()
    before = state(model)
    with pytest.raises(FloatingPointError, match="from before this fit"):
        model.fit(Poisoned(1), steps_per_epoch=2, epochs=2, verbose=0)
    assert_state(model, before, clock=False)


def test_a_last_step_that_throws_the_weights_away_is_no_good_epoch():
    """The loss of an epoch's last step is still finite; what it did to the weights is not."""
    model = make(rate=float("inf"))
    before = state(model)
    with pytest.raises(FloatingPointError, match="from before this fit"):
        model.fit(Poisoned(99), steps_per_epoch=1, epochs=3, verbose=0)
    assert_state(model, before, clock=False)


class Break(keras.callbacks.Callback):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def on_train_batch_end(self, batch, logs=None):
        if batch == 1:
            raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_error_in_a_callback_leaves_the_weights_of_the_step_before(error):
    model = make()
    model.fit(Poisoned(99), steps_per_epoch=2, verbose=0)
    expected = state(model)
    other = make()
    with pytest.raises(error):
        other.fit(Poisoned(99), steps_per_epoch=4, callbacks=[Break(error)], verbose=0)
    assert_state(other, expected, clock=False)


class Failing(Poisoned):
    def __getitem__(self, i):
        if i >= self.bad:
            raise OSError("the disk is gone")
        return super().__getitem__(0)


def test_data_that_fails_in_the_middle_leaves_the_model_usable():
    model = make()
    with pytest.raises(Exception, match="the disk is gone"):
        model.fit(Failing(5), steps_per_epoch=9, verbose=0)
    assert all(np.isfinite(value).all() for value in state(model))
    assert np.isfinite(model.encode(IMAGES)).all()
    model.fit(Poisoned(99), steps_per_epoch=1, verbose=0)


class WrongShape(Poisoned):
    def __getitem__(self, i):
        labels = np.zeros((8, 3) if i >= self.bad else 8, int)
        return {"images": IMAGES[:, : 8 - (i >= self.bad)], "labels": labels}


@pytest.mark.jax
def test_a_step_that_raises_leaves_the_model_usable():
    """JAX has donated the buffers of the variables to the step that failed."""

    class Fragile(Pull):
        def compute_losses(self, batch):
            if batch["images"].shape[1] != 8:
                raise RuntimeError("the step failed")
            return super().compute_losses(batch)

    model = Fragile(nn.backbone("micro", 8))
    model.compile(keras.optimizers.SGD(0.1))
    with pytest.raises(RuntimeError, match="the step failed"):
        model.fit(WrongShape(2), steps_per_epoch=4, verbose=0)
    assert np.isfinite(model.encode(IMAGES)).all()
    model.fit(Poisoned(99), steps_per_epoch=1, verbose=0)


def test_checkpoint_of_another_model_is_refused(simclr, tmp_path):
    path = tmp_path / "run.npz"
    simclr().fit(IMAGES, batch_size=4, callbacks=[sslzoo.Checkpoint(path)], verbose=0)
    wider = simclr(projection=(12, 8))
    before = state(wider)
    with pytest.raises(ValueError, match=r"run\.npz: its run has argument projection"):
        wider.fit(IMAGES, batch_size=4, callbacks=[sslzoo.Checkpoint(path)], verbose=0)
    assert_state(wider, before)


@pytest.mark.slow
def test_a_finished_run_does_nothing_more_and_a_longer_one_goes_on(simclr, tmp_path):
    path = tmp_path / "run.npz"

    def run(epochs):
        model = simclr()
        history = model.fit(
            IMAGES, batch_size=4, epochs=epochs, callbacks=[sslzoo.Checkpoint(path)], verbose=0
        )
        return model, history.history.get("loss", [])

    whole = simclr()
    whole.fit(IMAGES, batch_size=4, epochs=3, verbose=0)
    assert len(run(1)[1]) == 1
    again, losses = run(1)
    assert losses == []
    assert int(ops.convert_to_numpy(again.optimizer.iterations)) == 2
    longer, losses = run(3)
    assert len(losses) == 2
    assert_state(longer, state(whole))


def fit(model, tmp_path, **kwargs):
    arguments = {"batch_size": 4, "epochs": 2, "verbose": 0} | kwargs
    return model.fit(
        digits(16),
        callbacks=[sslzoo.Checkpoint(tmp_path / "c.npz"), *arguments.pop("also", [])],
        **arguments,
    )


@pytest.mark.parametrize(("field", "changes"), [("batch_size", {"batch_size": 8}), ("seed", {})])
def test_checkpoint_of_another_run_is_refused(simclr, tmp_path, field, changes):
    fit(simclr(), tmp_path)
    model = simclr(seed=1) if field == "seed" else simclr()
    before = state(model)
    with pytest.raises(ValueError, match=f"its run has {field}"):
        fit(model, tmp_path, **changes)
    assert_state(model, before, clock=False)


def test_checkpoint_needs_data_it_can_go_on_from(simclr, tmp_path):
    with pytest.raises(
        ValueError, match="callbacks: got a Checkpoint with a Poisoned; it must have arrays"
    ):
        make().fit(
            Poisoned(9),
            steps_per_epoch=2,
            callbacks=[sslzoo.Checkpoint(tmp_path / "c.npz")],
            verbose=0,
        )


def test_checkpoint_keeps_the_last_finite_state(simclr, tmp_path):
    model, checkpoint = simclr(), sslzoo.Checkpoint(tmp_path / "c.npz")
    model.fit(digits(8), batch_size=4, callbacks=[checkpoint], verbose=0)
    before = checkpoint.path.read_bytes()
    kernel = model.backbone.trainable_variables[0]
    # the loss may stay finite: a ReLU turns NaN into 0 on TensorFlow
    kernel.assign(np.full(kernel.shape, np.nan))
    checkpoint.save()
    assert checkpoint.path.read_bytes() == before


class StopAt(keras.callbacks.Callback):
    def __init__(self, checkpoint_step):
        super().__init__()
        self.left = checkpoint_step

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            self.model.stop_training = True


def test_a_resumed_run_stops_when_it_is_asked_to(simclr, tmp_path):
    fit(simclr(), tmp_path, also=[StopAt(3)])  # of 4 steps an epoch
    again = fit(simclr(), tmp_path, also=[StopAt(1)])  # step 4 ends the epoch that was begun
    assert again.epoch == [0]
    assert sslzoo.Checkpoint.steps_done(tmp_path / "c.npz") == 4


def test_steps_per_execution_count(simclr, tmp_path):
    model = simclr()
    model.compile(keras.optimizers.SGD(0.1), steps_per_execution=2)
    fit(model, tmp_path)
    assert (
        sslzoo.Checkpoint.steps_done(tmp_path / "c.npz")
        == 8
        == int(ops.convert_to_numpy(model.optimizer.iterations))
    )


def test_a_run_stopped_before_its_first_checkpoint_begins_again(tmp_path):
    """In the same process too: half-trained weights are no beginning."""

    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    data, whole, model = {"images": IMAGES, "labels": np.zeros(8, int)}, make(), make()
    whole.fit(data, batch_size=4, epochs=2, verbose=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(
            data,
            batch_size=4,
            epochs=2,
            callbacks=[sslzoo.Checkpoint(tmp_path / "run.npz"), Interrupt()],
            verbose=0,
        )
    assert sslzoo.Checkpoint.steps_done(tmp_path / "run.npz") == 0
    model.fit(
        data, batch_size=4, epochs=2, callbacks=[sslzoo.Checkpoint(tmp_path / "run.npz")], verbose=0
    )
    assert_state(model, state(whole))
