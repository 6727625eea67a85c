"""`sslzoo export --check`."""

import shutil

import pytest

import sslzoo
from sslzoo.serving import export
from sslzoo.serving.conformance import BATCHES

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    export(sslzoo.build("simclr", "micro", 8), folder, version=3, warmup=False)
    return folder


@pytest.mark.slow
def test_an_export_of_ours_is_whole(command, exported):
    code, said, _ = command("export", "--check", exported)
    assert code == 0 and str(exported / "3") in said and "NOT" not in said
    assert all(f"batch {count:>2}: " in said for count in BATCHES)


def test_what_tensorflow_does_not_have_is_named(command, exported, tmp_path):
    from tensorflow.core.protobuf import saved_model_pb2

    other = tmp_path / "other" / "1"
    shutil.copytree(exported / "3", other)
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((other / "saved_model.pb").read_bytes())
    function = saved.meta_graphs[0].graph_def.library.function[0]
    function.node_def.add(name="mine", op="MyOwnOp")
    (other / "saved_model.pb").write_bytes(saved.SerializeToString())
    code, said, error = command("export", "--check", other.parent)
    assert code and "MyOwnOp" in said + error


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--check", "nowhere"], "path: there is no folder nowhere"),
        (["simclr", "--check", "nowhere"], "--check: got MODEL or --out beside it"),
        ([], "export: got no MODEL or no --out; it must have both, or --check DIR"),
    ],
)
def test_what_cannot_be_checked_is_refused(command, arguments, words):
    code, _, said = command("export", *arguments)
    assert code == 2 and words in said
