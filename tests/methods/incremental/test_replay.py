import numpy as np
from harness import MethodChecks
from second_task import SecondTask, cross_entropy, logits

from sslzoo.methods.incremental.replay import Replay


class TestReplay(SecondTask, MethodChecks):
    method = Replay
    drop = 0.5

    def oracle(self, model, batch):
        return {"cross_entropy": cross_entropy(logits(model, batch["view"])[0], batch["labels"], range(10))}

    def test_half_of_what_is_trained_on_comes_from_the_memory(self):
        model, batch = self.make(exemplars=10), self.batch(60)
        colour = np.repeat(batch["images"], 3, axis=-1)
        model.exemplars.keep({0: colour[:2], 3: colour[2:5]})
        new = {"images": batch["images"][10:40], "labels": np.full(30, 7)}
        joined = model.training_data(new)
        np.testing.assert_array_equal(joined["images"][:30], colour[10:40])
        assert np.bincount(joined["labels"]).tolist() == [12, 0, 0, 18, 0, 0, 0, 30]
        memory, _ = model.exemplars.arrays()
        np.testing.assert_array_equal(joined["images"][30:], np.concatenate([memory] * 6))

    def test_the_choice_is_random_and_seeded(self):
        images = self.batch(60)["images"]
        first, again, other = (self.make(seed=seed).choose(images, 20).tolist() for seed in (0, 0, 1))
        assert first == again != other
        assert len(set(first)) == 20
        assert self.make(seed=0).choose(images, 7).tolist() == first[:7]
