"""What other servers are told of an export: KServe, Triton, and TensorFlow Serving in Docker."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from sslzoo.checks import local_path, one_of, refused
from sslzoo.serving import folders

KINDS = ("compose", "kserve", "triton")
BATCH = 64  # items that Triton computes together
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# KServe's own rule, of names that are part of an address.
KSERVE_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
SUFFIXES = {".onnx": ("platform", "onnxruntime_onnx"), ".xml": ("backend", "openvino")}


class _Word(str):
    """A name in protobuf's text format, without quotes."""


def manifests(
    kind: str, path: str | Path, name: str | None = None, uri: str | None = None
) -> dict[str, str]:
    """The files that tell a server of an export.

    - "compose": `compose.yaml` and `models.config`, for the official image of TensorFlow Serving.
    - "kserve": `inference_service.yaml`, a v1beta1 InferenceService on TensorFlow Serving.
    - "triton": `config.pbtxt`, of the default signature of a SavedModel, or of `model.onnx` or
      `model.xml`.

    Args:
        kind: one of `KINDS`.
        path: the folder of an export's versions.
        name: of the model in requests. None: that of the folder.
        uri: where KServe finds the folder, such as "s3://bucket/digits" or "pvc://claim/digits".

    Returns:
        {name of a file: text}.

    Raises:
        FileNotFoundError: no such folder. ValueError: no export, one of a format that the server
            does not read, or a name or an address that it does not take.

    Example:
        >>> import sslzoo, tempfile
        >>> from sslzoo.serving.manifests import manifests
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = sslzoo.build("simclr", "micro", 8).export(f"{folder}/digits", warmup=False)
        ...     sorted(manifests("compose", path.parent))
        ['compose.yaml', 'models.config']
    """
    one_of("kind", kind, KINDS)
    path = local_path("path", path).absolute()
    version = folders.newest(path)
    if version == path:
        raise refused("path", str(path), "be the folder of all versions, not of one")
    name = path.name if name is None else name
    if kind == "triton":
        return {"config.pbtxt": _triton(_checked(name, NAME), version)}
    if not folders.is_saved_model(version):
        raise refused("path", f"{version}, no SavedModel", f"be one for {kind}")
    if kind == "compose":
        return _compose(_checked(name, NAME), path)
    if uri is None or "://" not in uri:
        raise refused("uri", uri, "be where KServe finds the export, such as s3://bucket/digits")
    return {"inference_service.yaml": _yaml(_kserve(_checked(name, KSERVE_NAME), uri))}


def _checked(name: str, rule: re.Pattern) -> str:
    if not rule.fullmatch(name):
        raise refused("name", repr(name), f"match {rule.pattern}")
    return name


def _yaml(value: dict) -> str:
    return yaml.safe_dump(value, sort_keys=False)


def _compose(name: str, path: Path) -> dict[str, str]:
    config = {"name": name, "base_path": f"/models/{name}", "model_platform": "tensorflow"}
    config["model_version_policy"] = {"latest": {"num_versions": 1}}
    mounts = {str(path): f"/models/{name}", "./models.config": "/models/models.config"}
    service = {
        "image": "tensorflow/serving",
        "command": ["--model_config_file=/models/models.config"],
        "ports": ["8500:8500", "8501:8501"],  # gRPC, REST
        "volumes": [
            {"type": "bind", "source": source, "target": target, "read_only": True}
            for source, target in mounts.items()
        ],
    }
    return {
        "compose.yaml": _yaml({"services": {"serving": service}}),
        "models.config": _text({"model_config_list": {"config": config}}),
    }


def _kserve(name: str, uri: str) -> dict:
    model = {"modelFormat": {"name": "tensorflow", "version": "2"}, "storageUri": uri}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name},
        "spec": {"predictor": {"model": model}},
    }


# ---- Triton --------------------------------------------------------------------------


class _Served(NamedTuple):
    """What Triton reads of a version.

    comment: where it lies in the model repository. server: fields that name who computes it.
    inputs, outputs: {name: {"shape", "dtype"}}.
    """

    comment: str
    server: dict
    inputs: dict
    outputs: dict


def _triton(name: str, version: Path) -> str:
    served = (_saved_model if folders.is_saved_model(version) else _file)(name, version)
    tensors = [*served.inputs.values(), *served.outputs.values()]
    batched = all(tensor["shape"][:1] == [None] for tensor in tensors)
    config = {"name": name, **served.server, "max_batch_size": BATCH if batched else 0}
    config["input"] = [_tensor(*item, batched) for item in served.inputs.items()]
    config["output"] = [_tensor(*item, batched) for item in served.outputs.items()]
    if batched:
        config["dynamic_batching"] = {}
    return f"# In the model repository: {name}/config.pbtxt, {served.comment}\n{_text(config)}"


def _file(name: str, version: Path) -> _Served:
    file, about = next(iter(folders.files(version).items()))
    suffix = Path(file).suffix
    if suffix not in SUFFIXES:
        raise refused("path", f"{version / file}", "be a SavedModel, ONNX or OpenVINO")
    field, value = SUFFIXES[suffix]
    outputs = {tensor["name"]: tensor for tensor in about["outputs"].values()}
    server = {field: value, "default_model_filename": file}
    return _Served("beside the versions.", server, about["inputs"], outputs)


def _saved_model(name: str, version: Path) -> _Served:
    """Of its default signature."""
    import tensorflow as tf
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((version / "saved_model.pb").read_bytes())
    default = saved.meta_graphs[0].signature_def["serving_default"]

    def described(tensor):
        shape = [None if dim.size < 0 else dim.size for dim in tensor.tensor_shape.dim]
        return {"shape": shape, "dtype": tf.dtypes.as_dtype(tensor.dtype).name}

    inputs, outputs = (
        {key: described(tensor) for key, tensor in sorted(tensors.items())}
        for tensors in (default.inputs, default.outputs)
    )
    comment = f"and the version as {name}/{version.name}/model.savedmodel; up to release 25.02."
    return _Served(comment, {"platform": "tensorflow_savedmodel"}, inputs, outputs)


def _tensor(name: str, tensor: dict, batched: bool) -> dict:
    shape = tensor["shape"][1:] if batched else tensor["shape"]
    dims = [-1 if size is None else size for size in shape]
    kind = _Word(f"TYPE_{tensor['dtype'].upper().replace('FLOAT', 'FP')}")
    described = {"name": name, "data_type": kind, "dims": dims or [1]}
    return described if dims else described | {"reshape": {"shape": []}}


def _text(message: dict) -> str:
    """Protobuf's text format."""
    return "\n".join(_lines(message)) + "\n"


def _lines(message: dict) -> Iterator[str]:
    for key, value in message.items():
        for one in value if _are_messages(value) else [value]:
            if isinstance(one, dict):
                yield f"{key} {{"
                yield from (f"  {line}" for line in _lines(one))
                yield "}"
            else:
                yield f"{key}: {one if isinstance(one, _Word) else json.dumps(one)}"


def _are_messages(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)
