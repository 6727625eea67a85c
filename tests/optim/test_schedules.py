import math

import keras
import numpy as np
import pytest

from sslzoo.optim import FixMatchCosine, WarmupCosine, cosine_ema, scaled_learning_rate


def oracle(step, peak, warmup, total, final):
    if step < warmup:
        return peak * step / warmup
    if step >= total:
        return final
    return final + (peak - final) * (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2


@pytest.mark.parametrize(
    "arguments", [(0.5, 10, 100, 0.0), (2.0, 0, 7, 0.25), (1e-3, 99, 100, 1e-5), (1, 5, 20, 1)]
)
def test_equals_the_formula_at_every_step(arguments):
    schedule = WarmupCosine(*arguments)
    total = arguments[2]
    for step in range(total + 5):
        assert float(schedule(step)) == pytest.approx(
            oracle(step, *arguments), rel=1e-5, abs=1e-6 * arguments[0]
        )


def test_a_file_of_before_still_loads():
    """What was saved when the arithmetic was this project's own."""
    saved = {
        "module": "sslzoo.optim.schedules",
        "class_name": "WarmupCosine",
        "config": {"peak": 0.5, "warmup_steps": 2, "total_steps": 10, "final": 0.1},
        "registered_name": "sslzoo>WarmupCosine",
    }
    schedule = keras.optimizers.schedules.deserialize(saved)
    assert isinstance(schedule, keras.optimizers.schedules.CosineDecay)
    assert schedule.get_config() == saved["config"]
    assert float(schedule(6)) == pytest.approx(0.3)


def test_endpoints():
    schedule = WarmupCosine(0.4, 10, 4000)
    assert float(schedule(0)) == 0
    assert float(schedule(10)) == pytest.approx(0.4)
    assert float(schedule(4000)) == pytest.approx(0, abs=1e-8)
    assert float(schedule(10**9)) == pytest.approx(0, abs=1e-8)
    assert float(WarmupCosine(0.4, 0, 4000)(0)) == pytest.approx(0.4)


def test_an_optimizer_walks_along_it():
    optimizer = keras.optimizers.SGD(WarmupCosine(1.0, 2, 6))
    variable = keras.Variable(np.zeros(1, "float32"))
    rates = []
    for _ in range(6):
        before = float(variable.numpy()[0])
        optimizer.apply([np.ones(1, "float32")], [variable])
        rates.append(before - float(variable.numpy()[0]))
    np.testing.assert_allclose(rates, [oracle(t, 1.0, 2, 6, 0.0) for t in range(6)], atol=1e-6)


def test_survives_serialization():
    schedule = WarmupCosine(0.3, 4, 40, final=0.01)
    again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
    assert isinstance(again, WarmupCosine)
    assert again.get_config() == schedule.get_config()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 1, 10), "peak: got 0.0; it must be a finite number above 0"),
        ((float("nan"), 1, 10), "peak: got nan"),
        ((0.1, 10, 10), "warmup_steps: got 10; it must be .* below 10"),
        ((0.1, -1, 10), "warmup_steps: got -1"),
        ((0.1, 0, 0), "total_steps: got 0"),
        ((0.1, 1, 10, 0.2), "final: got 0.2; it must be .* at most 0.1"),
    ],
)
def test_refuses_impossible_schedules(arguments, message):
    with pytest.raises(ValueError, match=message):
        WarmupCosine(*arguments)


def test_scaled_learning_rate():
    assert scaled_learning_rate(0.3, 4096) == pytest.approx(4.8)  # the paper's ImageNet run
    assert scaled_learning_rate(0.3, 256) == pytest.approx(0.3)
    # both rules meet at 4096
    assert scaled_learning_rate(0.075, 4096, rule="sqrt") == pytest.approx(4.8)
    with pytest.raises(ValueError, match="rule: got 'log'; it must be one of 'linear', 'sqrt'"):
        scaled_learning_rate(0.3, 256, rule="log")
    with pytest.raises(ValueError, match="batch_size: got 0"):
        scaled_learning_rate(0.3, 0)
    with pytest.raises(ValueError, match="base: got -1"):
        scaled_learning_rate(-1, 256)


def test_cosine_ema():
    base, total = 0.996, 1000
    assert float(cosine_ema(0, total, base)) == pytest.approx(base)
    assert float(cosine_ema(total, total, base)) == 1
    assert float(cosine_ema(total + 7, total, base)) == 1
    steps = keras.ops.convert_to_tensor([0, 1, 250, 500, 999, 1000, 2000])
    k = np.minimum(np.asarray(steps), total)
    expected = 1 - (1 - base) * (np.cos(np.pi * k / total) + 1) / 2
    np.testing.assert_allclose(np.asarray(cosine_ema(steps, total, base)), expected, atol=1e-7)
    with pytest.raises(ValueError, match="base: got 1.5; it must be .* at most 1"):
        cosine_ema(0, 10, 1.5)
    with pytest.raises(ValueError, match="total_steps: got 0"):
        cosine_ema(0, 0, 0.99)


@pytest.mark.parametrize("step", [0, 1, 500, 999, 1000, 1200])
def test_fixmatch_falls_along_seven_sixteenths_of_a_half_turn(step):
    rate = 0.03 * math.cos(7 * math.pi * min(step, 1000) / (16 * 1000))
    schedule = FixMatchCosine(0.03, 1000)
    assert float(schedule(step)) == pytest.approx(rate, rel=1e-5)
    assert float(FixMatchCosine.from_config(schedule.get_config())(step)) == float(schedule(step))


@pytest.mark.parametrize(
    ("peak", "total", "field"), [(0.0, 10, "peak"), (math.nan, 10, "peak"), (0.1, 0, "total_steps")]
)
def test_fixmatch_refuses_what_is_no_schedule(peak, total, field):
    with pytest.raises(ValueError, match=field):
        FixMatchCosine(peak, total)
