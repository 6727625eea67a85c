import warnings

import keras
import numpy as np
import pytest
from harness import MethodChecks, dtype_policy, inject
from keras import ops

import sslzoo
from sslzoo import nn
from sslzoo.methods.asymmetric.dino import DINO
from sslzoo.nn import ema

CROPS = 2


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class TestDINO(MethodChecks):
    learns = ("backbone", "head")
    stopped = ("teacher_backbone", "teacher_head")
    learning_rate = 0.2
    drop = 2.0

    @classmethod
    def make(cls, **kwargs):
        settings = {"projection": (8,), "outputs": 12, "small_views": CROPS, "frozen_epochs": 0}
        settings |= {"augment": "digits", "teacher_temperature": 0.1}
        return DINO(nn.backbone("micro", 8), **settings | kwargs)

    @classmethod
    def batch(cls, n=13, seed=0):
        batch = super().batch(n, seed)
        corners = [batch["view1"][:, :4, :4], batch["view2"][:, 4:, 4:]]
        return {**batch, "small_views": np.stack(corners, axis=1)}

    @classmethod
    def make_constant(cls, model):
        super().make_constant(model)
        ema.copy(model.backbone, model.teacher_backbone)

    def oracle(self, model, batch):
        def outputs(views):
            features = nn.at_size(model.backbone, views.shape[1])(views, training=True)
            return ops.convert_to_numpy(model.head(features, training=True)).astype("float64")

        n = len(batch["view1"])
        both = outputs(np.concatenate([batch["view1"], batch["view2"]]))
        crops = batch["small_views"].reshape(-1, *batch["small_views"].shape[2:])  # image by image
        crops = outputs(crops).reshape(n, CROPS, -1)
        student = [both[:n], both[n:], *(crops[:, c] for c in range(CROPS))]
        center = ops.convert_to_numpy(model.run_state.center)
        terms = []
        for t in (0, 1):
            teacher = ops.convert_to_numpy(batch[f"teacher{t + 1}"]).astype("float64")
            target = softmax((teacher - center) / 0.1)
            for v, logits in enumerate(student):
                if v != t:
                    terms.append(-np.sum(target * np.log(softmax(logits / 0.1)), axis=1).mean())
        return {"dino": np.mean(terms)}

    def test_twenty_steps_on_one_batch_lower_the_loss(self, monkeypatch):
        """From a center that is the teacher's already: while it moves there, the loss rises."""
        batch, model = self.batch(64), self.make()
        teacher = model.before_step(batch)
        both = np.concatenate([np.asarray(teacher[f"teacher{t}"]) for t in (1, 2)])
        model.run_state.center.assign(both.mean(axis=0))
        monkeypatch.setattr(TestDINO, "make", staticmethod(lambda: model))
        super().test_twenty_steps_on_one_batch_lower_the_loss()

    def test_the_teacher_starts_as_the_student_and_follows_it(self):
        model = inject(self.make(momentum=0.5))
        before = [ops.convert_to_numpy(v).copy() for v in ema.parameters(model.teacher_head)]
        model.compile(keras.optimizers.SGD(0.3))
        model.fit(self.batch(16), batch_size=16, verbose=0)
        model.sync_state()
        networks = zip(ema.parameters(model.head), ema.parameters(model.teacher_head), strict=True)
        for old, (student, teacher) in zip(before, networks, strict=True):
            expected = (old + ops.convert_to_numpy(student)) / 2  # tau at step 0 of 1
            np.testing.assert_allclose(ops.convert_to_numpy(teacher), expected, atol=1e-6)

    def test_the_center_follows_the_teacher(self):
        model, batch = self.make(), self.batch(16)
        teacher = model.before_step(batch)
        mean = np.concatenate([np.asarray(teacher[f"teacher{t}"]) for t in (1, 2)]).mean(axis=0)
        model = inject(self.make())
        model.compile(keras.optimizers.SGD(0.0))
        model.fit(batch, batch_size=16, verbose=0)
        model.sync_state()
        center = ops.convert_to_numpy(model.run_state.center)
        np.testing.assert_allclose(center, 0.1 * mean, atol=1e-5)

    def test_the_last_layer_stays_in_its_first_epoch(self):
        model = inject(self.make(frozen_epochs=1))
        model.compile(keras.optimizers.SGD(0.3, momentum=0.9))
        kernel, kernels = model.head.get_layer("head_last").kernel, []

        class Look(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                self.model.sync_state()
                kernels.append(ops.convert_to_numpy(kernel).copy())

        first = ops.convert_to_numpy(kernel).copy()
        model.fit(self.batch(16), batch_size=8, epochs=2, callbacks=[Look()], verbose=0)
        np.testing.assert_array_equal(kernels[0], first)
        assert np.abs(kernels[1] - first).max() > 1e-4

    def test_the_temperature_of_the_teacher_warms_up_by_epochs(self):
        model = self.make(warmup_temperature=0.04, teacher_temperature=0.08, warmup_epochs=3)
        found = []
        for epoch in range(5):
            model.clock.start(10 * epoch + 3, total=50, per_epoch=10)
            found.append(float(model.teacher_temperature()))
        assert found == pytest.approx([0.04, 0.06, 0.08, 0.08, 0.08])

    @pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
    @pytest.mark.parametrize("scale", [0.0, 1e4])
    def test_equal_and_huge_inputs_leave_the_weights_finite(self, policy, scale):
        with dtype_policy(policy):
            model = inject(self.make())
            model.compile(keras.optimizers.SGD(0.01))
        batch = self.batch(16)
        for view in ("view1", "view2", "small_views"):
            batch[view] = (0.5 + scale * batch[view]).astype("float32")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # equal inputs are a collapse
            model.fit(batch, batch_size=16, epochs=2, verbose=0)
        assert all(np.isfinite(ops.convert_to_numpy(v)).all() for v in model.weights)

    def test_a_vision_transformer_reads_its_small_views(self):
        settings = {"projection": (16, 8), "outputs": 12, "small_views": 2, "small_size": 4}
        model = sslzoo.build("dino", "vit_micro", 8, augment="digits", **settings)
        history = model.fit(self.batch(32)["images"], batch_size=16, epochs=2, verbose=0).history
        assert np.isfinite(history["loss"]).all()

    def test_without_small_views_there_are_two(self):
        model = self.make(small_views=0)
        assert "small_views" not in model.views({"images": self.batch(4)["images"]})
        model.compile("sgd")
        model.fit(self.batch(16)["images"], batch_size=16, verbose=0)

    @pytest.mark.parametrize(
        ("backbone", "size", "message"),
        [
            ("micro", 9, "small_size: got 9 px; it must be at most 8, the side of a large view"),
            ("vit_micro", 6, "small_size: got 6; it must be a multiple of 4, the patch"),
            ("mlp", 4, "backbone: got mlp, which does not work at 4 px; it must work at other"),
        ],
    )
    def test_small_views_that_the_network_cannot_read_are_refused(self, backbone, size, message):
        with pytest.raises(ValueError, match=message):
            DINO(nn.backbone(backbone, 8), outputs=12, projection=(8,), small_size=size)
