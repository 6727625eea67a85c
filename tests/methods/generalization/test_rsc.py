import numpy as np
import over_domains
import pytest
from keras import ops
from over_domains import cross_entropies, softmax

from sslzoo.methods.generalization.rsc import RSC


class TestRSC(over_domains.Checks):
    method = RSC

    def muted(self, model, batch):
        """The features of each row, with what RSC mutes at 0; which rows are changed."""
        features, logits = self.forward(model, batch["view"])
        kernel = ops.convert_to_numpy(model.head.layers[-1].kernel).astype("float64")
        bias = ops.convert_to_numpy(model.head.layers[-1].bias)
        rows = np.arange(len(features))
        muted = features.copy()
        for row, label in enumerate(batch["labels"]):
            slopes = kernel[:, label]
            muted[row, np.argsort(slopes)[-5:]] = 0.0  # of 16
        before, after = softmax(logits), softmax(muted @ kernel + bias)
        fall = (before - after)[rows, batch["labels"]]
        changed = np.isin(rows, np.argsort(fall)[len(rows) - round(len(rows) / 3) :])
        return np.where(changed[:, None], muted, features), kernel, bias, changed

    def oracle(self, model, batch):
        features, kernel, bias, _ = self.muted(model, batch)
        return {"risk": cross_entropies(features @ kernel + bias, batch["labels"]).mean()}

    def test_a_third_of_the_features_is_muted_in_a_third_of_the_rows(self):
        model, batch = self.make(), self.batch(30)
        features, _ = self.forward(model, batch["view"])
        kept = model.kept(ops.convert_to_tensor(features.astype("float32")), batch["labels"])
        kept = ops.convert_to_numpy(kept)
        rows = kept.min(axis=1) == 0
        assert rows.sum() == 10
        assert (kept[rows] == 0).sum(axis=1).tolist() == [round(16 / 3)] * 10

    @pytest.mark.parametrize("share", ["feature_share", "batch_share"])
    def test_shares_of_nothing_and_of_all_are_refused(self, share):
        for value in (0, 1):
            with pytest.raises(ValueError, match=f"{share}: got {value}"):
                self.make(**{share: value})
