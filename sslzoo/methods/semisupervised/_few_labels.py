"""What FixMatch, FlexMatch, UDA and Pseudo-Label share: the fields, the views, one pass for all,
the averaged weights.
"""

import numpy as np
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import losses
from sslzoo.nn import ema
from sslzoo.training.classifier import Classifier
from sslzoo.training.feed import named_arrays


class FewLabels(Classifier):
    """A classifier that learns from a few labelled images and many unlabelled ones:
    `sslzoo.data.Paired`.

    A subclass gives `targets`. The labels that it makes come from the student itself, in training
    mode and in the pass that is trained (FixMatch's code, not the averaged weights), so that
    BatchNorm sees labelled, weak and strong views together.

    Args:
        backbone: images -> features (N, D).
        classes: C.
        unlabeled_weight: of the unlabelled term. 0: supervised only; then the unlabelled images are
        not even looked at.
        momentum: of the average of weights over time that `classify`, `encode` and the export use;
            warmed up, see `sslzoo.nn.ema`. .999 in all the papers' codes.
        augment: a preset of `sslzoo.augment.weak_strong`.

    Attributes:
        average_backbone, average_head: the averaged networks.
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
    unlabeled_views = ("weak", "strong")  # labels are made from the first and held against the last

    def __init__(self, backbone, classes, unlabeled_weight, momentum, augment, seed, name):
        super().__init__(backbone, classes, seed=seed, name=name)
        if not unlabeled_weight >= 0:
            raise ValueError(f"unlabeled_weight: got {unlabeled_weight!r}; it must be at least 0.")
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum: got {momentum!r}; it must be in 0..1, below 1.")
        self.unlabeled_weight, self.momentum = float(unlabeled_weight), float(momentum)
        self.average_backbone, self.average_head = ema.target(self.backbone), ema.target(self.head)
        self.weak, self.strong = augmentation.weak_strong(augment, seed=seed)

    @property
    def encoder(self):
        return self.average_backbone

    @property
    def classifier(self):
        return self.average_head

    def views(self, batch):
        items, unlabeled = (self.reads.layer(batch[k]) for k in (self.reads.field, "unlabeled"))
        views = {"labeled": self.weak(items), "weak": self.weak(unlabeled)}
        if "strong" in self.unlabeled_views:
            views["strong"] = self.strong(self.weak(unlabeled))
        return {**batch, **views}

    def training_data(self, x):
        """ValueError where the labels of the whole set miss a class."""
        labels = np.asarray(named_arrays(x).get("labels", "none"))
        if labels.dtype.kind in "iu":  # what else is wrong with them, `fit` says
            self.check({"labels": labels})
            if missing := sorted(set(range(self.classes)) - set(labels.tolist())):
                needed = f"each of the {self.classes} classes of this model needs at least one"
                raise ValueError(f"labels: got none of class {missing[0]}; {needed}.")
        return x

    def targets(self, logits, batch):
        """(targets, mask) of the unlabelled term, made from the logits (M, C) of the weak views:
        integers (M,) or probabilities (M, C), and which rows count, bool (M,).
        """
        raise NotImplementedError(f"{type(self).__name__}.targets is missing.")

    def supervised(self, logits, labels):
        """The supervised term."""
        return losses.confident_cross_entropy(logits, labels)

    def weight(self):
        """Of the unlabelled term, at this step."""
        return self.unlabeled_weight

    def compute_losses(self, batch):
        names = ["labeled", *(self.unlabeled_views if self.unlabeled_weight else ())]
        logits = self.head(
            self.represent(ops.concatenate([batch[name] for name in names], axis=0)), training=True
        )
        found, start = {}, 0
        for name in names:
            end = start + ops.shape(batch[name])[0]
            found[name], start = logits[start:end], end
        terms = {"supervised": self.supervised(found["labeled"], batch["labels"])}
        if len(names) > 1:
            targets, mask = self.targets(found["weak"], batch)
            self.track("mask", ops.mean(ops.cast(mask, "float32")))
            terms["unlabeled"] = self.weight() * losses.confident_cross_entropy(
                found[names[-1]], targets, mask
            )
        return terms

    def after_step(self, batch):
        # this step is counted already
        momentum = ema.warmed_up(self.momentum, self.optimizer.iterations - 1)
        ema.update_for_evaluation(self.backbone, self.average_backbone, momentum)
        ema.update_for_evaluation(self.head, self.average_head, momentum)
