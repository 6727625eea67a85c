import keras
import numpy as np
import over_domains
import pytest
from harness import inject
from keras import ops

from sslzoo.methods.generalization.group_dro import GroupDRO


class TestGroupDRO(over_domains.OverDomains):
    method = GroupDRO
    arguments = {"domains": over_domains.DOMAINS, "step": 0.5}

    def oracle(self, model, batch):
        risks = np.zeros(over_domains.DOMAINS)
        present = [k for k in range(over_domains.DOMAINS) if (batch["domains"] == k).any()]
        risks[present] = self.risks(model, batch)
        shares = np.exp(0.5 * risks) / 3
        return {"risk": (shares / shares.sum()) @ risks}

    def test_the_shares_move_to_the_worst_domain_step_by_step(self):
        model, batch = inject(self.make()), self.batch(16)
        model.compile(keras.optimizers.SGD(0.0))
        risks = self.risks(model, batch)
        model.fit(batch, batch_size=16, epochs=4, verbose=0)
        expected = np.exp(4 * 0.5 * risks) / np.exp(4 * 0.5 * risks).sum()
        np.testing.assert_allclose(ops.convert_to_numpy(model.shares), expected, rtol=1e-4)

    def test_a_step_of_nothing_is_refused(self):
        with pytest.raises(ValueError, match="step: got 0"):
            self.make(step=0)
