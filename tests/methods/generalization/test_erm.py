import over_domains
import pytest
from over_domains import cross_entropies

from sslzoo.methods.generalization.erm import ERM


class TestERM(over_domains.Checks):
    method = ERM

    def oracle(self, model, batch):
        _, logits = self.forward(model, batch["view"])
        return {"risk": cross_entropies(logits, batch["labels"]).mean()}

    def test_images_without_labels_are_refused(self):
        model = self.make()
        model.compile("sgd")
        with pytest.raises(ValueError, match="labels: missing from the batch"):
            model.fit(self.batch(16)["images"], batch_size=16, verbose=0)
