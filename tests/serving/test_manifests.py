"""Manifests of exports for other servers, held against what those servers accept."""

import json

import jsonschema
import pytest
import yaml
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

import sslzoo
from sslzoo.serving.manifests import manifests
from sslzoo.serving.server.models_config import read_config

pytestmark = pytest.mark.tensorflow
TEXT = {"type": "string", "minLength": 1}


def closed(properties, required=()):
    """A schema of an object that has no other properties."""
    kind = {"type": "object", "properties": properties, "additionalProperties": False}
    return kind | {"required": list(required or properties)}


# compose-spec: a service's ports are "HOST:CONTAINER"; a volume in its long form has a `type`.
MOUNT = closed(
    {
        "type": {"enum": ["bind", "volume", "tmpfs", "cluster", "npipe", "image"]},
        "source": TEXT,
        "target": {"type": "string", "pattern": "^/"},
        "read_only": {"type": "boolean"},
    }
)
SERVICE = closed(
    {
        "image": TEXT,
        "command": {"type": "array", "items": TEXT},
        "ports": {"type": "array", "items": {"type": "string", "pattern": r"^\d+:\d+$"}},
        "volumes": {"type": "array", "items": MOUNT, "uniqueItems": True},
    }
)
COMPOSE = closed({"services": {"type": "object", "patternProperties": {r"^[\w.-]+$": SERVICE}}})
# KServe's CRD of v1beta1, and the rule of names in its webhook.
MODEL = closed(
    {"modelFormat": closed({"name": TEXT, "version": TEXT}, ["name"]), "storageUri": TEXT}
)
KSERVE = closed(
    {
        "apiVersion": {"const": "serving.kserve.io/v1beta1"},
        "kind": {"const": "InferenceService"},
        "metadata": closed({"name": {"type": "string", "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$"}}),
        "spec": closed({"predictor": closed({"model": MODEL})}),
    }
)

# Triton's model_config.proto: {message: {field: (number, type, repeated)}}.
TYPES = "INVALID BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64 STRING BF16"
TENSOR = {"name": (1, "string", False), "data_type": (2, "DataType", False)}
TRITON = {
    "Reshape": {"shape": (1, "int64", True)},
    "Batching": {"preferred_batch_size": (1, "int32", True)},
    "Input": TENSOR | {"dims": (4, "int64", True), "reshape": (5, "Reshape", False)},
    "Output": TENSOR | {"dims": (3, "int64", True), "reshape": (5, "Reshape", False)},
    "Config": {
        "name": (1, "string", False),
        "platform": (2, "string", False),
        "backend": (17, "string", False),
        "max_batch_size": (4, "int32", False),
        "input": (5, "Input", True),
        "output": (6, "Output", True),
        "default_model_filename": (8, "string", False),
        "dynamic_batching": (11, "Batching", False),
    },
}


def triton_config():
    """The class of Triton's configuration, as far as it is written here."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="triton.proto", package="t", syntax="proto3")
    kinds = file.enum_type.add(name="DataType")
    for number, name in enumerate(TYPES.split()):
        kinds.value.add(name=f"TYPE_{name}", number=number)
    for message, fields in TRITON.items():
        described = file.message_type.add(name=message)
        for name, (number, kind, repeated) in fields.items():
            added = described.field.add(name=name, number=number)
            added.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            if kind in ("string", "int32", "int64"):
                added.type = getattr(field, f"TYPE_{kind.upper()}")
            else:
                added.type = field.TYPE_ENUM if kind == "DataType" else field.TYPE_MESSAGE
                added.type_name = f".t.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Config"))


def parsed(text):
    return text_format.Parse(text, triton_config()())


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("manifests") / "digits"
    sslzoo.build("simclr", "micro", 8).export(folder, warmup=False)
    return folder


def described(folder, file, outputs):
    """A folder as an export in another format leaves it, without the file."""
    inputs = {"series": {"name": "series", "shape": [None, 24, 6], "dtype": "float32"}}
    files = {file: {"verb": "forecast", "inputs": inputs, "outputs": outputs}}
    (folder / "2").mkdir(parents=True)
    (folder / "2" / "sslzoo.json").write_text(json.dumps({"files": files}))
    return folder


FORECAST = {"forecast": {"name": "forecast", "shape": [None], "dtype": "float32"}}


@pytest.mark.slow
def test_compose_serves_the_export_by_a_models_config(exported, tmp_path):
    files = manifests("compose", exported, "mine")
    compose = yaml.safe_load(files["compose.yaml"])
    jsonschema.validate(compose, COMPOSE)
    service = compose["services"]["serving"]
    places = {mount["source"]: mount["target"] for mount in service["volumes"]}
    assert places == {str(exported): "/models/mine", "./models.config": "/models/models.config"}
    assert service["command"] == ["--model_config_file=/models/models.config"]
    config = tmp_path / "models.config"
    config.write_text(files["models.config"])
    [model] = read_config(config)
    assert (model.name, str(model.folder)) == ("mine", "/models/mine")


def test_tensorflow_serving_reads_the_models_config(exported):
    pytest.importorskip("tensorflow_serving", reason="tensorflow-serving-api is not installed")
    from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

    config = text_format.Parse(manifests("compose", exported)["models.config"], ModelServerConfig())
    [model] = config.model_config_list.config
    assert model.name == "digits" and model.model_platform == "tensorflow"
    assert model.model_version_policy.latest.num_versions == 1


def test_kserve_gets_an_inference_service(exported):
    [text] = manifests("kserve", exported, uri="s3://bucket/digits").values()
    service = yaml.safe_load(text)
    jsonschema.validate(service, KSERVE)
    model = service["spec"]["predictor"]["model"]
    assert model["storageUri"] == "s3://bucket/digits"
    assert model["modelFormat"] == {"name": "tensorflow", "version": "2"}


def test_triton_gets_the_default_signature_of_a_saved_model(exported):
    [text] = manifests("triton", exported).values()
    config = parsed(text)
    assert (config.name, config.platform) == ("digits", "tensorflow_savedmodel")
    assert config.max_batch_size == 64 and config.HasField("dynamic_batching")
    [images], [embedding] = config.input, config.output
    assert (images.name, list(images.dims)) == ("images", [-1, -1, -1])
    assert (embedding.name, list(embedding.dims)) == ("embedding", [16])
    kinds = type(config).DESCRIPTOR.file.enum_types_by_name["DataType"].values_by_number
    names = [kinds[tensor.data_type].name for tensor in (images, embedding)]
    assert names == ["TYPE_UINT8", "TYPE_FP32"]


@pytest.mark.parametrize(
    ("file", "field", "server"),
    [("model.onnx", "platform", "onnxruntime_onnx"), ("model.xml", "backend", "openvino")],
)
def test_triton_gets_the_file_of_another_format(tmp_path, file, field, server):
    folder = described(tmp_path / "air", file, FORECAST)
    config = parsed(manifests("triton", folder)["config.pbtxt"])
    assert (getattr(config, field), config.default_model_filename) == (server, file)
    assert list(config.input[0].dims) == [24, 6]
    # A single number of each item has no dimension, which Triton asks for.
    assert list(config.output[0].dims) == [1] and config.output[0].HasField("reshape")
    assert list(config.output[0].reshape.shape) == []


def test_one_item_at_a_time_is_no_batch(tmp_path):
    alone = {"embedding": {"name": "embedding", "shape": [1, 64], "dtype": "float32"}}
    config = parsed(
        manifests("triton", described(tmp_path / "a", "model.onnx", alone))["config.pbtxt"]
    )
    assert config.max_batch_size == 0 and not config.HasField("dynamic_batching")
    assert list(config.output[0].dims) == [1, 64] and list(config.input[0].dims) == [-1, 24, 6]


def test_tritons_own_schema_takes_the_configurations(exported, tmp_path):
    pytest.importorskip("tritonclient", reason="make formats-test has it")
    from tritonclient.grpc.model_config_pb2 import ModelConfig

    for folder in (exported, described(tmp_path / "air", "model.onnx", FORECAST)):
        config = text_format.Parse(manifests("triton", folder)["config.pbtxt"], ModelConfig())
        assert config.name == folder.name and len(config.input) == 1


REFUSED = [
    (("compose", "nowhere"), {}, "there is no folder"),
    (("compose", "digits/1"), {}, "be the folder of all versions, not of one"),
    (("compose", "digits"), {"name": 'a"b'}, "name: got"),
    (("compose", "air"), {}, "no SavedModel; it must be one for compose"),
    (("kserve", "digits"), {}, "uri: got None; it must be where KServe finds the export"),
    (("kserve", "digits"), {"uri": "s3://a", "name": "Digits"}, "name: got 'Digits'"),
    (("triton", "air"), {}, "be a SavedModel, ONNX or OpenVINO"),
    (("docker", "digits"), {}, "kind: got 'docker'"),
]


@pytest.mark.parametrize(("asked", "more", "sentence"), REFUSED)
def test_what_a_server_would_not_take_is_refused(exported, asked, more, sentence):
    if not (exported.parent / "air").exists():
        described(exported.parent / "air", "model.tflite", FORECAST)
    kind, folder = asked
    with pytest.raises((ValueError, FileNotFoundError), match=sentence):
        manifests(kind, exported.parent / folder, **more)


def test_the_command_prints_files_or_writes_them(exported, command, tmp_path):
    code, shown, _ = command("manifest", "compose", exported)
    assert code == 0 and shown.startswith("# compose.yaml\nservices:")
    code, shown, _ = command("manifest", "compose", exported, "--out", tmp_path / "deploy")
    assert code == 0 and shown.split() == [
        str(tmp_path / "deploy" / name) for name in ("compose.yaml", "models.config")
    ]
    code, _, error = command("manifest", "kserve", exported)
    assert code == 2 and "uri: got None" in error
