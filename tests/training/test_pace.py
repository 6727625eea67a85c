"""What `fit` says of the time that it will take."""

import logging

import keras
import pytest

import sslzoo
from sslzoo.training.fit import Pace  # of two, where pytest imports pace.py for its doctests

IMAGES = sslzoo.data.load("digits").images[:40]


class Clock:
    """Every look at it is so many seconds after the one before."""

    def __init__(self, seconds):
        self.now, self.seconds = 0.0, seconds

    def perf_counter(self):
        self.now += self.seconds
        return self.now


def said(caplog, monkeypatch, seconds, **settings):
    monkeypatch.setitem(Pace.on_train_begin.__globals__, "time", Clock(seconds))
    model = sslzoo.build("simclr", "micro", 8, augment="digits")
    with caplog.at_level(logging.INFO, logger="sslzoo"):
        model.fit(IMAGES, **{"batch_size": 8} | settings)
    return [record.message for record in caplog.records if record.name == "sslzoo"]


def test_the_pace_is_said_once_after_the_first_steps(caplog, monkeypatch):
    messages = said(caplog, monkeypatch, 4.0, epochs=4, verbose=2)
    assert messages == ["An epoch takes about 20 s, the rest of the training about 1 min 20 s."]


def test_epochs_of_one_step_are_counted_on(caplog, monkeypatch):
    messages = said(caplog, monkeypatch, 4.0, epochs=20, batch_size=40, verbose=2)
    assert messages == ["An epoch takes about 4.0 s, the rest of the training about 1 min 20 s."]


def test_a_slow_first_step_bounds_the_time_and_the_second_says_what_is_quicker(caplog, monkeypatch):
    first, message = said(caplog, monkeypatch, 300.0, epochs=3, verbose=2)
    took, bound = "5 min 0 s, compilation included", "25 min 0 s at most"
    assert first == f"The first step took {took}. An epoch takes {bound}."
    assert message.startswith("An epoch takes about 25 min 0 s, the rest of the training about 1 h")
    assert "a smaller network than one of 1,464 weights, or images of 4 pixels" in message


@pytest.mark.parametrize(("seconds", "verbose"), [(0.5, 2), (300.0, 0)])
def test_a_short_run_and_a_silent_one_say_nothing(caplog, monkeypatch, seconds, verbose):
    assert said(caplog, monkeypatch, seconds, epochs=2, verbose=verbose) == []


def test_what_is_left_of_a_run_is_counted_in_steps():
    slow = Pace(steps=7, per_epoch=5)
    slow.set_model(keras.Model())
    assert slow.message(100.0) == (
        "An epoch takes about 8 min 20 s, the rest of the training about 11 min 40 s."
    )
