import os
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest
from sklearn.datasets import load_digits

from sslzoo import data
from sslzoo.data import read, sources


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("SSLZOO_DATA", str(tmp_path / "sets"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    (tmp_path / "sets" / "photos").mkdir(parents=True)
    save_image(tmp_path / "sets" / "photos" / "a.png")
    np.savez(
        tmp_path / "sets" / "squares.npz", x_train=np.full((3, 4, 4), 7, "uint8"), y_train=[0, 1, 0]
    )
    return tmp_path / "sets"


def save_image(path, value=0):
    from PIL import Image

    Image.new("L", (4, 4), value).save(path)


def test_digits_are_scikit_learns_in_a_fixed_stratified_split():
    train, test = data.load("digits"), data.load("digits", "test")
    assert (len(train), len(test), train.images.shape[1:]) == (1297, 500, (8, 8))
    images, labels = load_digits(return_X_y=True)
    everything = np.rint(images.reshape(-1, 8, 8) / 16 * 255).astype("uint8")
    together = np.concatenate([train.images, test.images])
    assert sorted(map(bytes, together)) == sorted(map(bytes, everything))
    share = np.bincount(test.labels) / np.bincount(labels)
    np.testing.assert_allclose(share, 500 / 1797, atol=0.006)
    assert train.classes == [str(digit) for digit in range(10)]
    np.testing.assert_array_equal(train.images, data.load("digits").images)


def test_names_below_the_data_folder(root):
    assert data.load("squares").labels.tolist() == [0, 1, 0]
    assert data.load("photos").images.shape == (1, 4, 4, 3)


def test_the_data_folder_comes_before_a_bare_path_and_a_written_path_before_it(
    root, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    save_image(tmp_path / "photos" / "a.png", 200)
    assert data.load("photos").images.max() == 0
    assert data.load("./photos").images.max() == 200
    monkeypatch.delenv("SSLZOO_DATA")
    assert data.load("photos").images.max() == 200


def test_available_lists_what_loads_without_a_download(root):
    (root / "notes").mkdir()
    (root / "notes" / "readme.txt").write_text("no images")
    np.savez(root / "weights.npz", kernel=np.zeros(3))
    assert data.available() == [
        ("digits", "embedded", "scikit-learn"),
        ("photos", "folder", str(root / "photos")),
        ("squares", "npz", str(root / "squares.npz")),
    ]


def test_a_folder_of_sets_is_listed_by_its_sets(root):
    (root / "sounds").mkdir()
    np.savez(root / "sounds" / "digits.npz", audio_train=np.zeros((2, 8), "int16"))
    (root / "sounds" / "notes.txt").write_text("none")
    assert ("sounds/digits", "npz", str(root / "sounds" / "digits.npz")) in data.available()
    assert data.load("sounds/digits").audio.shape == (2, 8)


def test_a_file_of_no_format_is_refused(root):
    (root / "notes.txt").write_text("none")
    with pytest.raises(
        ValueError, match=r"data: got .*notes.txt; it must be .*, or end in .*\.npz"
    ):
        data.load(root / "notes.txt")


def test_every_file_of_read_is_a_format(root):
    for its_format in read.formats():
        assert callable(its_format.splits) and callable(its_format.load)
        assert not its_format.reads(root / "nowhere") and isinstance(its_format.SUFFIXES, tuple)


def test_a_format_may_name_the_sets_in_a_folder(root, monkeypatch):
    """As one folder of tables, each of a station."""
    stations = ModuleType("stations")
    stations.SUFFIXES = ()
    stations.reads = lambda path: (path.parent / f"table_{path.name}.csv").is_file()
    stations.names = lambda folder: [path.stem[6:] for path in sorted(folder.glob("table_*.csv"))]
    stations.load = lambda path, split, image_size, on_error: data.Dataset(
        vectors=np.eye(2), name=path.name, split=split
    )
    for module in (read, sources):
        formats = read.formats()
        monkeypatch.setattr(module, "formats", lambda formats=formats: [stations, *formats])
    (root / "air").mkdir()
    (root / "air" / "table_Dongsi.csv").touch()
    assert ("air/Dongsi", "stations", str(root / "air" / "Dongsi")) in data.available()
    assert repr(data.load("air/Dongsi", "test")) == (
        "Dataset('Dongsi', 'test', vectors (2, 2) float64)"
    )


def test_an_unknown_name_gets_the_nearest_ones_and_where_it_looked(root):
    with pytest.raises(ValueError) as error:
        data.load("sqares")
    assert "Unknown data set 'sqares'" in str(error.value)
    assert f"SSLZOO_DATA ({root})" in str(error.value) and "did you mean squares" in str(
        error.value
    )


def test_a_name_near_to_nothing_gets_the_whole_list(root):
    with pytest.raises(ValueError, match="allowed: digits, photos, squares"):
        data.load("zzzzqqqq")


def test_a_missing_split_lists_those_there_are(root):
    for name, splits in (
        ("digits", r"\['test', 'train'\]"),
        ("photos", r"\['train'\]"),
        ("squares", r"\['train'\]"),
    ):
        with pytest.raises(ValueError, match=f"no split 'val'; it has {splits}"):
            data.load(name, "val")


@pytest.mark.parametrize(
    "option", [{"image_size": 0}, {"image_size": "32"}, {"on_error": "ignore"}]
)
def test_wrong_options_are_named(option):
    with pytest.raises(ValueError, match=f"{next(iter(option))}: got .*; it must be "):
        data.load("digits", **option)


def test_an_image_size_that_memory_does_not_hold_is_refused():
    """The process was killed."""
    with pytest.raises(ValueError, match="image_size: got 1000000; it must be .* at most 16384"):
        data.load("digits", image_size=10**6)
    with pytest.raises(ValueError, match="image_size: got 9000; it must be smaller: 500 images of"):
        data.load("digits", "test", image_size=9000)


@pytest.mark.parametrize("split", [None, 5, b"train"])
def test_a_split_is_a_name(split):
    with pytest.raises(ValueError, match="^split: got .*; it must be a name"):
        data.load("digits", split)


def test_a_data_folder_that_is_none_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("SSLZOO_DATA", str(tmp_path / "gone"))
    with pytest.raises(
        ValueError, match="SSLZOO_DATA: got .*gone'; it must be a folder of data sets"
    ):
        data.load("cifar10")


def test_import_load_and_list_need_neither_keras_nor_tensorflow(root):
    code = (
        "import sys, sslzoo.data as d; d.load('digits'); d.load('squares'); d.load('photos'); "
        "d.available();"
        "print([m for m in ('keras', 'tensorflow', 'tensorflow_datasets', 'jax') if m in "
        "sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_part_of_a_split():
    whole, first = data.load("digits"), data.load("digits", "train[:10]")
    rest = data.load("digits", "train[10:]")
    assert (len(first), len(rest), first.split) == (10, len(whole) - 10, "train[:10]")
    np.testing.assert_array_equal(first.labels, whole.labels[:10])
    np.testing.assert_array_equal(rest.images, whole.images[10:])
    with pytest.raises(ValueError, match=r"split: got 'test\[900:\]'; it must keep at least one"):
        data.load("digits", "test[900:]")


def test_what_is_no_image_is_not_resized(root):
    np.savez(root / "a.npz", vectors_train=np.eye(3))
    with pytest.raises(ValueError, match="image_size: got 8; it must be None: 'a' has vectors"):
        data.load("a", image_size=8)


def test_a_part_of_train_can_be_held_out_where_there_is_no_test(root):
    np.savez(root / "two.npz", vectors_train=np.eye(10), labels_train=[0, 1] * 5)
    train, test = (data.load("two", split, hold_out=0.2) for split in ("train", "test"))
    assert (len(train), len(test), test.split) == (8, 2, "test")
    assert test.labels.tolist() == [0, 1]
    whole = np.concatenate([train.vectors, test.vectors])
    assert (whole.sum(axis=0) == 1).all()
    with pytest.raises(
        ValueError, match=r"it has \['train'\] \(sslzoo.data.split\(train, test=0.2"
    ):
        data.load("two", "test")
    with pytest.raises(
        ValueError, match="hold_out: got 0.2; it must be None: 'digits' has a split"
    ):
        data.load("digits", "test", hold_out=0.2)
    with pytest.raises(ValueError, match="split: got 'val'; it must be one of 'train', 'test'"):
        data.load("two", "val", hold_out=0.2)


@pytest.mark.parametrize("name", ["path/to/images", "./gone", "/no/such/folder", "gone/mine"])
@pytest.mark.parametrize("tfds", [True, False])
def test_a_path_that_is_not_there_is_one_sentence(root, name, tfds, monkeypatch):
    if not tfds:
        monkeypatch.setattr(sources.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError) as error:
        data.load(name)
    assert str(error.value).startswith(f"data: got '{name}'; it must be a data set or a path")
    assert os.path.abspath(name) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", [3, None, b"digits", np.zeros((2, 8, 8))])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(ValueError, match="data: got a .*; it must be the name of a data set"):
        data.load(name)
