"""The commands: what a script reads, what a person is told, what is imported to say it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from sslzoo import cli, data, notices, report
from sslzoo.cli.terminal import told

REPOSITORY = Path(cli.__file__).resolve().parents[2]
CONFIG = """\
description: a model of the tests
paper: {title: A Paper, year: 2020, arxiv: "2002.05709"}
licence: Apache-2.0
default: true
method: simclr
backbone: {name: micro, width: 8}
image_size: 8
hyperparameters: {projection: [16, 16]}
augment: digits
data: {name: digits, split: train}
optimizer: {name: sgd, learning_rate: 0.1}
batch_size: 512
epochs: 1
evaluate:
- {protocol: knn, k: 7, train: {name: digits, split: train}, test: {name: digits, split: test}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("zoo")


@pytest.fixture(autouse=True)
def zoo(folder, monkeypatch):
    """A zoo with one small model, its weights in the sibling folder; no data but the bundled
    digits.
    """
    (folder / "zoo_configs").mkdir(exist_ok=True)
    path = folder / "zoo_configs/simclr_micro.digits.yaml"
    if not path.exists():
        path.write_text(CONFIG)
    monkeypatch.setenv("SSLZOO_CONFIGS", str(path.parent))
    monkeypatch.delenv("SSLZOO_MIRRORS", raising=False)
    monkeypatch.setenv("SSLZOO_HOME", str(folder / "home"))
    monkeypatch.delenv("SSLZOO_DATA", raising=False)
    monkeypatch.delenv("SSLZOO_DEBUG", raising=False)
    return folder


def test_listing_imports_nothing_heavy():
    heavy = ("keras", "tensorflow", "jax", "pandas", "numpy", "sklearn", "matplotlib", "PIL")
    code = (
        "import sys; sys.argv = ['sslzoo', 'list']\n"
        "from sslzoo.cli import main\n"
        "try: main()\n"
        f"except SystemExit: print([name for name in {heavy} if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert "simclr_micro.digits" in done.stdout, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_listing_models_with_properties(command):
    code, out, _ = command("list", "--data", "mnist", "--verb", "classify", "--json")
    assert code == 0 and "icarl_mlp.mnist" in {row["name"] for row in json.loads(out)}
    code, _, err = command("list", "--data", "mnist", "--family", "metric")
    assert code and err == "Error: list: no model has all of these properties; leave one out.\n"
    code, _, err = command("list", "--size", "31")
    assert code and "Unknown image_size 31; did you mean 32" in err


def test_listing(command):
    code, out, _ = command("list", "--json")
    (row,) = [row for row in json.loads(out) if row["name"] == "simclr_micro.digits"]
    assert code == 0 and row["family"] == "contrastive" and row["default"]
    assert command("list", "micro")[1].count("simclr_micro.digits") == 1
    assert {row["name"] for row in json.loads(command("list", "--methods", "--json")[1])} >= {
        "simclr",
        "byol",
    }
    assert (
        json.loads(command("list", "--methods", "--family", "asymmetric", "--json")[1])[0]["family"]
        == "asymmetric"
    )


def test_info(command):
    assert "2002.05709" in command("info", "simclr_micro")[1]
    assert json.loads(command("info", "simclr_micro.digits", "--json")[1])["method"] == "simclr"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["info", "simclr_micr"], "Unknown model 'simclr_micr'; did you mean simclr_micro"),
        (
            ["list", "simclr_mikro"],
            "Unknown model 'simclr_mikro'; did you mean simclr_micro.digits",
        ),
        (["list", "--family", "contrastiv"], "did you mean contrastive"),
        (["data", "digit"], "Unknown data set 'digit'; did you mean digits?"),
        (["train", "simclr_mikro"], "did you mean simclr_micro"),
        (["train", "no.yaml"], "no.yaml"),
        (["eval", "simclr_mikro"], "did you mean simclr_micro"),
        (
            ["eval", "simclr_micro", "--k", "0", "--weights", "none"],
            "k: got 0; it must be an integer of at least 1",
        ),
        (
            ["eval", "simclr_micro", "--epochs", "3"],
            "epochs: not a setting of knn, which has k, temperature.",
        ),
        (
            ["eval", "simclr_micro", "--set", "epochs=3"],
            "epochs: not a setting of knn, which has k, temperature.",
        ),
        (
            ["eval", "simclr_micro", "--set", "temperature=warm"],
            "--set: temperature: got 'warm'; it must be a valid number.",
        ),
        (["eval", "simclr_micro", "--set", "k=[1"], "--set k: not readable as YAML"),
        (["eval", "simclr_micro", "--set", "k"], "--set: got 'k'; it must be KEY=VALUE"),
        (
            ["eval", "simclr_micro", "--data", "digit", "--weights", "none"],
            "Unknown data set 'digit'",
        ),
        (
            ["eval", "simclr_micro", "--weights", "no.weights.h5"],
            "weights: got 'no.weights.h5'; it must be an existing file",
        ),
        (
            ["embed", "simclr_micro", "--data", "digits", "--out", "x.npy"],
            "--out: got x.npy; it must end in .npz",
        ),
        (
            ["embed", "simclr_micro", "--data", "digits", "--out", "x.npz", "--batch", "8"],
            "--batch: got a value for the file x.npz; it must be left out there",
        ),
        (
            ["embed", "simclr_micro", "--data", "digits", "--out", "x", "--split", "test"],
            "--split: got a value for the folder x; it must be left out there",
        ),
        (
            ["embed", "simclr_micro", "--data", "digits", "--out", "no/x.npz"],
            "it must be in an existing folder",
        ),
        (
            ["export", "simclr_micro", "--out", "x", "--version", "0"],
            "--version: got '0'; it must be a whole number of at least 1",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(command, arguments, words):
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert words in err and err.startswith("Error: ") and err.count("\n") == 1


def test_every_setting_of_a_protocol_can_be_set(command):
    """Also those without an option of their own."""
    asked = ("eval", "simclr_micro", "--protocol", "retrieval", "--weights", "none", "--json")
    code, out, err = command(*asked, "--set", "ranks=[2, 3]", "--set", "similarity=euclidean")
    assert code == 0, err
    record = json.loads(out)
    assert record["settings"]["ranks"] == [2, 3]
    assert record["settings"]["similarity"] == "euclidean" and "recall_at_3" in record


def test_an_unknown_command_suggests_the_nearest(command):
    code, _, err = command("lst")
    assert code == 2 and "Did you mean 'list'" in err


def test_exit_codes(capsys):
    assert told(ValueError("images: got 2 channels.")) == 2
    assert told(FloatingPointError("loss: became nan")) == 1
    assert told(PermissionError("x: no")) == 1
    assert told(ZeroDivisionError("division by zero")) == 1
    assert (
        "ZeroDivisionError: division by zero (SSLZOO_DEBUG=1 shows where)"
        in capsys.readouterr().err
    )


def test_debug_shows_the_traceback(monkeypatch):
    monkeypatch.setenv("SSLZOO_DEBUG", "1")
    monkeypatch.setattr(sys, "argv", ["sslzoo", "info", "nothing"])
    with pytest.raises(ValueError, match="Unknown model 'nothing'"):
        cli.main()


def test_data_sets(command, tmp_path, monkeypatch):
    for name in ("train/a/1.png", "train/b/1.png", "train/b/2.png", "test/a/1.png"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((6, 5 + len(name) // 14, 3), "uint8")).save(
            tmp_path / "set" / name
        )
    (tmp_path / "set/train/b/2.png").write_bytes(b"not a picture")
    monkeypatch.setenv("SSLZOO_DATA", str(tmp_path))
    before = sorted(tmp_path.rglob("*"))
    assert {row["name"] for row in json.loads(command("data", "--json")[1])} >= {"digits", "set"}
    test, train = json.loads(command("data", "set", "--json")[1])
    assert (train["split"], train["images"], train["classes"], train["labels"]) == (
        "train",
        3,
        ["a", "b"],
        [1, 2],
    )
    assert list(train["unreadable"]) == ["train/b/2.png"]
    assert test["labels"] == [1, 0] and test["shape"] == [6, 5, 3]
    _, out, err = command("data", tmp_path / "set")
    assert "6 x 5 x 3 uint8" in out and "train/b/2.png cannot be read" in err
    splits = json.loads(command("data", "digits", "--json")[1])
    (digits,) = (split for split in splits if split["split"] == "train")
    assert digits["images"] == 1297 and sum(digits["labels"]) == 1297 and digits["shape"] == [8, 8]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", sorted(cli.LONG))
def test_long_commands_can_be_quiet_and_print_json(name):
    result = CliRunner().invoke(cli.app, [name, "--help"], env={"COLUMNS": "160"})
    assert result.exit_code == 0, result.output
    assert "--quiet" in result.output and "--json" in result.output


def test_a_quiet_command_ends_with_the_notices_of_before(command):
    code, _, err = command("eval", "simclr_micro", "--protocol", "nothing", "--quiet")
    assert code == 2 and "protocol" in err
    assert notices.shown()


def test_train_eval_embed(command, tmp_path, zoo):
    code, out, err = command(
        *("train", "simclr_micro", "--run-dir", tmp_path / "run", "--record", "--json", "--quiet")
    )
    assert code == 0, err
    assert "Epoch" not in err and "a new run" not in err
    record = json.loads(out)
    assert record["steps"] == 2 and (zoo / "weights/simclr_micro.digits.weights.h5").exists()
    row = report.model_rows(["simclr_micro.digits"])[0]
    assert (
        row["figures"][0]["value"] == record["metrics"][0]["accuracy"]
        and row["bytes"] == record["weights"]["bytes"]
    )
    assert f"{100 * row['figures'][0]['value']:.1f}" in command("list")[1]

    # eval repeats what the record says, from the config's own settings and the published weights
    again = json.loads(command("eval", "simclr_micro", "--json")[1])
    assert (
        again["accuracy"] == pytest.approx(row["figures"][0]["value"], abs=0.005)
        and again["settings"]["k"] == 7
    )
    assert set(again["baselines"]) == {"untrained_encoder", "raw_pixels"}
    table = command("eval", "simclr_micro", "--k", "3", "--data", "digits", "--weights", "none")[1]
    assert "untrained encoder" in table and "raw pixels" in table and "k 3" in table

    asked = ["embed", "simclr_micro", "--data", "digits", "--split", "test"]
    code, out, err = command(*asked, "--out", tmp_path / "e.npz", "--json")
    assert code == 0, err
    expected = {"out": str(tmp_path / "e.npz"), "features": [500, 16], "split": "test"}
    assert json.loads(out) == expected | {"not_written": ["train"]}
    assert "features 500 x 16 of" in command(*asked, "--out", tmp_path / "f.npz")[1]
    with np.load(tmp_path / "e.npz") as found:
        assert found["features"].dtype == np.float32 and np.isfinite(found["features"]).all()
        assert (found["labels"] == data.load("digits", "test").labels).all() and len(
            found["classes"]
        ) == 10


def test_embedding_a_folder_of_images_of_many_sizes_names_its_files(command, tmp_path):
    rng = np.random.default_rng(0)
    for number, size in enumerate([(9, 12), (30, 20), (8, 8)]):
        (tmp_path / "images").mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(
            tmp_path / f"images/{number}.png"
        )
    options = ["--data", tmp_path / "images", "--out", tmp_path / "e.npz", "--weights", "none"]
    code, _, err = command("embed", "simclr_micro", *options)
    assert code == 0, err
    with np.load(tmp_path / "e.npz") as found:
        assert sorted(found.files) == ["features", "files"]
        assert found["files"].tolist() == ["0.png", "1.png", "2.png"] and found[
            "features"
        ].shape == (3, 16)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e.npz", "images"]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["yaml", "yml"])
def test_a_config_of_ones_own_from_training_to_use(command, tmp_path, monkeypatch, suffix):
    monkeypatch.chdir(tmp_path)
    path = Path(f"mine.{suffix}")
    path.write_text(CONFIG)
    assert "no published weights yet" in command("eval", path)[2]
    code, _, err = command("train", path, "--record")
    assert code == 0, err
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "mine.weights.h5",
        path.name,
        "runs",
    ]
    assert "mine.weights.h5" in command("info", path)[1]
    for arguments in (["eval", path], ["embed", path, "--data", "digits"]):
        code, _, err = command(*arguments)
        assert code == 0, err


def photos(folder, sizes):
    rng = np.random.default_rng(0)
    for split, count in (("train", 24), ("test", 8)):
        for number in range(count):
            name = folder / split / "ab"[number % 2] / f"{number}.png"
            name.parent.mkdir(parents=True, exist_ok=True)
            height, width = sizes[number % len(sizes)]
            Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(name)


@pytest.mark.parametrize("large", [False, True])
def test_photos_of_many_sizes_and_of_any_number_are_trained_on_and_evaluated(
    command, tmp_path, monkeypatch, large
):
    """The test split has one size, so that it alone could come as it is stored."""
    photos(tmp_path / "photos", [(10, 10)] if large else [(9, 12), (30, 20), (8, 8)])
    if large:
        monkeypatch.setattr("sslzoo.data.image_files.ARRAY_LIMIT", 24 * 10 * 10 * 3 - 1)
    else:
        (tmp_path / "photos/train/a/damaged.png").write_bytes(b"not a picture")
    monkeypatch.setenv("SSLZOO_DATA", str(tmp_path))
    text = (
        CONFIG.replace("name: digits", "name: photos")
        .replace("k: 7", "k: 3")
        .replace("batch_size: 512", "batch_size: 8")
    )
    path = tmp_path / "photos.yaml"
    path.write_text(text)
    if not large:
        code, _, err = command("train", path, "--run-dir", tmp_path / "run")
        assert code == 2 and "damaged.png" in err and "on_error" in err
        path.write_text(text.replace("split: train", "split: train, on_error: skip"))
    code, out, err = command("train", path, "--run-dir", tmp_path / "run", "--record", "--json")
    assert code == 0, err
    record = json.loads(out)
    assert record["steps"] == 3 and record["metrics"][0]["settings"]["n_train"] == 24
    assert (
        record["metrics"][0]["settings"]["item_shape"] == [8, 8, 3]
        and record["weights"]["agreement"]["images"] == 24
    )
    again = json.loads(command("eval", path, "--json")[1])
    assert again["baselines"]["raw_pixels"] == record["metrics"][0]["baselines"]["raw_pixels"]


def test_photos_in_a_size_of_the_config_s_own(monkeypatch, tmp_path):
    from sslzoo.zoo.schema import Source
    from sslzoo.zoo.sources import load_sets

    photos(tmp_path, [(10, 10)])
    sources = [Source(name=str(tmp_path), split=split) for split in ("train", "test")]
    assert [found.images.shape[1] for found in load_sets(sources, 8)] == [10, 10]
    monkeypatch.setattr("sslzoo.data.image_files.ARRAY_LIMIT", 24 * 10 * 10 * 3 - 1)
    assert [found.images.shape[1] for found in load_sets(sources, 8)] == [8, 8]
    own = [source.model_copy(update={"image_size": 9}) for source in sources]
    assert [found.images.shape[1] for found in load_sets(own, 8)] == [9, 9]


@pytest.mark.tensorflow
def test_export(command, tmp_path):
    arguments = ["export", "simclr_micro", "--out", tmp_path / "served", "--weights", "none"]
    code, out, err = command(*arguments)
    assert (
        code == 0
        and (tmp_path / "served/1/saved_model.pb").exists()
        and out.strip() == str(tmp_path / "served/1")
    ), err
    assert command(*arguments)[0] != 0
    assert command(*arguments, "--version", "next")[1].strip() == str(tmp_path / "served/2")


@pytest.mark.slow
def test_the_tables_of_the_documentation_come_from_the_records(command):
    assert "`simclr_micro.digits`" in report.documentation()["zoo.md"]


FEW_LABELS = """\
description: FixMatch on photographs of which a few are labeled
paper: {title: FixMatch}
licence: Apache-2.0
method: fixmatch
backbone: {name: micro, width: 8}
image_size: 8
hyperparameters: {classes: 2}
augment: digits
data:
  labeled: {name: PHOTOS, split: train, labels: labels.csv, hold_out: 0.25}
  unlabeled: {name: PHOTOS, split: unlabeled, labels: labels.csv}
sampler: {name: paired, ratio: 2}
optimizer: {name: sgd, learning_rate: 0.03}
batch_size: 4
epochs: 2
evaluate:
- {protocol: accuracy, test: {name: PHOTOS, split: test, labels: labels.csv, hold_out: 0.25}}
"""


@pytest.mark.slow
def test_few_labels_of_own_photographs(command, tmp_path):
    """Accuracy on labels that are held out stands in the log of every epoch."""
    photos(tmp_path / "photos", [(9, 12), (8, 8)])
    rows = [f"train/{'ab'[n % 2]}/{n}.png,{'ab'[n % 2]}" for n in range(16)]
    (tmp_path / "photos/labels.csv").write_text("\n".join(["path,label", *rows]))
    path = tmp_path / "few.yaml"
    path.write_text(FEW_LABELS.replace("PHOTOS", str(tmp_path / "photos")))
    code, out, err = command("train", path, "--run-dir", tmp_path / "run", "--json")
    assert code == 0, err
    accuracy = json.loads(out)["metrics"][0]
    assert accuracy["settings"]["n_test"] == 4 and "same_labels_alone" in accuracy["baselines"]
    log = (tmp_path / "run/log.csv").read_text().splitlines()
    assert "test_accuracy" in log[0] and len(log) == 3
    (tmp_path / "photos/lost.heic").write_bytes(b"0")
    _, out, err = command("data", tmp_path / "photos", "--labels", "labels.csv")
    assert "train: 1 files or folders are not read: lost.heic" in err
    assert "16" in out and "2: a, b" in out and "unlabeled" in out


@pytest.mark.skipif(sys.platform == "darwin", reason="names of files are text there")
def test_names_of_files_that_are_no_text(command, tmp_path):
    """A name in Latin-1, as old archives have it; JSON gives it back."""
    name = os.fsdecode(b"caf\xe9.png")
    (tmp_path / name).write_bytes(b"no image")
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    code, out, err = command("data", tmp_path, "--json")
    assert code == 0, err
    out.encode()
    assert list(json.loads(out)[0]["unreadable"]) == [name]
    code, out, err = command("data", tmp_path)
    assert code == 0 and "caf\\udce9.png cannot be read" in err
