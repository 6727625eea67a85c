"""Exports for other runtimes: the same numbers there, and a sentence where they cannot be.

Without the packages of a format its tests are skipped: `make formats-test` has them all.
"""

import importlib.util
import json

import numpy as np
import pytest
import six_kinds

import sslzoo
from sslzoo.serving import export, formats, saved_model
from sslzoo.serving.formats.graph import graph

pytestmark = pytest.mark.tensorflow
ENTRIES = ["simclr_resnet20.cifar10", "adarnn_gru.tiantan", "tca.office_caltech10"]
ENTRIES += ["srgan_x4.t91", "vae_mlp.mnist"]
MAKERS = {name: kind.make for name, kind in six_kinds.KINDS.items()}
MAKERS["two_outputs"] = lambda: six_kinds.KINDS["vectors"].make(six_kinds.Spread)
MAKERS["vit"] = lambda: sslzoo.build("dino", "vit_micro", 8)
MAKERS["colors"] = lambda: sslzoo.build("colorization", {"name": "micro", "channels": 1}, 8)
MAKERS["bicubic"] = lambda: sslzoo.build("simclr", bicubic(), 8)
ONE_BY_ONE = {"litert": {"series", "audio", "graph", "adarnn_gru.tiantan"}}
NO_PORTABLE_OPERATION = ("ScaleAndTranslate", "Resize", "TensorList", "While")


def bicubic():
    return {"name": "micro", "mean": [0.4] * 3, "std": [0.2] * 3, "interpolation": "bicubic"}


@pytest.fixture(scope="module")
def made():
    """A model by its name, made once."""
    kept = {}

    def model(name):
        if name not in kept:
            kept[name] = MAKERS[name]() if name in MAKERS else sslzoo.load(name)
        return kept[name]

    return model


def operations(function):
    graph = function.graph.as_graph_def()
    bodies = [body.node_def for body in graph.library.function]
    return {node.op for nodes in (graph.node, *bodies) for node in nodes}


@pytest.mark.parametrize("name", ["images", "images_any_size", "graph", "bicubic"])
def test_the_graph_for_other_runtimes_gives_what_the_verb_gives(made, name):
    model = made(name)
    traced = graph(model, "encode", any_shape=True)
    for count, more in ((1, 0), (3, 5)):
        items = model.reads.examples(count, more=more)
        values = [np.asarray(model.reads.named(items)[spec.name]) for spec in traced.specs]
        found = traced.function(*values)["embedding"].numpy()
        saved_model.compare("the graph", "encode", found, model.encode(items), formats.EXACT)


def test_the_graph_for_other_runtimes_has_no_operation_that_they_lack():
    trunk = {"name": "srresnet", "width": 4, "blocks": 1}
    for verb in ("upscale", "encode"):
        model = sslzoo.build("srresnet", trunk, image_size=8, last_kernel=3)
        traced = graph(model, verb, any_shape=True)
        used = operations(traced.function.get_concrete_function(*traced.specs))
        assert [op for op in used if op.startswith(NO_PORTABLE_OPERATION)] == []
        assert "Conv2D" in used


def test_what_cannot_be_written_is_refused_before_any_work(made, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        ValueError, match=r"format: got onnx, and tf2onnx is not installed; .*\[onnx\]"
    ):
        export(made("vectors"), tmp_path / "out", format="onnx")
    monkeypatch.undo()
    with pytest.raises(ValueError, match="format: got 'coreml'; it must be one of 'onnx'"):
        made("vectors").export(tmp_path / "out", format="coreml")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)
    with pytest.raises(ValueError, match="verbs: got sample; it must have one that takes items"):
        export(six_kinds.Sampler(), tmp_path / "out", format="litert")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_computes_something_else_is_not_left_behind(made, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)
    from sslzoo.serving.formats import onnx

    model = made("vectors")
    monkeypatch.setattr(onnx, "write", lambda graph, path: path.write_text("a file"))
    wrong = {"embedding": lambda request: 1.01 * model.encode(request["vectors"])}
    monkeypatch.setattr(
        onnx, "opened", lambda path: lambda x: {key: value(x) for key, value in wrong.items()}
    )
    with pytest.raises(RuntimeError, match=r"onnx cannot hold encode of Whiten \(.* differs from"):
        export(model, tmp_path / "out", format="onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_command_names_the_extra_that_is_missing(command, tmp_path, monkeypatch):
    present = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "openvino" else present(name)
    )
    asked = ("export", "simclr_resnet20.digits", "--weights", "none", "--out", tmp_path / "out")
    code, _, error = command(*asked, "--format", "openvino")
    assert code == 2 and "pip install sslzoo[openvino]" in error
    assert list(tmp_path.iterdir()) == []


# ---- with the packages of a format ---------------------------------------------------


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:export. .* takes one item at a time")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the converters
@pytest.mark.parametrize("name", [*MAKERS, *ENTRIES])
@pytest.mark.parametrize("format", formats.FORMATS)
def test_every_verb_of_items_is_the_same_in_the_format(made, tmp_path, format, name):
    module = importlib.import_module(f"sslzoo.serving.formats.{format}")
    for package in module.NEEDS:
        pytest.importorskip(package)
    model = made(name)
    folder = model.export(tmp_path / "out", format=format)
    described = json.loads((folder / "sslzoo.json").read_text())
    files = described["files"]
    assert [file["verb"] for file in files.values()] == [
        verb for verb, settings in model.verbs.items() if not settings.draws
    ]
    assert next(iter(files)) == f"model{module.SUFFIX}" and described["format"] == format
    for file, about in files.items():
        run = module.opened(folder / file)
        shapes = [field["shape"] for field in about["inputs"].values()]
        alone = name in ONE_BY_ONE.get(format, ())
        assert [shape[0] for shape in shapes] == [1 if alone else None] * len(shapes)
        count = 1 if alone else 7
        for more in (0, 9) if any(None in shape[1:] for shape in shapes) else (0,):
            items = model.reads.examples(count, seed=more, more=more)
            answer = run(model.reads.named(items))
            for result, expected in saved_model.asked(model, about["verb"], items).items():
                found = answer[about["outputs"][result]["name"]]
                assert found.shape == expected.shape and found.dtype == expected.dtype
                largest = np.abs(expected.astype("float64")).max()
                allowed = 1 if expected.dtype == np.uint8 else 1e-4 * largest
                assert np.abs(found.astype("float64") - expected).max() <= allowed
