"""What the methods of a few labels share: the fields, the views, one pass for all, the averaged
weights.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import losses, nn
from sslzoo.augment.views import changed
from sslzoo.checks import at_least, in_range, refused
from sslzoo.nn import ema
from sslzoo.training.classifier import Classifier
from sslzoo.training.feed import is_rows, named_arrays


class FewLabels(Classifier):
    """A classifier that learns from a few labeled images and many unlabeled ones. See
    `sslzoo.data.Paired`.

    A subclass gives `targets`, or other `unlabeled_terms`. The student itself makes the labels, in
    training mode and in the pass that is trained. FixMatch's code does the same, and does not use
    the averaged weights. BatchNorm sees labeled, weak and strong views together.

    Items need not be images where both views are layers.

    Args:
        backbone: Network from images to features (N, D).
        classes: C, the number of classes.
        unlabeled_weight: Weight of the unlabeled term. With 0, training is supervised, and the
            unlabeled images are not read.
        momentum: Momentum of the averaged weights that `classify`, `encode` and the export use. It
            is warmed up, see `sslzoo.nn.ema`. All the papers' codes have 0.999.
        augment: A preset of `sslzoo.augment.weak_strong`. For any kind of data, two Keras layers
            that change items at random, the weak and the strong view.

    Raises:
        ValueError: A preset for a network that reads no images, or a setting is out of range.

    Attributes:
        average_backbone, average_head: The averaged networks.
        unlabeled_views: Names of the views of the unlabeled images. Those named "strong..." are
            weak and then strong. By default labels are made from the first and held against the
            last.
        ramp: The share of the run in which the weight of the unlabeled term rises. 0: none.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("pseudo_label", "micro", 8, classes=10)
        >>> model.fields
        ('images', 'unlabeled', 'labels')
    """

    recipe = {  # google-research/fixmatch
        "optimizer": {
            "name": "sgd",
            "learning_rate": 0.03,
            "momentum": 0.9,
            "nesterov": True,
            "weight_decay": 5e-4,
        },
        "schedule": "fixmatch",
    }
    more_inputs = ("unlabeled",)
    ablations = {"same_labels_alone": {"hyperparameters": {"unlabeled_weight": 0.0}}}
    unlabeled_views = ("weak", "strong")
    needs_images = False
    ramp = 0.0

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        unlabeled_weight: float,
        momentum: float,
        augment: Any,
        seed: int,
        name: str | None,
    ) -> None:
        super().__init__(backbone, classes, seed=seed, name=name)
        if self.reads.field != "images":
            self._check_views(augment)
        self.unlabeled_weight = float(at_least("unlabeled_weight", unlabeled_weight, 0))
        self.momentum = float(in_range("momentum", momentum, 0, 1, high_open=True))
        self.average_backbone, self.average_head = ema.target(self.backbone), ema.target(self.head)
        self.weak, self.strong = augmentation.weak_strong(augment, seed=seed)

    def _check_views(self, augment: Any) -> None:
        """Refuse what is made for images alone."""
        if self.needs_images:
            raise refused("backbone", f"one that reads {self.reads.field}", "read images")
        if isinstance(augment, (str, dict)):
            needed = f"be two Keras layers, the weak and the strong view of {self.reads.field}"
            raise refused("augment", augment, f"{needed}; presets are for images")

    @property
    def encoder(self) -> keras.Model:
        return self.average_backbone

    @property
    def classifier(self) -> keras.Model:
        return self.average_head

    def views(self, batch: dict) -> dict:
        items = self.reads.layer(self.reads.of(batch))
        unlabeled = self.reads.layer(batch["unlabeled"])
        views = {"labeled": changed(self.weak, items)}
        for name in self.unlabeled_views:
            views[name] = changed(self.weak, unlabeled)
            if name.startswith("strong"):
                views[name] = changed(self.strong, views[name])
        return {**batch, **views}

    def training_data(self, x: Any) -> Any:
        """ValueError where there are rows and none unlabeled, or the labels miss a class."""
        if is_rows(x) and "unlabeled" not in getattr(x, "fields", named_arrays(x)):
            name = type(self).__name__
            raise ValueError(
                f"unlabeled: missing; {name} learns from labeled and unlabeled {self.reads.field}: "
                "`model.fit(sslzoo.data.Paired(labeled, unlabeled=others), epochs=...)`."
            )
        labels = np.asarray(named_arrays(x).get("labels", "none"))
        if labels.dtype.kind in "iu":  # what else is wrong with them, `fit` says
            self.check({"labels": labels})
            missing = sorted(set(range(self.classes)) - set(labels.tolist()))
            if missing:
                needed = f"hold each of the {self.classes} classes of this model"
                raise refused("labels", f"none of class {missing[0]}", needed)
        return x

    def targets(self, logits: Any, batch: dict) -> tuple:
        """(targets, mask) of the unlabeled term, made from the logits (M, C) of the weak views:
        integers (M,) or probabilities (M, C), and which rows count, bool (M,).
        """
        raise NotImplementedError(f"{type(self).__name__}.targets is missing.")

    def supervised(self, logits: Any, labels: Any) -> Any:
        """The supervised term."""
        return losses.confident_cross_entropy(logits, labels)

    def weight(self) -> Any:
        """Of the unlabeled term, at this step."""
        return self.unlabeled_weight * self.risen()

    def risen(self) -> Any:
        """From 0 to 1, linearly over the share `ramp` of the run."""
        return ops.minimum(1.0, self.clock.progress() / self.ramp) if self.ramp else 1.0

    def student_logits(self, view: Any) -> Any:
        """Training logits (N, C) of views."""
        return self.head(self.represent(view), training=True)

    def passed(self) -> tuple[str, ...]:
        """The views that go through the student in one pass."""
        return ("labeled", *(self.unlabeled_views if self.unlabeled_weight else ()))

    def compute_losses(self, batch: dict) -> dict:
        names = self.passed()
        parts = nn.one_pass(self.student_logits, [batch[name] for name in names])
        logits = dict(zip(names, parts, strict=True))
        terms = {"supervised": self.supervised(logits["labeled"], batch["labels"])}
        return terms | (self.unlabeled_terms(logits, batch) if self.unlabeled_weight else {})

    def unlabeled_terms(self, logits: dict, batch: dict) -> dict:
        """{name: scalar}, weighted, of the logits of each view. Here: the cross-entropy of the
        last view against `targets`.
        """
        targets, mask = self.targets(logits[self.unlabeled_views[0]], batch)
        self.track("mask", ops.mean(ops.cast(mask, "float32")))
        judged = logits[self.unlabeled_views[-1]]
        loss = losses.confident_cross_entropy(judged, targets, mask)
        return {"unlabeled": self.weight() * loss}

    def after_step(self, batch: dict) -> None:
        # this step is counted already
        momentum = ema.warmed_up(self.momentum, self.optimizer.iterations - 1)
        ema.update_for_evaluation(self.backbone, self.average_backbone, momentum)
        ema.update_for_evaluation(self.head, self.average_head, momentum)


def constant_logits(networks: tuple, view: Any) -> Any:
    """Logits (N, C) of a backbone and a head whose weights are constants, in training mode:
    normalized by this batch, which leaves BatchNorm's statistics as they are.

    Example:
        >>> import numpy as np, sslzoo
        >>> from sslzoo.methods.semisupervised._few_labels import constant_logits
        >>> model = sslzoo.build("mean_teacher", "micro", 8, classes=10)
        >>> images = np.ones((2, 8, 8, 3), "float32")
        >>> tuple(constant_logits((model.backbone, model.head), images).shape)
        (2, 10)
    """
    for network in networks:
        view = nn.frozen(network)(view, training=True)
    return view
