import few_labels
import keras
import numpy as np
import pytest
from few_labels import softmax
from harness import STATISTICS, gradients, inject
from keras import ops

from sslzoo.methods.semisupervised.mean_teacher import MeanTeacher


class TestMeanTeacher(few_labels.Checks):
    method = MeanTeacher
    unlabeled_views = ("weak", "weak2")
    arguments = {"ramp": 0.0}

    @classmethod
    def make(cls, **kwargs):
        """With a teacher that is not the student."""
        model = super().make(**kwargs)
        rng = np.random.default_rng(0)
        for variable in model.average_head.weights:
            variable.assign(variable + rng.normal(0, 0.3, variable.shape))
        return model

    def logits(self, model, batch):
        """The student's of its views, and the teacher's of its own."""
        views = np.concatenate([batch["labeled"], batch["weak"]])
        student = model.head(model.backbone(views, training=True))
        answers = model.average_head(model.average_backbone(batch["weak2"], training=True))
        labeled, weak = np.split(ops.convert_to_numpy(student).astype("float64"), 2)
        answers = ops.convert_to_numpy(answers).astype("float64")
        return {"labeled": labeled, "weak": weak, "weak2": answers}

    def unlabeled_term(self, model, batch, logits):
        pairs = zip(softmax(logits["weak"]), softmax(logits["weak2"]), strict=True)
        return 50 * np.mean([np.mean((p - q) ** 2) for p, q in pairs])

    def test_the_consistency_gradient_of_the_student_is_not_zero(self):
        """With the student's logits read from the teacher's pass, it would be."""
        model, batch = self.make(), self.batch()
        model.supervised = lambda logits, labels: 0.0 * ops.sum(logits)
        found = gradients(model, batch)
        for variable in (*model.backbone.trainable_variables, *model.head.trainable_variables):
            assert np.abs(found[id(variable)]).max() > 1e-5, variable.path

    def test_the_teacher_leaves_its_statistics_as_they_are_in_the_pass(self):
        """They are averages of the student's, and nothing else changes them."""
        model, batch = self.make(momentum=0.5), self.batch(16)
        model.compile(keras.optimizers.SGD(0.0))
        statistics = {
            name: [v for v in network.weights if v.name in STATISTICS]
            for name, network in (("own", model.average_backbone), ("student", model.backbone))
        }
        before = [ops.convert_to_numpy(v) for v in statistics["own"]]
        inject(model).fit(batch, batch_size=16, verbose=0)
        for old, own, student in zip(before, *statistics.values(), strict=True):
            expected = 0.1 * old + 0.9 * ops.convert_to_numpy(student)  # 0.1: warmed up
            np.testing.assert_allclose(ops.convert_to_numpy(own), expected, rtol=1e-5, atol=1e-6)

    def test_wrong_arguments_are_named(self):
        with pytest.raises(ValueError, match="ramp: got 1.5"):
            self.make(ramp=1.5)
