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
