"""The checks that every method goes through, on TensorFlow and on JAX.

A method's test file names the class, the networks that learn, and a naive NumPy oracle of the
paper's loss; it inherits the rest (tests/methods/contrastive/test_simclr.py is the example to
copy).
"""

import contextlib
import functools
import importlib.util
import json
import warnings
from abc import ABC, abstractmethod
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from sslzoo import data
from sslzoo.nn import ema
from sslzoo.training import Method

SIZE = 8  # pixels
# A few steps are taken eagerly where tracing takes most of the time.
EAGER = {"run_eagerly": keras.backend.backend() == "tensorflow"}
# Of a batch. JAX compiles every operation anew for each, and the formula is no matter of a backend.
SIZES = [2, 13, 32] if keras.backend.backend() == "tensorflow" else [13]
STATISTICS = ("moving_mean", "moving_variance")


class MethodChecks(ABC):
    """Inherit, fill in the first block, and add what only this method promises."""

    # ---- the spec --------------------------------------------------------------------

    learns = ("backbone", "projector")  # attributes: networks that gradient descent trains
    stopped = ()  # attributes: networks that the paper keeps gradients out of
    # variables whose gradient is zero because what follows does not see them, e.g. a bias before
    # BatchNorm
    canceled = ()
    learning_rate = 0.5  # of the 20 steps
    drop = None  # what 20 steps take off the loss, at least
    first = 0  # the step whose loss they are held against
    exported = False  # whether it is the method of its family that is exported whole
    view_range = (0.0, 1.0)  # of what `views` adds; None: any finite numbers

    @classmethod
    @abstractmethod
    def make(cls, **kwargs):
        """The method on the micro backbone."""

    @classmethod
    def example(cls, n):
        """n items as a user has them."""
        return digits(n)

    @classmethod
    def batch(cls, n=13, seed=0):
        """A fixed batch of real images with the fields that `views` would add, as NumPy arrays."""
        return two_views(digits(n), seed)

    @classmethod
    def fit_data(cls, n, seed=0):
        """What `fit` takes for n images when the views are the model's own."""
        batch = cls.batch(n, seed)
        return {field: batch[field] for field in cls.make().fields}

    @classmethod
    def optimizer(cls, rate, momentum=0.0):
        """The optimizer of the steps that are compared and of the runs that are interrupted; `rate`
        may be a schedule.
        """
        return keras.optimizers.SGD(rate, momentum=momentum)

    @abstractmethod
    def oracle(self, model, batch):
        """{name: float}: the paper's formula in plain NumPy, on the model's own embeddings. The
        batch is what `before_step` returned.
        """

    @classmethod
    def make_constant(cls, model):
        """Turn the encoder into a constant."""
        weights = {v.path.rsplit("/", 1)[-1] for v in model.backbone.weights}
        values = {"gamma": 0, "beta": 1} if "gamma" in weights else {"kernel": 0, "bias": 1}
        for variable in model.backbone.weights:
            if variable.name in values:
                variable.assign(np.full(variable.shape, values[variable.name]))

    # ---- the checks ------------------------------------------------------------------

    @pytest.mark.compared
    @pytest.mark.parametrize("n", SIZES)
    def test_loss_is_the_formula_of_the_paper(self, n):
        model, batch = self.make(), self.batch(n)
        losses, batch = terms(model, batch)
        expected = self.oracle(model, batch)
        assert losses.keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_allclose(
                float(losses[name]), value, rtol=1e-5, atol=1e-5, err_msg=name
            )

    def test_views_have_the_fields_and_shapes_of_the_batch(self):
        model, batch = self.make(), self.batch(5)
        made = model.views({field: batch[field] for field in model.fields})
        for field, expected in batch.items():
            values = ops.convert_to_numpy(made[field])
            assert values.shape == expected.shape
            if field not in model.fields and np.issubdtype(values.dtype, np.floating):
                assert values.dtype == "float32"
                low, high = self.view_range or (-np.inf, np.inf)
                assert low <= values.min() and values.max() <= high

    @pytest.mark.compared
    def test_gradients_flow_where_the_paper_lets_them(self):
        model = self.make()
        found = gradients(model, self.batch())
        for attribute in self.learns:
            for variable in ema.parameters(getattr(model, attribute)):
                size = np.abs(found[id(variable)]).max()
                if variable.path in self.canceled:
                    assert size < 1e-6, variable.path
                else:
                    assert size > 1e-5, variable.path
        for attribute in self.stopped:
            for variable in ema.parameters(getattr(model, attribute)):
                assert not found[id(variable)].any(), variable.path

    @pytest.mark.compared
    def test_optimizer_holds_what_learns_and_nothing_else(self):
        model = self.make()
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9))
        model.optimizer.build(model.trainable_variables)
        learning = {id(v) for a in self.learns for v in ema.parameters(getattr(model, a))}
        assert {id(v) for v in model.trainable_variables} == learning
        # a momentum each, the step and the learning rate
        assert len(model.optimizer.variables) == len(learning) + 2

    def test_twenty_steps_on_one_batch_lower_the_loss(self):
        model, batch = inject(self.make()), self.batch(64)
        model.compile(keras.optimizers.SGD(self.learning_rate, momentum=0.9))
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*collapsed")
            history = model.fit(batch, batch_size=64, epochs=20, verbose=0).history
        losses = history["loss"]
        assert losses[self.first] - losses[-1] > self.drop, losses

    @pytest.mark.inherited
    @pytest.mark.compared
    def test_collapse_monitor_fires_on_a_constant_encoder(self):
        model = inject(self.make())
        self.make_constant(model)
        model.compile(keras.optimizers.SGD(0.0), **EAGER)
        with pytest.warns(UserWarning, match="collapsed"):
            model.fit(self.batch(16), batch_size=16, verbose=0)

    @pytest.mark.inherited
    def test_mixed_precision_trains_and_stays_finite(self):
        self.check_precision("mixed_float16")  # bfloat16: test_simclr.py, once for all

    def check_precision(self, policy):
        with dtype_policy(policy):
            model = inject(self.make())
            model.compile(keras.optimizers.SGD(0.1), **EAGER)
        assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer) == (
            policy == "mixed_float16"
        )
        before = [ops.convert_to_numpy(v) for v in model.trainable_variables]
        history = model.fit(self.batch(16), batch_size=16, epochs=3, verbose=0).history
        plain = inject(self.make())
        plain.begin_epoch(self.batch(16))
        reference, _ = terms(plain, self.batch(16))
        np.testing.assert_allclose(
            history["loss"][0], sum(map(float, reference.values())), rtol=0.05, atol=0.01
        )
        for variable, old in zip(model.trainable_variables, before, strict=True):
            new = ops.convert_to_numpy(variable)
            assert new.dtype == "float32"
            assert np.isfinite(new).all()
            if variable.path not in self.canceled:
                assert (new != old).any(), variable.path

    @pytest.mark.inherited
    @pytest.mark.compared
    def test_saved_model_is_the_same_model(self, tmp_path):
        model = self.make()  # its own views: their random state is part of the model
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), **EAGER)
        data = self.fit_data(16)
        model.fit(data, batch_size=16 if isinstance(data, dict) else None, verbose=0)
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            model.save(tmp_path / "model.keras")
            loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert type(loaded) is type(model)
        assert isinstance(loaded.optimizer, keras.optimizers.SGD)
        for mine, theirs in zip(state(model), state(loaded), strict=True):
            np.testing.assert_array_equal(mine, theirs)
        items = self.example(5)
        np.testing.assert_allclose(loaded.encode(items), model.encode(items), rtol=1e-6, atol=1e-6)

    @pytest.mark.inherited
    @pytest.mark.tensorflow
    def test_exported_model_is_encode(self, tmp_path):
        """What a method inherits is written and read once for all (tests/serving, and one method of
        each base): of others the graphs are compared.
        """
        import tensorflow as tf

        from sslzoo.serving.export import description
        from sslzoo.serving.signatures import Signature, function

        model, items = self.make(), self.make().reads.examples(5)
        if self.exported or leaves_in_its_own_way(type(model)):
            model.export(tmp_path / "served", warmup=False)
            served = tf.saved_model.load(tmp_path / "served/1")
            graphs = served.signatures
            assert len(served.trainable_variables) == sum(
                len(ema.parameters(network)) for network in model.networks
            )
        else:
            graphs = {verb: function(model, Signature(verb)) for verb in model.verbs}
        assert json.dumps(description(model))
        for verb, settings in model.verbs.items():
            if not settings.draws:
                there = graphs[verb](**{model.reads.field: tf.constant(items)})
                for name, here in settings.named(getattr(model, verb)(items)).items():
                    assert np.abs(there[name].numpy() - here).max() <= 1e-5 * np.abs(here).max()

    @pytest.mark.inherited
    @pytest.mark.compared
    def test_killed_run_resumes_to_the_same_state(self, interrupted_runs):
        whole, resumed = (
            read(interrupted_runs / f"{spec_name(self)}.{end}.npz") for end in ("whole", "resumed")
        )
        assert whole.keys() == resumed.keys()
        for name, value in whole.items():
            np.testing.assert_array_equal(resumed[name], value, err_msg=name)

    @pytest.mark.inherited
    @pytest.mark.tensorflow
    @pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="JAX is not installed")
    def test_tensorflow_and_jax_take_the_same_step(self, single_steps):
        here, there = (
            read(single_steps / f"{spec_name(self)}.{b}.npz") for b in ("tensorflow", "jax")
        )
        same_step(here, there)

    @pytest.mark.inherited
    def test_two_replicas_take_the_step_of_one(self, single_steps, replica_steps):
        same_step(single_step(self, single_steps), read(replica_steps / f"{spec_name(self)}.npz"))

    @pytest.mark.inherited
    @pytest.mark.jax
    def test_two_processes_take_the_step_of_one(self, single_steps, process_steps):
        same_step(single_step(self, single_steps), read(process_steps / f"{spec_name(self)}.npz"))


# ---- what the checks are made of -----------------------------------------------------


def leaves_in_its_own_way(method):
    """Whether a method says itself what an export holds. Bases of families (`_metric.py`) do not
    count.
    """
    own = ("verbs", "encoder", "networks", "call", "encode_graph")
    bases = method.__mro__[: method.__mro__.index(Method)]
    public = [base for base in bases if not base.__module__.rpartition(".")[2].startswith("_")]
    return any(name in vars(base) for base in public for name in own)


@functools.cache
def _digits():
    return data.load("digits", split="train")


def digits(n, start=0):
    """Real images: uint8 (n, 8, 8, 1)."""
    return _digits().images[start : start + n, ..., None]


def two_views(images, seed):
    """The images and two noisy views of them, float32 (n, 8, 8, 3): arithmetic that every backend
    and platform repeats.
    """
    rng = np.random.default_rng(seed)
    clean = np.repeat(images / 255.0, 3, axis=-1)
    views = (
        np.clip(clean + rng.normal(0, 0.1, clean.shape), 0, 1).astype("float32") for _ in range(2)
    )
    return {"images": images, **dict(zip(("view1", "view2"), views, strict=True))}


def inject(model):
    """Let the model take the views that it finds in the batch, and a batch for the whole set."""
    model.views = model.training_data = lambda batch: batch
    return model


def terms(model, batch):
    """({name: loss}, the batch after `before_step`) of a batch with its views."""
    batch = model.before_step(batch)
    return model.losses_logs_kept(batch)[0], batch


def state(model):
    """Everything: weights, statistics, seeds, optimizer."""
    return [ops.convert_to_numpy(v) for v in (*model.variables, *model.optimizer.variables)]


def gradients(model, batch):
    """{id of the variable: d loss / d parameter}, of every parameter, those that no optimizer sees
    included.
    """
    parameters = ema.parameters(model)

    def total():
        return sum(terms(model, batch)[0].values())

    if keras.backend.backend() == "jax":
        import jax

        def stateless(values):
            with keras.StatelessScope(state_mapping=list(zip(parameters, values, strict=True))):
                return total()

        found = jax.jit(jax.grad(stateless))([v.value for v in parameters])
    else:
        import tensorflow as tf

        values = [v.value for v in parameters]
        with tf.GradientTape() as tape:
            tape.watch(values)
            loss = total()
        found = tape.gradient(loss, values, unconnected_gradients="zero")
    return {id(v): np.asarray(g) for v, g in zip(parameters, found, strict=True)}


def one_step(spec, weights=None, scope=None):
    """One SGD step on the spec's fixed batch of 16: {"loss", and every weight after it}."""
    with scope or contextlib.nullcontext():
        model = spec.make()
        model.compile(spec.optimizer(0.1), **({} if scope else EAGER))
    if weights:
        model.load_weights(weights)
    history = inject(model).fit(spec.batch(16), batch_size=16, verbose=0).history
    values = {f"{i:03d} {v.path}": ops.convert_to_numpy(v) for i, v in enumerate(model.weights)}
    logged = {name: history[name][0] for name in ("loss", "feature_std") if name in history}
    return {**logged, **values}


def single_step(spec, folder):
    """What one device of this backend made of the step."""
    return read(folder / f"{spec_name(spec)}.{keras.backend.backend()}.npz")


def same_step(one, other):
    """Losses to 1e-5 and the weights after a step to 1e-4, relative to the largest of each."""
    assert len(one) == len(other)
    for (name, mine), theirs in zip(one.items(), other.values(), strict=True):
        scale = max(1e-2, np.abs(mine).max())
        limit = 1e-5 if name == "loss" else 1e-4
        assert np.abs(mine - theirs).max() <= limit * scale, (
            name,
            np.abs(mine - theirs).max(),
            scale,
        )


@contextlib.contextmanager
def dtype_policy(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def write(path, values):
    np.savez(path, **values)


def read(path):
    with np.load(path) as file:
        return dict(file)


def spec_name(spec):
    return (spec if isinstance(spec, type) else type(spec)).__name__.removeprefix("Test")


def specs(names):
    """{name: spec} of the named methods, read from the test files themselves. Files of other
    methods are not imported.
    """
    found = {}
    for path in sorted(Path(__file__).parent.glob("*/test_*.py")):
        text = path.read_text(encoding="utf-8")
        if not any(f"class Test{name}(" in text for name in names):
            continue
        module_spec = importlib.util.spec_from_file_location(f"spec_{path.stem}", path)
        module = importlib.util.module_from_spec(module_spec)
        module_spec.loader.exec_module(module)
        found |= {
            spec_name(value): value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, MethodChecks)
            and value is not MethodChecks
            and spec_name(value) in names
        }
    return found
