import few_labels
import keras
import numpy as np
import pytest
import six_kinds
from few_labels import names_of, softmax
from harness import inject
from keras import ops

from sslzoo import data, nn
from sslzoo.methods.semisupervised.fixmatch import FixMatch
from sslzoo.training import Checkpoint


class TestFixMatch(few_labels.Confident):
    exported = True
    method = FixMatch

    def unlabeled_term(self, model, batch, logits):
        total = 0.0
        for q, p in zip(softmax(logits["weak"]), softmax(logits["strong"]), strict=True):
            if q.max() >= model.threshold:
                total -= np.log(p[q.argmax()])
        return total / len(batch["unlabeled"])  # of all, not of those that passed

    @pytest.mark.parametrize("form", ["dataset", "arrays", "dict"])
    def test_data_without_unlabeled_images_names_what_pairs_them(self, form):
        rows = data.load("digits").take(range(20))
        x = {"dataset": rows, "arrays": rows.images, "dict": dict(rows.fields)}[form]
        with pytest.raises(ValueError, match=r"unlabeled: missing; .*model.fit\(.*Paired\(labeled"):
            self.make().fit(x, rows.labels if form == "arrays" else None)

    def test_what_is_no_image_needs_two_layers_for_its_views(self):
        network = six_kinds.vectors()
        needed = "augment: got fixmatch; it must be two Keras layers, .* view of vectors; presets"
        with pytest.raises(ValueError, match=needed):
            FixMatch(network, 10)
        noise = keras.layers.GaussianNoise(0.1), keras.layers.GaussianNoise(1.0)
        model, vectors = FixMatch(network, 10, augment=noise), np.zeros((64, 5), "float32")
        views = model.views({"vectors": vectors, "unlabeled": vectors})
        spread = {name: np.std(ops.convert_to_numpy(views[name])) for name in ("weak", "strong")}
        assert 0.05 < spread["weak"] < 0.15 and 0.8 < spread["strong"] < 1.2

    def test_weight_zero_is_the_supervised_baseline_of_the_labeled_images_alone(self):
        model, batch = self.make(unlabeled_weight=0.0), self.batch()
        losses, logs, _ = model.losses_logs_kept(batch)
        features = self.make().backbone(batch["labeled"], training=True)
        p = softmax(ops.convert_to_numpy(model.head(features)).astype("float64"))
        expected = np.mean(
            [-np.log(row[label]) for row, label in zip(p, batch["labels"], strict=True)]
        )
        assert losses.keys() == {"supervised"} and "mask" not in logs
        np.testing.assert_allclose(float(losses["supervised"]), expected, rtol=1e-5)

    def test_the_averages_follow_the_student_after_the_optimizer_statistics_too(self):
        model = self.make(momentum=0.5)
        model.compile(keras.optimizers.SGD(0.3))
        # (1 + t) / (10 + t) is below 0.5 until t = 8
        expected, found = few_labels.follow(model, self.batch(16), 0.5, steps=6)
        for mine, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)

    def test_classify_and_encode_are_those_of_the_averages(self):
        model, images = self.make(), self.batch(5)["images"]
        model.head.set_weights([np.zeros(w.shape) for w in model.head.get_weights()])
        probabilities = model.classify(images)
        assert probabilities.shape == (5, 10)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        assert np.ptp(probabilities) > 0.01  # the student's head would give 0.1 everywhere
        features = model.average_backbone(model.preprocess(images), training=False)
        np.testing.assert_allclose(model.encode(images), features, rtol=1e-4, atol=1e-5)

    def test_a_digit_is_never_mirrored_in_its_views(self):
        model = self.make()
        assert model.weak.flip == 0 and FixMatch(nn.backbone("micro", 8), 10).weak.flip == 0.5

    def test_labels_and_unlabeled_images_are_checked_before_the_first_step(self):
        model, batch = inject(self.make()), self.batch(16)
        model.compile(keras.optimizers.SGD(0.1))
        for field, value, message in (
            (
                "labels",
                np.full(16, 10),
                "labels: got integers from 10 to 10; it must be in 0..9",
            ),
            (
                "unlabeled",
                np.zeros((16, 8, 8, 2), "uint8"),
                r"unlabeled: got shape \(16, 8, 8, 2\); it must have 1 or 3 channels",
            ),
            (
                "unlabeled",
                np.full((16, 8, 8, 1), 2.0),
                "unlabeled: got floats from 2.0 to 2.0; it must hold finite",
            ),
        ):
            with pytest.raises(ValueError, match=message):
                model.fit(batch | {field: value}, batch_size=16, verbose=0)
        assert int(ops.convert_to_numpy(model.optimizer.iterations)) == 0

    def test_a_set_without_labels_of_a_class_or_smaller_than_a_batch_is_refused(self):
        model, batch = self.make(), {field: self.batch(64)[field] for field in names_of(FixMatch)}
        model.compile(keras.optimizers.SGD(0.1))
        few = {field: values[batch["labels"] < 5] for field, values in batch.items()}
        images = few["images"]
        none = "labels: got none of class 5; it must hold each of the 10 classes of this model"
        for given in (few, data.Paired((images, few["labels"]), batch_size=4, ratio=2)):
            with pytest.raises(ValueError, match=none):
                model.fit(given, verbose=0)
        with pytest.raises(ValueError, match=none):
            model.fit({"images": images, "unlabeled": images}, few["labels"], verbose=0)
        with pytest.raises(
            ValueError, match=r"unlabeled: got 64 images; a batch takes 65 \(batch_size\)"
        ):
            model.fit(batch, batch_size=65, verbose=0)
        assert int(ops.convert_to_numpy(model.optimizer.iterations)) == 0

    def test_a_checkpoint_of_another_draw_is_refused(self, tmp_path):
        digits = data.load("digits").take(slice(96))

        def run(**settings):
            model = self.make()
            model.compile(keras.optimizers.SGD(0.1))
            feed = data.Paired(
                digits,
                **{"batch_size": 8, "ratio": 2, "labels_per_class": 1, "steps_per_epoch": 2}
                | settings,
            )
            return model.fit(feed, callbacks=[Checkpoint(tmp_path / "run.npz")], verbose=0)

        assert run().epoch == [0] and run().epoch == []
        for field, before, now in (
            ("draw", 0, 7),
            ("labels_per_class", 1, 2),
            ("ratio", 2, 3),
            ("steps_per_epoch", 2, 3),
        ):
            with pytest.raises(
                ValueError,
                match=f"its run has {field} {before}, this one {now}; .* or use another file",
            ):
                run(**{field: now})

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"threshold": 1.5}, "threshold: got 1.5"),
            ({"unlabeled_weight": -1}, "unlabeled_weight: got -1"),
            ({"momentum": 1.0}, "momentum: got 1.0"),
            ({"augment": "digit"}, "preset: got 'digit'; .*did you mean digits"),
        ],
    )
    def test_wrong_arguments_are_named(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            self.make(**arguments)
