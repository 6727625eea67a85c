import few_labels
import keras
import numpy as np
import pytest
from few_labels import names_of, softmax
from harness import inject
from keras import ops

from sslzoo import data, losses
from sslzoo.methods.semisupervised.flexmatch import FlexMatch

# 86 images
MEMORY = np.repeat(
    [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [10, 4, 6, 8, 20, 10, 8, 10, 6, 4, 0]
).astype("int32")


class TestFlexMatch(few_labels.Confident):
    method = FlexMatch
    arguments = {"unlabeled_size": len(MEMORY)}

    @classmethod
    def make(cls, **kwargs):
        """With some images learned already: an empty memory lets every prediction pass."""
        model = super().make(**{"threshold": 0.17} | kwargs)
        model.memory.assign(np.resize(MEMORY, model.memory.shape))
        return model

    def thresholds(self, model):
        counts = [MEMORY.tolist().count(c) for c in range(-1, 10)]
        return [model.threshold * (c / max(counts)) / (2 - c / max(counts)) for c in counts[1:]]

    def unlabeled_term(self, model, batch, logits):
        total, thresholds = 0.0, self.thresholds(model)
        for q, p in zip(softmax(logits["weak"]), softmax(logits["strong"]), strict=True):
            if q.max() >= thresholds[q.argmax()]:
                total -= np.log(p[q.argmax()])
        return total / len(batch["unlabeled"])

    def test_some_pass_the_threshold_and_some_do_not(self):
        """Once the classes that the network predicts are the learned ones: which these are is the
        backend's chance.
        """
        model, batch = self.make(), self.batch(32)
        predicted = self.logits(model, batch)["weak"].argmax(axis=1)
        model.memory.assign(np.resize(predicted, len(MEMORY)))
        assert 0.1 < float(model.losses_logs_kept(batch)[1]["mask"]) < 0.9

    def test_the_memory_keeps_the_last_prediction_above_the_fixed_threshold(self):
        """Counting what passes the flexible threshold would fill it with guesses."""
        model, batch = self.make(), self.batch(32)
        q = softmax(self.logits(model, batch)["weak"])
        expected = MEMORY.copy()
        for row, p in zip(batch["index"], q, strict=True):
            if p.max() > 0.17:
                expected[row] = p.argmax()
        flexible = np.array(self.thresholds(model))
        passed = q.max(axis=1) >= flexible[q.argmax(axis=1)]
        model.compile("sgd")
        _, _, kept = model.losses_logs_kept(batch)
        np.testing.assert_array_equal(ops.convert_to_numpy(model.memory), MEMORY)  # not yet
        model.after_step({**batch, **kept})
        np.testing.assert_array_equal(ops.convert_to_numpy(model.memory), expected)
        # the two rules differ here
        assert (passed & (q.max(axis=1) <= 0.17)).any() and (expected != MEMORY).any()

    def test_the_thresholds_of_a_step_are_those_of_the_memory_before_it(self):
        model, batch = self.make(), self.batch(64)
        q = softmax(self.logits(model, batch)["weak"])
        labels, confidence = q.argmax(axis=1), q.max(axis=1)
        common = np.bincount(labels).argmax()
        model.threshold = float(np.median(confidence[labels == common]))
        model.memory.assign(np.resize([c for c in range(10) if c != common], len(MEMORY)))

        def mask():
            thresholds = losses.flexible_thresholds(model.memory, 10, model.threshold)
            return np.mean(confidence >= ops.convert_to_numpy(thresholds)[labels])

        before = mask()
        model.compile("sgd")
        _, logs, kept = model.losses_logs_kept(batch)
        assert float(logs["mask"]) == pytest.approx(before)
        model.after_step({**batch, **kept})
        assert mask() < before  # the memory after the step would let fewer pass

    def test_an_empty_memory_lets_everything_pass_and_a_confident_one_does_not(self):
        model, batch = self.make(threshold=0.99), self.batch(32)
        model.memory.assign(np.full(len(MEMORY), -1))
        assert float(model.losses_logs_kept(batch)[1]["mask"]) == 1
        model.memory.assign(np.arange(len(MEMORY)) % 10)
        assert float(model.losses_logs_kept(batch)[1]["mask"]) == 0

    def test_the_memory_is_all_unlearned_at_first_and_part_of_a_checkpoint(self):
        model = FlexMatch(self.make().backbone, 10, unlabeled_size=7)
        assert ops.convert_to_numpy(model.memory).tolist() == [-1] * 7
        assert any(v is model.memory for v in model.variables)

    @pytest.mark.parametrize(
        ("index", "message"),
        [
            (np.arange(16) // 2, "index: got 0 2 times; it must hold each image once"),
            (
                np.arange(16) + 71,
                "index: got integers from 71 to 86; it must be in 0..85",
            ),
            (np.arange(16) - 1, "index: got integers from -1 to 14; it must be in 0..2147483647"),
            (np.arange(16) / 2, r"index: got float64 \(16,\); it must be integers \(N,\)"),
            (
                np.arange(16)[:, None] + [0, 16],
                r"index: got int64 \(16, 2\); it must be integers \(N,\)",
            ),
        ],
    )
    def test_an_index_that_repeats_or_exceeds_the_memory_is_refused(self, index, message):
        model = inject(self.make())
        model.compile(keras.optimizers.SGD(0.1))
        with pytest.raises(ValueError, match=message):
            model.fit(self.batch(16) | {"index": index}, batch_size=16, verbose=0)
        assert int(ops.convert_to_numpy(model.optimizer.iterations)) == 0

    def test_a_memory_of_another_size_than_the_data_is_refused(self):
        model = self.make()
        model.compile(keras.optimizers.SGD(0.1))
        with pytest.raises(
            ValueError, match=r"unlabeled: got 1297 images; it must be 86 \(unlabeled_size\)"
        ):
            model.fit(
                data.Paired(data.load("digits"), batch_size=8, ratio=2, labels_per_class=1),
                verbose=0,
            )
        with pytest.raises(ValueError, match="unlabeled: got 64 images; it must be 86"):
            model.fit({field: self.batch(64)[field] for field in names_of(FlexMatch)}, verbose=0)
        with pytest.raises(ValueError, match="unlabeled_size: got 0"):
            self.make(unlabeled_size=0)

    def test_it_runs_on_paired_digits_and_learns_some(self):
        digits = data.load("digits").take(slice(96))
        model = self.make(unlabeled_size=96, threshold=0.2)
        model.memory.assign(np.full(96, -1))
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9))
        feed = data.Paired(digits, batch_size=8, ratio=3, labels_per_class=2, steps_per_epoch=4)
        logs = model.fit(feed, epochs=2, verbose=0).history
        assert (ops.convert_to_numpy(model.memory) >= 0).mean() > 0.2
        assert logs["mask"][0] > 0.9  # the warm-up
        assert logs["threshold"][1] > logs["threshold"][0]
