import numpy as np
import pytest

from sslzoo.data.describe import describe, locate


@pytest.fixture
def root(tmp_path, monkeypatch):
    from PIL import Image

    monkeypatch.setenv("SSLZOO_DATA", str(tmp_path))
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    np.savez(
        tmp_path / "air.npz", series_train=np.zeros((5, 4, 3)), series_test=np.zeros((2, 4, 3))
    )
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    Image.new("RGB", (6, 4)).save(tmp_path / "photos" / "cat" / "a.png")
    Image.new("RGB", (8, 5)).save(tmp_path / "photos" / "cat" / "b.png")
    (tmp_path / "photos" / "cat" / "c.png").write_text("no image")
    return tmp_path


def test_a_set_of_any_field_is_described_by_its_field(root):
    assert describe("air") == [
        {
            "split": split,
            "field": "series",
            "series": n,
            "shape": [4, 3],
            "dtype": "float64",
            "classes": None,
            "labels": None,
        }
        for split, n in (("test", 2), ("train", 5))
    ]


def test_a_folder_is_described_without_decoding(root):
    (split,) = describe("photos")
    assert split["images"] == 3 and split["shape"] == "from 4x6 to 5x8"
    assert split["classes"] == ["cat"] and split["labels"] == [3]
    assert split["unreadable"] == {"cat/c.png": "not an image"}


def test_a_name_or_a_path_is_located(root):
    assert locate("air") == ("npz", str(root / "air.npz"))
    assert locate(str(root / "air.npz")) == ("npz", str(root / "air.npz"))
    assert locate("photos") == ("folder", str(root / "photos"))
    with pytest.raises(ValueError, match="Unknown data set 'ari'; did you mean air"):
        locate("ari")
    (root / "notes.txt").write_text("none")
    with pytest.raises(ValueError, match="notes.txt is neither a directory of images nor"):
        locate(str(root / "notes.txt"))


def test_what_a_folder_loses_is_named(root):
    (root / "photos" / "dog").mkdir()
    (root / "photos" / "dog" / "1.heic").write_bytes(b"0")
    (root / "photos" / "cat" / "2.raw").write_bytes(b"0")
    (split,) = describe("photos")
    assert split["classes"] == ["cat"] and split["not_read"] == ["dog", "cat/2.raw"]


def test_a_table_of_labels_describes_what_it_labels_and_the_rest(root):
    (root / "photos" / "labels.csv").write_text("cat/a.png,1\n")
    train, unlabeled = describe("photos", labels="labels.csv")
    assert (train["split"], train["images"], train["labels"]) == ("train", 1, [1])
    assert (unlabeled["split"], unlabeled["images"], unlabeled["labels"]) == ("unlabeled", 2, None)
    with pytest.raises(ValueError, match="labels: got labels.csv for 'air'; it must stand beside"):
        describe("air", labels="labels.csv")
