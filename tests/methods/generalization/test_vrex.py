import numpy as np
import over_domains
import pytest

from sslzoo.methods.generalization.vrex import VREx


class TestVREx(over_domains.OverDomains):
    method = VREx
    drop = 0.015  # the terms are divided by the weight
    arguments = {"domains": over_domains.DOMAINS, "warm_up": 0.0}

    def oracle(self, model, batch):
        risks = self.risks(model, batch)
        return {"risk": risks.mean() / 10, "penalty": np.mean((risks - risks.mean()) ** 2)}

    def test_the_weight_is_one_until_the_warm_up_is_over(self):
        model = self.make(warm_up=0.5)
        _, logs = {}, []
        for step in (4, 5):
            model.clock.start(step, total=10, per_epoch=10)
            losses, _, _ = model.losses_logs_kept(self.batch())
            logs.append({name: float(value) for name, value in losses.items()})
        before, after = logs
        assert before["penalty"] == pytest.approx(after["penalty"], rel=1e-6)
        assert before["risk"] == pytest.approx(10 * after["risk"], rel=1e-6)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [({"penalty_weight": -1}, "penalty_weight: got -1"), ({"warm_up": 2}, "warm_up: got 2")],
    )
    def test_wrong_arguments_are_named(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            self.make(**arguments)
