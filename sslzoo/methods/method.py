"""The base of every method: one `train_step`, one contract, ordinary Keras around it."""

import functools
import inspect
import types

import keras
from keras import ops

from sslzoo import backends, nn
from sslzoo.methods.callbacks import Checkpoint, CollapseMonitor, NaNStop
from sslzoo.methods.feed import Feed, with_labels
from sslzoo.methods.verbs import Verbs


class Method(backends.Step, Verbs, keras.Model):
    """A way to learn a representation, trained by `fit`.

    A subclass gives `compute_losses`; often `views`; sometimes `before_step` and `after_step`. It
    builds every layer in its constructor and adds nothing later.

    Args:
        backbone: a Functional `keras.Model`, images in [0, 1] of (N, size, size, channels) ->
        features (N, D).
        seed: of everything random here: augmentation, the order of the batches.

    Attributes:
        backbone: the network that other programs take away.
        fields: the names a training batch must hold.
        image_fields: those of them that are images, checked as such.
        optimizer_groups: {name: regular expression of variable paths} of the networks that may have
        optimisers of their own.
        defaults: hyperparameters that `sslzoo.build` gives, all of them, where it is not given the
        first.
        recipe: arguments of `sslzoo.zoo.build.Recipe`: the optimiser and schedule of
            `sslzoo.build`. Here lightly's for CIFAR-10
            at batch 256: .06 per 128 images.
        min_batch: the smallest batch the loss is defined for.
        scheduled: whether the step reads `first_step` and `total_steps`, the optimiser's count when
            this `fit` began and the steps it has (None outside `fit`, or for a stream of unknown
            length).
    """

    fields = ("images",)
    image_fields = ("images",)
    optimizer_groups = {}
    defaults = {}
    recipe = {
        "optimizer": {"name": "sgd", "learning_rate": 0.12, "momentum": 0.9, "weight_decay": 5e-4}
    }
    min_batch = 1
    scheduled = False

    def __new__(cls, *args, **kwargs):
        instance = super().__new__(cls, *args, **kwargs)
        bound = inspect.signature(cls.__init__).bind(instance, *args, **kwargs)
        arguments = dict(list(bound.arguments.items())[1:])
        # A plain object: Keras neither tracks nor locks what is in it.
        object.__setattr__(
            instance,
            "_own",
            types.SimpleNamespace(arguments=arguments, means={}, logs={}, cache={}),
        )
        return instance

    def __init__(self, backbone, seed=0, name=None):
        super().__init__(name=name)
        _, height, width, channels = backbone.input_shape
        if height is None or height != width:
            raise ValueError(
                f"backbone: input {height}x{width}; it must be square and known, e.g. "
                "Input((32, 32, 3))."
            )
        if len(backbone.output_shape) != 2:
            raise ValueError(
                f"backbone: output shape {backbone.output_shape}; it must be (N, D): pool the "
                "last map."
            )
        self.backbone = backbone
        self.preprocess = nn.Preprocess(height, channels)
        self.seed = seed
        self.total_steps = None
        self.first_step = 0
        self._recipe = None
        self.built = True  # every layer is, from its constructor on

    # ---- what a method defines -------------------------------------------------------

    def views(self, batch):
        """Everything random: add the views, masks or noise that `compute_losses` reads. Here: the
        batch as it is.
        """
        return batch

    def compute_losses(self, batch):
        """{name: scalar}, differentiable and weighted; the sum is minimised and each is logged."""
        raise NotImplementedError(f"{type(self).__name__}.compute_losses is missing.")

    def before_step(self, batch):
        """State to update before the forward pass (MoCo's key network)."""

    def after_step(self, batch):
        """State to update after the optimiser (BYOL's target)."""

    def check(self, data):
        """Refuse data that the losses are not defined for: a ValueError of one sentence. `data` is
        {field: NumPy array}, once of the whole set, where `fit` was given one, and once of the
        first batch.
        """

    def training_data(self, x):
        """What `fit` trains on when it is given `x` (with labels, (images, labels)): replay adds
        its memory. The place to refuse what only the whole set shows.
        """
        return x

    # ---- what a method calls ---------------------------------------------------------

    def represent(self, images):
        """Training features (N, D) of views in [0, 1], with their spread logged for the collapse
        monitor.
        """
        features = self.backbone(images, training=True)
        self.track("feature_std", nn.feature_std(backends.gather(ops.stop_gradient(features))))
        return features

    def track(self, name, value):
        """Log a scalar of this step beside the losses, as its mean over the epoch."""
        self._own.logs[name] = ops.stop_gradient(ops.cast(value, "float32"))

    # ---- training --------------------------------------------------------------------

    def compile(self, optimizer="sgd", jit_compile="auto", **kwargs):
        """As in Keras; `optimizer` may also be a function total_steps -> optimizer (a recipe with a
        schedule): then every call of `fit` runs the whole schedule over its own epochs.
        """
        self.build()
        self._recipe = None
        if not isinstance(optimizer, (str, dict, keras.optimizers.Optimizer)) and callable(
            optimizer
        ):
            self._recipe = (
                functools.partial(self.compile, jit_compile=jit_compile, **kwargs),
                optimizer,
            )
            optimizer = optimizer(1000)  # until `fit` knows its steps
        jit_compile = self.default_jit() if jit_compile == "auto" else jit_compile
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        initial_epoch=0,
        steps_per_epoch=None,
    ):
        """Keras' `fit`, on images alone, on a `sslzoo.data.Dataset`, a dict of named arrays, (x,
        y), or a stream.

        Arrays are shuffled by permutation(seed, epoch), in batches of `batch_size`, by default of
        256 or of all if they are fewer. With a `Checkpoint` among the callbacks, the same call on
        arrays again continues the run where it was interrupted, bit for bit.

        Raises:
            ValueError: bad data, in one sentence, before the first step. Of a stream that is not of
                `sslzoo.data` the first batch is looked at, and no other.
            FloatingPointError: the loss became NaN or infinite; the weights of the last good epoch
            are restored.
        """
        feed = Feed(self.training_data(with_labels(x, y)), batch_size, self, steps_per_epoch)
        total = epochs * feed.steps_per_epoch if feed.steps_per_epoch else None
        if self._recipe is not None:
            if total is None:
                raise ValueError(
                    "steps_per_epoch: got None for a stream; the schedule needs the number of "
                    "steps."
                )
            compile, recipe = own = self._recipe
            compile(recipe(total))
            self._recipe = own
            # of a MultiOptimizer
            for optimizer in (self.optimizer, *getattr(self.optimizer, "optimizers", ())):
                optimizer.iterations.assign(initial_epoch * feed.steps_per_epoch)
        if not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)
        callbacks = list(callbacks or [])
        checkpoint = next((c for c in callbacks if isinstance(c, Checkpoint)), None)
        start = initial_epoch * (feed.steps_per_epoch or 0)
        first_step = int(ops.convert_to_numpy(self.optimizer.iterations)) - start
        if checkpoint is not None:
            checkpoint.run = feed.run
            if checkpoint.restore(self):
                start, first_step = checkpoint.step, checkpoint.first_step
            checkpoint.step, checkpoint.first_step = start, first_step
        self._span(first_step, total)
        self._name_trackers(feed.first_batch())
        if checkpoint is not None and not checkpoint.path.exists():
            checkpoint.set_model(self)
            # stopped before the first of its own, the run begins again as it began
            checkpoint.save()
        guard = NaNStop()
        callbacks = [guard, CollapseMonitor(feed.sample(512)), *callbacks]
        history = keras.callbacks.History()
        history.epoch, history.history = [], {}
        try:
            for data, first, last, steps in feed.segments(start, epochs):
                done = super().fit(
                    data,
                    epochs=last,
                    initial_epoch=first,
                    steps_per_epoch=steps,
                    callbacks=callbacks,
                    shuffle=False,
                    verbose=verbose,
                )
                history.epoch += done.epoch
                for key, values in done.history.items():
                    history.history.setdefault(key, []).extend(values)
                if self.stop_training:
                    break
        except BaseException:
            guard.restore_if_broken()
            raise
        self.history = history
        return history

    def _span(self, first_step, total_steps):
        """The steps that schedules inside the method (EMA) run over; a compiled step that reads
        another span is dropped.
        """
        if self.scheduled and (self.first_step, self.total_steps) != (first_step, total_steps):
            self.train_function = None
        self.first_step, self.total_steps = first_step, total_steps

    def losses_and_logs(self, batch):
        """The losses in float32 and what was tracked beside them."""
        self._own.logs = {}
        losses = {
            name: ops.cast(loss, "float32") for name, loss in self.compute_losses(batch).items()
        }
        return losses, self._own.logs

    def named_batch(self, data):
        """What `fit` was fed -> a dict of named fields."""
        if isinstance(data, (tuple, list)):
            data = (
                data[0] if len(data) == 1 else dict(zip(("images", "labels"), data, strict=False))
            )
        return data if isinstance(data, dict) else {"images": data}

    def _name_trackers(self, batch):
        """Trace one step to learn what it logs, which also finds any error in it before a weight
        has moved.
        """
        losses, logs = backends.abstract(
            lambda b: self.losses_and_logs(self.views(self.named_batch(b))), batch
        )
        for name in ("loss", *losses, *logs):
            self._own.means.setdefault(name, keras.metrics.Mean(name=name))

    def update_trackers(self, values):
        for name, value in values.items():
            self._own.means[name].update_state(value)
        return {name: mean.result() for name, mean in self._own.means.items()}

    @property
    def metrics(self):
        return list(self._own.means.values())

    # ---- Keras' housekeeping ---------------------------------------------------------

    def build(self, input_shape=None):
        """Nothing is left to build: every layer was built in the constructor."""
        self.built = True

    def get_config(self):
        return {k: keras.saving.serialize_keras_object(v) for k, v in self._own.arguments.items()}

    def save_own_variables(self, store):
        """Also the state of the random generators, which Keras leaves out."""
        super().save_own_variables(store)
        for index, state in enumerate(self._seed_states()):
            store[f"seed_{index}"] = ops.convert_to_numpy(state)

    def load_own_variables(self, store):
        seeds = {key: store[key] for key in store.keys() if key.startswith("seed_")}  # noqa: SIM118
        super().load_own_variables({key: store[key] for key in store.keys() if key not in seeds})  # noqa: SIM118
        if seeds:  # published weights carry none
            for index, state in enumerate(self._seed_states()):
                state.assign(seeds[f"seed_{index}"])

    def _seed_states(self):
        weights = {id(v) for v in self.weights}
        return [v for v in self.variables if id(v) not in weights]

    def get_compile_config(self):
        """For `.keras` files: the recipe, or the optimizer. XLA or not is the loading machine's own
        choice, so it is left out.
        """
        if not self.compiled:
            return None
        optimizer = self.optimizer if self._recipe is None else self._recipe[1]
        return {"optimizer": keras.saving.serialize_keras_object(optimizer)}

    def compile_from_config(self, config):
        self.compile(keras.saving.deserialize_keras_object(config["optimizer"]))
        self.optimizer.build(self.trainable_variables)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(
            **{
                k: keras.saving.deserialize_keras_object(v, custom_objects)
                for k, v in config.items()
            }
        )

    def untrained(self):
        """A new model of the same configuration, as it was before training where its initialisers
        have seeds.
        """
        return type(self).from_config(self.get_config())
