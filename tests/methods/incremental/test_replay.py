import numpy as np
import pytest
from harness import MethodChecks
from second_task import SecondTask, cross_entropy, logits

from sslzoo.methods.incremental.replay import Replay


class TestReplay(SecondTask, MethodChecks):
    method = Replay
    drop = 0.5

    def oracle(self, model, batch):
        return {
            "cross_entropy": cross_entropy(
                logits(model, batch["view"])[0], batch["labels"], range(10)
            )
        }

    def test_half_of_what_is_trained_on_comes_from_the_memory(self):
        model, batch = self.make(exemplars=10), self.batch(60)
        color = np.repeat(batch["images"], 3, axis=-1)
        model.exemplars.keep({0: color[:2], 3: color[2:5]})
        new = {"images": batch["images"][10:40], "labels": np.arange(30) % 5 + 5}
        joined = model.training_data(new)
        np.testing.assert_array_equal(joined["images"][:30], color[10:40])
        assert np.bincount(joined["labels"]).tolist() == [12, 0, 0, 18, 0, 6, 6, 6, 6, 6]
        memory, _ = model.exemplars.arrays()
        np.testing.assert_array_equal(joined["images"][30:], np.repeat(memory, 6, axis=0))

    @pytest.mark.parametrize(("new", "kept"), [(3, 10), (10, 10), (10, 3), (1000, 7)])
    def test_no_exemplar_is_left_out_or_preferred(self, new, kept):
        """A memory that is larger than the task, cut to its size, would lose whole classes: it is
        sorted by class.
        """
        counts = np.bincount(self.make().rehearsed(new, kept), minlength=kept)
        assert len(counts) == kept and counts.min() >= 1 and np.ptp(counts) <= 1
        assert counts.sum() == max(new, kept)

    def test_the_choice_is_random_and_seeded(self):
        images = self.batch(60)["images"]
        first, again, other = (
            self.make(seed=seed).choose(images, 20).tolist() for seed in (0, 0, 1)
        )
        assert first == again != other
        assert len(set(first)) == 20
        assert self.make(seed=0).choose(images, 7).tolist() == first[:7]
