import numpy as np
import pytest
from harness import MethodChecks
from keras import ops
from second_task import NEW, OLD, SecondTask, cross_entropy, logits, softmax

from sslzoo.methods.incremental.lwf import LwF


class TestLwF(SecondTask, MethodChecks):
    method = LwF
    stopped = ("old_backbone", "old_head")
    labels = NEW
    drop = 0.5

    def oracle(self, model, batch):
        z, before = logits(model, batch["view"])
        kept = 0.0
        for row, old_row in zip(z, before, strict=True):
            # LwF's recorded and softened probabilities
            p = softmax(old_row[list(OLD)]) ** (1 / model.temperature)
            q = softmax(row[list(OLD)]) ** (1 / model.temperature)
            kept -= np.sum(p / p.sum() * np.log(q / q.sum())) / len(z)
        competing = range(10) if model.competing == "seen" else NEW
        cross = cross_entropy(z, batch["labels"], competing)
        return {"cross_entropy": cross, "distillation": model.distillation_weight * kept}

    @pytest.mark.parametrize(
        "settings", [{"competing": "new"}, {"distillation_weight": 3.0, "temperature": 4.0}]
    )
    def test_settings_reach_the_loss(self, settings):
        model, batch = self.make(**settings), self.batch()
        losses, _, _ = model.losses_logs_kept(batch)
        for name, value in self.oracle(model, batch).items():
            assert float(losses[name]) == pytest.approx(value, rel=1e-5)

    def test_the_first_task_has_nothing_to_distil(self):
        model = self.make()
        model.task_of.assign([-1] * 5 + [0] * 5)
        assert float(model.losses_logs_kept(self.batch())[0]["distillation"]) == 0

    def test_the_old_network_is_the_one_of_the_end_of_the_last_task(self):
        model, batch = self.make(), self.batch(16)
        data = {field: batch[field] for field in ("images", "labels")}
        model.compile("sgd")
        before = model.old_backbone.get_weights()
        model.fit(data, batch_size=16, verbose=0)
        for old, new in zip(before, model.old_backbone.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)
        model.end_task(data)
        pairs = [(model.old_backbone, model.backbone), (model.old_head, model.head)]
        for old, present in pairs:
            for mine, theirs in zip(old.get_weights(), present.get_weights(), strict=True):
                np.testing.assert_array_equal(mine, theirs)
        model.task_of.assign([0] * 4 + [1] * 4 + [2] * 2)
        # no buffer is shared: JAX donates them
        model.fit({**data, "labels": np.full(16, 9)}, batch_size=16, verbose=0)
        assert (
            ops.convert_to_numpy(model.old_head.weights[0])
            != ops.convert_to_numpy(model.head.weights[0])
        ).any()

    def test_images_of_old_classes_are_refused(self):
        batch = SecondTask.batch()
        with pytest.raises(
            ValueError,
            match="labels: got class 0, which is not of this task; it must be of the classes "
            r"\[5, 6, 7, 8, 9\]",
        ):
            model = self.make()
            model.compile("sgd")
            model.fit({field: batch[field] for field in ("images", "labels")}, verbose=0)

    def test_what_may_compete_is_named(self):
        with pytest.raises(
            ValueError, match="competing: got 'all'; it must be one of 'seen', 'new'"
        ):
            self.make(competing="all")
