"""Every kind of input, from `fit` to an export that another process asks: series, tokens, vectors,
audio and graphs as well as images; verbs with two outputs, and verbs that draw.
"""

import io
import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import six_kinds
from PIL import Image

import sslzoo
from sslzoo.serving import export
from sslzoo.serving.server.loaded import Loaded
from sslzoo.serving.signatures import requests

pytestmark = [
    pytest.mark.tensorflow,
    # An epoch on noise: what the collapse monitor says of it is of no interest.
    pytest.mark.filterwarnings("ignore:.*collapsed"),
]
SCRIPT = Path(__file__).with_name("ask_elsewhere.py")
COUNTS = (1, 2, 3, 5)  # of the requests


def two_outputs():
    return six_kinds.KINDS["vectors"].make(six_kinds.Spread)


def sampler():
    model = six_kinds.Sampler(features=4)
    model.compile(keras.optimizers.SGD(0.05))
    return model


def upscaler():
    trunk = {"name": "srresnet", "width": 4, "blocks": 1}
    return sslzoo.build("srresnet", trunk, image_size=8, last_kernel=3)


MAKERS = {name: kind.make for name, kind in six_kinds.KINDS.items()}
MAKERS |= {"two_outputs": two_outputs, "sampler": sampler, "upscaler": upscaler}
NAMES = list(MAKERS)
ENCODERS = [name for name in NAMES if name != "sampler"]
FILES = [name for name in NAMES if "images" in name or name == "upscaler"]


@pytest.fixture(scope="module")
def models():
    """Each after a few steps of `fit` on random items, but the upscaler, whose steps are slow."""
    made = {name: make() for name, make in MAKERS.items()}
    for name, model in made.items():
        if name in six_kinds.KINDS:
            model.fit(six_kinds.KINDS[name].items(32), batch_size=8, verbose=0)
        elif name != "upscaler":
            model.fit(model.reads.examples(32), batch_size=8, verbose=0)
    return made


@pytest.fixture(scope="module")
def asked(models):
    """{name: [items, ...]} of the requests, of several sizes where the model takes any."""
    return {
        name: [
            model.reads.examples(count, seed=count, more=2 * number)
            for number, count in enumerate(COUNTS)
        ]
        for name, model in models.items()
    }


@pytest.fixture(scope="module")
def folder(models, asked, tmp_path_factory):
    """The exports, and what a process without sslzoo got from them."""
    folder = tmp_path_factory.mktemp("six_kinds")
    for name, model in models.items():
        export(model, folder / name)
        named = {}
        for number, items in enumerate(asked[name]):
            for signature, inputs in requests(model, items).items():
                for key, value in inputs.items():
                    files = np.asarray(value).dtype == object
                    named[f"{signature}:{number}:{key}"] = value.astype(bytes) if files else value
        np.savez(folder / f"{name}.npz", **named)
    done = subprocess.run(
        [sys.executable, "-P", str(SCRIPT), str(folder)],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"exit status {done.returncode}: {done.stderr[-3000:]}"
    return folder


@pytest.fixture
def answers(folder, name):
    with np.load(folder / f"{name}.answers.npz") as file:
        return dict(file)


def assert_same(found, expected):
    assert found.shape == expected.shape and found.dtype == expected.dtype
    if found.dtype == np.uint8:  # rounded
        assert np.abs(found.astype(int) - expected).max() <= 1
    else:
        assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("name", NAMES)
def test_the_server_knows_a_request_for_every_signature(folder, name):
    loaded = Loaded(folder / name / "1")
    assert loaded.failed == {}
    assert set(loaded.metadata) >= set(loaded.signatures)


@pytest.mark.parametrize("name", ENCODERS)
def test_encode_elsewhere_is_encode_here(models, asked, answers, name):
    for number, items in enumerate(asked[name]):
        expected = models[name].encode(items)
        assert_same(answers[f"encode:{number}:embedding"], expected)
        if name in six_kinds.KINDS:
            assert_same(answers[f"serving_default:{number}:embedding"], expected)


@pytest.mark.parametrize("name", FILES)
def test_encoded_files_give_what_their_pixels_give(models, asked, answers, name):
    for number, images in enumerate(asked[name]):
        expected = models[name].encode(images)
        assert_same(answers[f"encode_bytes:{number}:embedding"], expected)


@pytest.mark.parametrize("name", ["two_outputs"])
def test_a_verb_with_two_outputs_has_both_by_their_names(models, asked, answers, name):
    for number, items in enumerate(asked[name]):
        distance, direction = models[name].locate(items)
        assert distance.shape == (len(items),) and direction.shape == (len(items), six_kinds.DIM)
        for signature in ("locate", "serving_default"):
            assert_same(answers[f"{signature}:{number}:distance"], distance)
            assert_same(answers[f"{signature}:{number}:direction"], direction)


@pytest.mark.parametrize("name", ["sampler"])
def test_samples_elsewhere_are_those_of_the_same_number_and_seed_here(models, answers, name):
    for number, count in enumerate(COUNTS):
        expected = models[name].sample(count, 0)
        assert expected.shape == (count, 4)
        assert_same(answers[f"sample:{number}:vectors"], expected)
        assert_same(answers[f"serving_default:{number}:vectors"], expected)


@pytest.mark.parametrize("name", ["upscaler"])
def test_pictures_of_any_size_come_back_whole(models, asked, answers, name):
    for number, images in enumerate(asked[name]):
        expected = models[name].upscale(images)
        assert_same(answers[f"upscale:{number}:image"], expected)
        files = answers[f"upscale_bytes:{number}:image_bytes"]
        pixels = np.stack([np.asarray(Image.open(io.BytesIO(file))) for file in files])
        assert_same(pixels, expected)


@pytest.mark.parametrize("name", NAMES)
def test_requests_at_once_do_not_disturb_each_other(answers, name):
    """They did, up to a crash: see `sslzoo.nn.apart`. Passing is no proof; tests/nn/test_apart.py
    looks for the cause.
    """
    assert answers["at_once"] <= 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_the_other_process_used_tensorflow_alone(answers, name):
    assert not {"sslzoo", "keras"} & {module.split(".")[0] for module in answers["modules"]}


@pytest.mark.parametrize("name", list(six_kinds.KINDS))
def test_the_object_represents_items_and_can_be_trained(models, asked, answers, name):
    assert_same(answers["object"], models[name].encode(asked[name][0]))
    assert len(answers["gradients"]) == len(models[name].backbone.trainable_variables)
    assert np.isfinite(answers["gradients"]).all() and (answers["gradients"] > 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_keras_file_is_the_same_model(models, asked, tmp_path, name):
    model = models[name]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    verb = next(iter(model.verbs))
    inputs = (3, 7) if model.verbs[verb].draws else (asked[name][1],)
    found, expected = getattr(loaded, verb)(*inputs), getattr(model, verb)(*inputs)
    keras.tree.map_structure(np.testing.assert_array_equal, found, expected)


@pytest.mark.parametrize("name", NAMES)
def test_warmup_requests_ask_for_every_signature(models, folder, name):
    pytest.importorskip("tensorflow_serving", reason="tensorflow-serving-api is not installed")
    import tensorflow as tf
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

    path = folder / name / "1/assets.extra/tf_serving_warmup_requests"
    logs = [PredictionLog.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(path))]
    inputs = {
        log.predict_log.request.model_spec.signature_name: {
            key: tf.make_ndarray(value) for key, value in log.predict_log.request.inputs.items()
        }
        for log in logs
    }
    expected = requests(models[name], models[name].reads.examples(1))
    assert list(inputs) == list(expected)
    for signature, request in expected.items():
        for key, value in request.items():
            np.testing.assert_array_equal(inputs[signature][key], value)


INPUTS = {
    "images": {"images": ("uint8", [None, None, None, None])},
    "images_not_square": {"images": ("uint8", [None, None, None, None])},
    "images_any_size": {"images": ("uint8", [None, None, None, None])},
    "series": {"series": ("float32", [None, 7, 3])},
    "tokens": {"tokens": ("int32", [None, None])},
    "vectors": {"vectors": ("float32", [None, 5])},
    "audio": {"audio": ("float32", [None, None])},
    "graph": {"nodes": ("float32", [None, None, 3]), "edges": ("int32", [None, None, 2])},
    "two_outputs": {"vectors": ("float32", [None, 5])},
    "sampler": {"n": ("int32", []), "seed": ("int32", [])},
    "upscaler": {"images": ("uint8", [None, None, None, None])},
}


@pytest.mark.parametrize("name", NAMES)
def test_signatures_have_the_inputs_that_the_model_reads(models, folder, name):
    import tensorflow as tf

    signatures = tf.saved_model.load(str(folder / name / "1")).signatures
    assert set(signatures) == set(requests(models[name], models[name].reads.examples(1)))
    inputs = signatures["serving_default"].structured_input_signature[1]
    assert {k: (v.dtype.name, list(v.shape)) for k, v in inputs.items()} == INPUTS[name]
    about = json.loads((folder / name / "1/assets.extra/sslzoo.json").read_text())
    kind = six_kinds.KINDS.get(name)
    assert about["method"] == type(models[name]).__name__
    assert kind is None or about["input"] == kind.reads


def test_files_of_several_sizes_go_into_one_request_of_a_network_of_any_size(models, folder):
    import tensorflow as tf

    images = [models["images_any_size"].reads.examples(1, more=more)[0] for more in (0, 3, 9)]
    files = tf.constant([tf.io.encode_png(image).numpy() for image in images])
    signatures = tf.saved_model.load(str(folder / "images_any_size/1")).signatures
    found = signatures["encode_bytes"](image_bytes=files)["embedding"].numpy()
    expected = [models["images_any_size"].encode(image[None])[0] for image in images]
    assert_same(found, np.stack(expected))


def test_other_samples_come_for_other_seeds(folder):
    import tensorflow as tf

    sample = tf.saved_model.load(str(folder / "sampler/1")).signatures["sample"]
    first, again, other = (
        sample(n=tf.constant(4), seed=tf.constant(seed))["vectors"].numpy() for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3
