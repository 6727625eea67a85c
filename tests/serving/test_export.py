"""The exported SavedModel: the same numbers elsewhere, trainable there, and all of it or
nothing.
"""

import importlib.util
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

import sslzoo
from sslzoo import nn
from sslzoo.serving import export
from sslzoo.training import Method, Verb
from sslzoo.zoo.entry import load_config

tensorflow = pytest.mark.tensorflow
SCRIPT = Path(__file__).with_name("fine_tune_elsewhere.py")
SIZES = {"same_size": (16, 8, 8), "larger": (5, 21, 13), "wide": (3, 6, 17), "many": (1500, 8, 8)}


def images_of(count, height, width, channels=3, seed=0):
    return np.random.default_rng(seed).integers(
        0, 256, (count, height, width, channels), dtype=np.uint8
    )


def with_random_weights(model, seed=0):
    """As after training: every gain, shift and statistic away from where it starts."""
    rng = np.random.default_rng(seed)
    for variable in model.backbone.variables:
        if "float" in variable.dtype:
            variable.assign(rng.uniform(0.2, 1.0, variable.shape))
    for layer in model.backbone.layers:
        if isinstance(layer, layers.Conv2D):
            layer.kernel.assign(rng.normal(0, 0.3, layer.kernel.shape))
    return model


def micro(seed=0):
    return with_random_weights(sslzoo.build("simclr", "micro", image_size=8), seed)


def assert_close(features, reference):
    norms = np.linalg.norm(reference, axis=1)
    assert (np.linalg.norm(features - reference, axis=1) <= 1e-5 * norms).all()


@pytest.fixture(scope="module")
def model():
    return micro()


@pytest.fixture(scope="module")
def inputs():
    given = {name: images_of(*shape) for name, shape in SIZES.items()}
    return given | {"gray": images_of(4, 11, 9, channels=1)}


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    serving = importlib.util.find_spec("tensorflow_serving") is not None
    return export(model, tmp_path_factory.mktemp("export") / "digits" / "micro", warmup=serving)


@pytest.fixture(scope="module")
def elsewhere(exported, inputs, tmp_path_factory):
    """What a process that knows neither sslzoo nor Keras made of the export."""
    folder = tmp_path_factory.mktemp("elsewhere")
    np.savez(folder / "inputs.npz", **inputs)
    files = [SCRIPT, exported, folder / "inputs.npz", folder / "results.npz"]
    done = subprocess.run(
        [sys.executable, "-P", *map(str, files)], capture_output=True, text=True, cwd=folder
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(np.load(folder / "results.npz"))


@pytest.mark.slow
@tensorflow
def test_the_other_process_used_tensorflow_alone(elsewhere):
    assert not {"sslzoo", "keras"} & {name.split(".")[0] for name in elsewhere["modules"]}


@tensorflow
@pytest.mark.parametrize("entry", ["serving_default", "call_uint8", "call_float"])
@pytest.mark.parametrize("name", SIZES)
def test_images_of_any_size_give_what_encode_gives(model, inputs, elsewhere, name, entry):
    assert_close(elsewhere[f"{name}/{entry}"], model.encode(inputs[name]))


@tensorflow
@pytest.mark.parametrize("entry", ["serving_default", "call_uint8", "call_float", "png"])
def test_gray_images_give_what_their_color_copies_give(model, inputs, elsewhere, entry):
    assert_close(elsewhere[f"gray/{entry}"], model.encode(np.repeat(inputs["gray"], 3, axis=-1)))


@tensorflow
@pytest.mark.parametrize("name", SIZES)
def test_png_files_give_what_their_pixels_give(model, inputs, elsewhere, name):
    assert_close(elsewhere[f"{name}/png"], model.encode(inputs[name][:8]))


@tensorflow
def test_jpeg_files_of_different_sizes_in_one_request_give_what_pillows_pixels_give(
    model, elsewhere
):
    assert len(elsewhere["jpegs"]) == len(SIZES)
    for index, features in enumerate(elsewhere["jpegs"]):
        assert_close(features[None], model.encode(elsewhere[f"jpeg_pixels_{index}"][None]))


@tensorflow
def test_bytes_that_are_no_image_are_an_error(elsewhere):
    assert "must be JPEG, PNG, GIF" in str(elsewhere["broken_bytes"])


@tensorflow
def test_the_export_holds_the_encoder_and_no_head(model, elsewhere):
    assert list(elsewhere["variables"]) == [int(np.prod(v.shape)) for v in model.backbone.variables]
    assert len(elsewhere["gradients_training"]) == len(model.backbone.trainable_variables)


@tensorflow
@pytest.mark.parametrize("mode", ["inference", "training"])
def test_the_gradient_reaches_every_trainable_variable(elsewhere, mode):
    norms = elsewhere[f"gradients_{mode}"]
    assert np.isfinite(norms).all() and (norms > 1e-6).all()


@tensorflow
def test_a_training_pass_moves_the_statistics_by_keras_formula_and_serving_follows(
    inputs, elsewhere
):
    twin, images = micro(), inputs["same_size"]
    before = twin.encode(images)
    twin(images, training=True)
    assert_close(elsewhere["after_training_pass"], twin.encode(images))
    assert_close(elsewhere["served_after_training_pass"], twin.encode(images))
    assert np.abs(twin.encode(images) - before).max() > 1e-2


@tensorflow
def test_fine_tuning_elsewhere_learns_digits(elsewhere):
    losses = elsewhere["losses"]
    assert losses[0] == pytest.approx(np.log(10), rel=1e-4) and losses[-1] < 0.5


@tensorflow
def test_the_folder_is_what_tf_serving_reads(exported, model):
    assert exported.name == "1" and sorted(p.name for p in exported.parent.iterdir()) == ["1"]
    names = {p.name for p in exported.iterdir()}
    assert {"saved_model.pb", "variables", "assets.extra"} <= names
    # no private temporary folder
    assert exported.stat().st_mode & 0o777 == exported.parent.stat().st_mode & 0o777
    about = json.loads((exported / "assets.extra" / "sslzoo.json").read_text())
    assert about["method"] == "SimCLR" and about["embedding"] == 16
    assert (
        about["preprocessing"]["image_size"] == 8
        and about["preprocessing"]["interpolation"] == "bilinear"
    )


@tensorflow
def test_the_signatures_are_named_and_typed_as_documented(exported):
    import tensorflow as tf

    signatures = tf.saved_model.load(str(exported)).signatures
    marked = {"serving_bytes_marked", "encode_bytes_marked"}
    assert set(signatures) == marked | {
        "serving_default",
        "serving_bytes",
        "encode",
        "encode_bytes",
    }
    inputs = {
        "serving_default": ("images", "uint8", 4),
        "serving_bytes": ("image_bytes", "string", 1),
    }
    for name, (key, dtype, rank) in inputs.items():
        (spec,) = signatures[name].structured_input_signature[1].values()
        assert (spec.name, spec.dtype.name, list(spec.shape)) == (key, dtype, [None] * rank)
        (output,) = signatures[name].structured_outputs.items()
        assert (output[0], output[1].dtype.name, list(output[1].shape)) == (
            "embedding",
            "float32",
            [None, 16],
        )


@tensorflow
def test_warmup_requests_parse_and_can_be_answered(exported):
    pytest.importorskip("tensorflow_serving", reason="tensorflow-serving-api is not installed")
    import tensorflow as tf
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

    loaded, names = tf.saved_model.load(str(exported)), []
    path = exported / "assets.extra" / "tf_serving_warmup_requests"
    for record in tf.data.TFRecordDataset(str(path)):
        request = PredictionLog.FromString(record.numpy()).predict_log.request
        names.append(request.model_spec.signature_name)
        given = {key: tf.constant(tf.make_ndarray(value)) for key, value in request.inputs.items()}
        assert loaded.signatures[names[-1]](**given)["embedding"].shape == (1, 16)
    files = ["bytes", "bytes_marked"]
    assert names == ["serving_default", *(f"serving_{name}" for name in files)] + [
        "encode",
        *(f"encode_{name}" for name in files),
    ]


@tensorflow
def test_a_one_channel_network_with_dropout_and_penalties(tmp_path):
    import tensorflow as tf

    inputs = x = keras.Input((8, 8, 1))
    x = layers.Conv2D(6, 3, kernel_regularizer=keras.regularizers.L2(0.1))(x)
    x = layers.Dropout(0.5, seed=1)(x)
    gray = Method(keras.Model(inputs, layers.GlobalAveragePooling2D()(x)))
    images = images_of(5, 12, 10, channels=1)
    loaded = tf.saved_model.load(str(export(gray, tmp_path, warmup=False)))
    assert_close(loaded(images).numpy(), gray.encode(images))
    # draws anew
    assert np.abs(loaded(images, training=True) - loaded(images, training=True)).max() > 1e-3
    (penalty,) = loaded.regularization_losses
    assert float(penalty()) == pytest.approx(
        0.1 * float((gray.backbone.layers[1].kernel.numpy() ** 2).sum()), rel=1e-5
    )
    color = images_of(5, 8, 8)
    assert_close(loaded(color).numpy(), gray.encode(color))  # by luma


@tensorflow
def test_half_precision_networks_are_exported_with_float32_features(tmp_path):
    import tensorflow as tf

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        half = Method(nn.backbone("micro", 8))
    finally:
        keras.config.set_dtype_policy(before)
    loaded = tf.saved_model.load(str(export(half, tmp_path, warmup=False)))
    assert loaded(images_of(2, 8, 8)).dtype == tf.float32
    assert all(v.dtype == tf.float32 for v in loaded.variables)


@tensorflow
@pytest.mark.slow
def test_a_residual_network(tmp_path):
    import tensorflow as tf

    model = sslzoo.build("byol", "resnet20", image_size=32)
    loaded = tf.saved_model.load(str(export(model, tmp_path, warmup=False)))
    images = images_of(4, 40, 33)
    assert_close(loaded(images).numpy(), model.encode(images))
    assert len(loaded.variables) == len(model.backbone.variables)


# ---- all or nothing ------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch):
    """The folders alone: what is written is one empty file, and the check passes."""
    from sslzoo.serving import saved_model

    def save(model, folder):
        folder.mkdir()
        (folder / "saved_model.pb").touch()

    monkeypatch.setattr(saved_model, "save", save)
    monkeypatch.setattr(saved_model, "check", lambda model, folder: None)
    return saved_model


@tensorflow
def test_an_existing_version_is_refused_and_left_alone(model, exported):
    before = {p: p.stat().st_mtime_ns for p in exported.rglob("*")}
    with pytest.raises(
        FileExistsError, match=r'1 exists; remove it, or give another version or version="next"'
    ):
        export(model, exported.parent)
    assert {p: p.stat().st_mtime_ns for p in exported.rglob("*")} == before


@tensorflow
def test_next_is_one_above_the_largest(model, tmp_path, quick):
    assert export(model, tmp_path / "new", version="next", warmup=False).name == "1"
    for name in ("2", "9", "notes", ".11.tmp"):
        (tmp_path / name).mkdir()
    assert export(model, tmp_path, version="next", warmup=False).name == "10"
    assert export(model, str(tmp_path), version=5, warmup=False) == tmp_path / "5"


@pytest.mark.parametrize("version", [0, -1, 1.0, "2", True, None])
@tensorflow
def test_impossible_versions_are_refused(model, tmp_path, version):
    with pytest.raises(ValueError, match="version: got .* whole number from 1"):
        export(model, tmp_path / "new", version=version)
    assert not (tmp_path / "new").exists()


@tensorflow
def test_another_models_file_does_not_pass_the_check(exported):
    from sslzoo.serving import saved_model

    with pytest.raises(
        RuntimeError, match="serving_default of the reloaded SavedModel differs from encode by"
    ):
        saved_model.check(micro(seed=1), exported)


@tensorflow
def test_the_description_says_where_the_weights_come_from(tmp_path, quick):
    classifier, names = sslzoo.load("flexmatch_convnet.digits"), [f"digit {n}" for n in range(10)]
    path = classifier.export(tmp_path, warmup=False, classes=names)
    about = json.loads((path / "assets.extra" / "sslzoo.json").read_text())
    record = load_config("flexmatch_convnet.digits").record
    assert about["origin"] == {
        "name": "flexmatch_convnet.digits",
        "licence": "Apache-2.0",
        "sha256": record.weights.sha256,
        "commit": record.commit,
    }
    assert about["versions"] == {name: version(name) for name in ("keras", "tensorflow", "numpy")}
    assert about["sslzoo"] == sslzoo.__version__ and about["classes"] == names
    own = export(micro(), tmp_path / "own", warmup=False)
    about = json.loads((own / "assets.extra" / "sslzoo.json").read_text())
    assert about["origin"] is None and about["classes"] is None


@tensorflow
def test_other_numbers_of_classes_are_refused(model, tmp_path):
    classifier = sslzoo.build("flexmatch", "micro", 8, classes=3, unlabeled_size=9)
    with pytest.raises(ValueError, match="classes: got 2 names; it must be 3, one of each class"):
        export(classifier, tmp_path / "new", classes=["cat", "dog"])
    with pytest.raises(ValueError, match="be left out: SimCLR has no classify"):
        export(model, tmp_path / "new", classes=["cat", "dog"])
    assert not (tmp_path / "new").exists()


@tensorflow
@pytest.mark.parametrize("stage", ["save", "check"])
@pytest.mark.parametrize("error", [RuntimeError, OSError, KeyboardInterrupt])
def test_a_failed_export_leaves_nothing(model, tmp_path, quick, monkeypatch, stage, error):
    def fail(model, folder):
        folder.mkdir(exist_ok=True)
        (folder / "half").write_text("written")
        raise error("stop")

    (tmp_path / "3").mkdir()
    monkeypatch.setattr(quick, stage, fail)
    for target in (tmp_path, tmp_path / "a" / "b"):
        with pytest.raises(error, match="stop"):
            export(model, target)
    assert [p.name for p in tmp_path.rglob("*")] == ["3"]


@tensorflow
def test_a_model_with_nan_weights_is_not_exported(tmp_path):
    broken = micro()
    kernel = broken.backbone.get_layer("block1_conv").kernel
    kernel.assign(np.full(kernel.shape, np.nan))
    with pytest.raises(ValueError, match=r"weight .*block1_conv/kernel holds NaN"):
        export(broken, tmp_path / "new", warmup=False)
    assert not list(tmp_path.iterdir())


@tensorflow
def test_without_the_serving_api_the_export_says_so_and_works(model, tmp_path, quick, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == "tensorflow_serving" else find(name),
    )
    with pytest.warns(
        UserWarning, match="no warm-up requests, tensorflow-serving-api is not installed"
    ):
        path = export(model, tmp_path)
    assert [p.name for p in (path / "assets.extra").iterdir()] == ["sslzoo.json"]


def test_on_another_backend_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match="the backend is jax.*KERAS_BACKEND=tensorflow"):
        export(None, tmp_path / "new")
    assert not (tmp_path / "new").exists()


# ---- models that cannot be exported --------------------------------------------------


class Silent(Method):
    verbs = {}


class Unfinished(Method):
    verbs = {"classify": Verb("probabilities")}


class Counting(Method):
    """Its graph needs the number of samples as a Python number."""

    verbs = {"sample": Verb("numbers", draws=True)}

    def sample_graph(self, n, seed):
        return ops.stack([seed + i for i in range(n)])


class Borrowing(Method):
    """Its verb reads a variable that is no weight of the model."""

    verbs = {"shift": Verb("features")}

    def shift_graph(self, x):
        return self.encode_graph(x) + self._own.cache["borrowed"]


@tensorflow
@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        (Silent, "verbs: got none; an export of Silent needs at least one"),
        (Unfinished, "verbs: got classify of Unfinished; needed its classify_graph"),
        (Counting, "verbs: got sample_graph that cannot be traced with a tensor as n"),
        (Borrowing, "the verbs read borrowed.*, which Borrowing does not hold"),
    ],
)
def test_a_model_that_cannot_be_exported_is_refused_in_one_sentence(tmp_path, method, sentence):
    model = method(nn.backbone("micro", 8))
    model._own.cache["borrowed"] = keras.Variable(1.0, name="borrowed")
    with pytest.raises(ValueError, match=sentence) as refused:
        export(model, tmp_path / "new")
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.iterdir())


@tensorflow
def test_what_is_no_method_is_refused(tmp_path):
    with pytest.raises(ValueError, match="model: got Functional; needed a method of sslzoo"):
        export(nn.backbone("micro", 8), tmp_path / "new")
    assert not list(tmp_path.iterdir())


# ---- several devices -----------------------------------------------------------------


@pytest.mark.slow
@tensorflow
def test_a_model_of_a_distribution_strategy_is_exported(inputs, tmp_path):
    import tensorflow as tf

    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        model = micro(seed=3)
    loaded = tf.saved_model.load(str(export(model, tmp_path, warmup=False)))
    images = inputs["same_size"]
    assert_close(loaded(images).numpy(), model.encode(images))
    assert len(loaded.variables) == len(model.backbone.variables)
    assert len(loaded.trainable_variables) == len(model.backbone.trainable_variables)
