import numpy as np
import pytest
import shared_features
from harness import EAGER, _digits

from sslzoo import data
from sslzoo.methods.transfer.deep_coral import DeepCORAL


class TestDeepCORAL(shared_features.Checks):
    method = DeepCORAL
    term = "coral"

    def alignment(self, model, batch, source, target):
        difference = np.cov(source.T) - np.cov(target.T)
        return 10 * np.sum(difference**2) / (4 * source.shape[1] ** 2)

    def test_labels_of_the_target_are_not_used_and_one_warning_says_so(self):
        rows = _digits().take(slice(32))
        model = self.make()
        model.compile("sgd", **EAGER)
        with pytest.warns(UserWarning, match="target has labels; they are not used") as said:
            model.fit(data.Paired(rows, 16, 1, unlabeled=rows), verbose=0)
        assert len([w for w in said if "target has labels" in str(w.message)]) == 1

    def test_a_source_alone_is_refused(self):
        batch = self.batch(4)
        with pytest.raises(ValueError, match=r"unlabeled: missing; DeepCORAL learns from a source"):
            self.make().fit((batch["images"], batch["labels"]))

    def test_wrong_arguments_are_named(self):
        with pytest.raises(ValueError, match="weight: got -1"):
            self.make(weight=-1)
