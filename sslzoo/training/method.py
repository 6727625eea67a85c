"""The base of every method: one `train_step`, one contract, ordinary Keras around it."""

import inspect
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import keras
from keras import ops

from sslzoo import backends, nn
from sslzoo.checks import refused
from sslzoo.inputs import Input, check_settings
from sslzoo.training.checkpoint import Checkpoint
from sslzoo.training.clock import Clock
from sslzoo.training.fields import Fields
from sslzoo.training.fitting import Fitting
from sslzoo.training.saving import Saving
from sslzoo.training.tracking import Tracking
from sslzoo.training.verbs import Verbs


class Learned(NamedTuple):
    """What a whole training comes to: its steps, and the records that were measured on the way.

    Example:
        >>> from sslzoo.training import Learned
        >>> Learned(steps=100, metrics=[]).steps
        100
    """

    steps: int
    metrics: list


class Method(backends.Step, Fitting, Verbs, Fields, Tracking, Saving, keras.Model):
    """The base class of all methods. `fit` trains them.

    A subclass gives `compute_losses`, and often `views`. The other seams are for methods with state
    of their own. It builds every layer in its constructor and adds nothing later. It changes state
    in `before_step`, `after_step`, `begin_epoch` and `end_epoch`, never in `compute_losses`.

    Args:
        backbone: a Functional `keras.Model`, items -> features (N, D). None where there is none.
        reads: the `sslzoo.inputs.Input` of the network; by default `sslzoo.nn.reads(backbone)`.
        seed: Random seed of augmentation and of the order of batches.

    Attributes:
        backbone: the network that other programs take away.
        reads: what one item of data is.
        clock: `step`, `total` and `per_epoch` of this `fit`, variables that schedules read.
        more_inputs: further fields that are items too, such as "unlabeled".
        label_fields: fields beside the items: "labels", "targets", "domains", "index".
        roles: names of the data sets that `learn` takes, where it takes several.
        ablations: {baseline: changes of the config}: what `sslzoo train` trains beside the method.
        optimizer_groups: {name: regular expression of variable paths} of the networks that may have
            optimizers of their own.
        defaults: hyperparameters that `sslzoo.build` gives, all of them, where it is not given the
            first.
        recipe: arguments of `sslzoo.zoo.build.Recipe`: the optimizer and schedule of
            `sslzoo.build`. Here lightly's for CIFAR-10 at batch 256: 0.06 per 128 images.
        min_batch: the smallest batch the loss is defined for.
        separate_gradients: whether `change_gradients` gets one list for each loss.
        learns_tasks: whether `learn` takes a `sslzoo.data.TaskStream`.
        order: None, or a method (epoch, count) -> which of the `count` rows of arrays this epoch
            reads, in their order. It may depend on what `begin_epoch` did.

    Example:
        >>> import keras
        >>> from keras import ops
        >>> from sslzoo import nn
        >>> from sslzoo.training import Method
        >>> class Shrink(Method):
        ...     def compute_losses(self, batch):
        ...         features = self.represent(self.reads.layer(batch["images"]))
        ...         return {"size": ops.mean(ops.square(features))}
        >>> Shrink(nn.backbone("micro", 8)).fields
        ('images',)
    """

    more_inputs = ()
    label_fields = ()
    roles = ()
    ablations = {}
    optimizer_groups = {}
    defaults = {}
    recipe = {
        "optimizer": {"name": "sgd", "learning_rate": 0.12, "momentum": 0.9, "weight_decay": 5e-4}
    }
    min_batch = 1
    separate_gradients = False
    learns_tasks = False
    order = None

    def __new__(cls, *args: Any, **kwargs: Any) -> "Method":
        instance = super().__new__(cls, *args, **kwargs)
        bound = inspect.signature(cls.__init__).bind(instance, *args, **kwargs)
        arguments = dict(list(bound.arguments.items())[1:])
        # A plain object: Keras neither tracks nor locks what is in it.
        own = types.SimpleNamespace(arguments=arguments, means={}, cache={}, origin=None)
        object.__setattr__(instance, "_own", own)
        return instance

    def __init__(
        self,
        backbone: keras.Model | None = None,
        reads: Input | None = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        check_settings()
        super().__init__(name=name)
        self.backbone = backbone
        self.reads = nn.reads(backbone) if reads is None else reads
        self.preprocess = self.reads.layer
        self.clock = Clock()
        self.seed = seed
        self._recipe = None
        self.autocast = False  # floats reach the network's input layer as they came
        self.built = True  # every layer is, from its constructor on

    # ---- what a method defines -------------------------------------------------------

    @property
    def fields(self) -> tuple[str, ...]:
        """The names that a training batch must hold."""
        return (*self.reads.fields, *self.more_inputs, *self.label_fields)

    def views(self, batch: dict) -> dict:
        """Everything random: add the views, masks or noise that `compute_losses` reads. Here: the
        batch as it is.
        """
        return batch

    def before_step(self, batch: dict) -> dict:
        """State to update before the forward pass. Returns the batch, with what the losses read of
        that state (MoCo's keys).
        """
        return batch

    def compute_losses(self, batch: dict) -> dict:
        """{name: scalar}, differentiable and weighted; the sum is minimized and each is logged."""
        raise NotImplementedError(f"{type(self).__name__}.compute_losses is missing.")

    def change_gradients(self, gradients: Any) -> list:
        """What the optimizer gets: a list like `trainable_variables`.

        `gradients` is such a list; with `separate_gradients`, {loss: such a list}, with zeros where
        a loss does not depend on a variable. Without it, a variable that no loss depends on has
        None on TensorFlow, whose optimizers then leave it as it is, and zeros on JAX, whose
        optimizers still decay it. Under mixed precision all are scaled alike. Under
        `MirroredStrategy` they are those of one replica; the optimizer sums what this returns.
        """
        return gradients

    def after_step(self, batch: dict) -> None:
        """State to update after the optimizer (BYOL's target). The batch also holds what
        `compute_losses` gave to `keep`.
        """

    def begin_epoch(self, data: dict | None) -> None:
        """State made of the whole set, before an epoch. `data`: {field: all rows}, None for a
        stream. A run that is resumed inside an epoch has this state from its checkpoint.
        """

    def end_epoch(self) -> None:
        """State that changes once an epoch, after its last step. That step's checkpoint has it."""

    def check(self, data: dict) -> None:
        """Refuse data that the losses are not defined for: a ValueError of one sentence.

        `data` is {field: NumPy array}, once of the whole set, where `fit` was given one, and once
        of the first batch.
        """

    def training_data(self, x: Any) -> Any:
        """What `fit` trains on when it is given `x` (with labels, (x, labels)): replay adds its
        memory. The place to refuse what only the whole set shows.
        """
        return x

    def learn(
        self,
        data: Any,
        folder: str | Path | None = None,
        checkpoint_every: int = 200,
        callbacks: Iterable = (),
        **settings: Any,
    ) -> Learned:
        """The whole training, as `sslzoo train` asks for it. Here: one `fit`.

        Args:
            data: what `fit` takes; with `roles`, a dict of data sets by role.
            folder: where checkpoints go. The same call again goes on with them.
            checkpoint_every: steps between two checkpoints.
            callbacks, settings: of `fit`.

        Returns:
            The steps, and records measured on the way; here none.
        """
        callbacks = list(callbacks)
        if folder is not None:
            callbacks.append(Checkpoint(Path(folder) / "checkpoint.npz", every=checkpoint_every))
        self.fit(data, callbacks=callbacks, **settings)
        return Learned(int(ops.convert_to_numpy(self.clock.step)), [])

    # ---- what a method calls ---------------------------------------------------------

    @property
    def feature_dim(self) -> int:
        """D of the backbone's features (N, D).

        Raises:
            ValueError: the backbone gives something else.
        """
        shape = self.backbone.output_shape
        if not isinstance(shape, tuple) or len(shape) != 2 or shape[-1] is None:
            raise refused("backbone", f"output shape {shape}", "be (N, D): pool the last map")
        return shape[-1]

    def represent(self, x: Any) -> Any:
        """Training features (N, D) of what the network reads, with their spread logged for the
        collapse monitor.
        """
        features = self.backbone(x, training=True)
        self.watch(features)
        return features

    def watch(self, features: Any) -> None:
        """Log the spread of training features (N, D) for the collapse monitor."""
        self.track("feature_std", nn.feature_std(backends.gather(ops.stop_gradient(features))))

    @property
    def watched(self) -> bool:
        """Whether the collapse monitor has features (N, D) to look at."""
        shape = getattr(self.encoder, "output_shape", None)
        return "encode" in self.verbs and isinstance(shape, tuple) and len(shape) == 2
