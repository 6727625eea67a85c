from harness import MethodChecks
from second_task import NEW, SecondTask, cross_entropy, logits

from sslzoo.methods.incremental.naive import Naive


class TestNaive(SecondTask, MethodChecks):
    method = Naive
    labels = NEW
    drop = 0.5

    def oracle(self, model, batch):
        return {
            "cross_entropy": cross_entropy(
                logits(model, batch["view"])[0], batch["labels"], range(10)
            )
        }
