import fine_tuning
import pytest

from sslzoo.methods.transfer.adapters import Adapters

FIRST = ("norm/gamma", "norm/beta", "down/kernel", "down/bias")


class TestAdapters(fine_tuning.BesideTheNetwork):
    method = Adapters
    arguments = {"units": 4}
    # the layers behind them start at zero
    canceled = tuple(f"{block}_adapter_{v}" for block in ("block1", "features") for v in FIRST)

    def test_the_share_that_learns_is_that_of_the_adapters_and_the_head(self):
        model = self.make(units=2)
        adapters = sum(2 * c + 2 * c + 2 + 2 * c + c for c in (8, 16))
        head = 16 * 10 + 10
        network = 9 * (3 * 8 + 8 * 16) + 2 * (8 + 16)
        assert model.learned_share == (adapters + head) / (adapters + head + network)

    def test_a_width_below_one_is_refused(self):
        with pytest.raises(ValueError, match="units: got 0"):
            self.make(units=0)
