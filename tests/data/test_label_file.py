"""Labels in a table: which files they mean, and what a table may get wrong."""

import numpy as np
import pytest
from PIL import Image

from sslzoo.data import Paired, load, split


@pytest.fixture
def photos(tmp_path):
    """Twelve images without an order in their folders; the red value is the number."""
    for number in range(12):
        path = tmp_path / "photos" / f"day{number % 2}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (number, 0, 0)).save(path)
    return tmp_path / "photos"


def reds(data):
    return data.images[:, 0, 0, 0].tolist()


@pytest.mark.parametrize(
    "text",
    [
        "path,label\nday0/2.png,bus\nday1/1.png,car\nday0/0.png,car\n",
        "day0/2.png,bus\nday1/1.png,car\nday0/0.png,car",
        "\ufefffile;class\r\nday0/2.png;bus\r\nday1/1.png;car\r\n\r\nday0/0.png;car\r\n",
        "id\tlabel\nday0/2\tbus\nday1/1\tcar\nday0/0\tcar\nday0/4\t\n",
        "photos/day0/2.png, bus\n./photos/day1/1.png, car\nphotos/day0/0.png,car\n",
    ],
)
def test_a_table_labels_some_files_and_the_rest_is_unlabeled(photos, text):
    (photos.parent / "labels.csv").write_text(text, newline="")
    labeled = load(photos, labels=photos.parent / "labels.csv")
    assert labeled.classes == ["bus", "car"]
    assert dict(zip(reds(labeled), labeled.labels.tolist(), strict=True)) == {2: 0, 1: 1, 0: 1}
    unlabeled = load(photos, "unlabeled", labels=photos.parent / "labels.csv")
    assert unlabeled.labels is None and sorted(reds(unlabeled)) == list(range(3, 12))
    batch = Paired(labeled, batch_size=2, ratio=3, unlabeled=unlabeled)[0]
    assert len(batch["labels"]) == 2 and len(batch["unlabeled"]) == 6


def test_a_table_in_the_folder_is_found_and_no_file_that_was_lost(photos, recwarn):
    (photos / "labels.csv").write_text("day0/2.png,bus\n")
    assert len(load(photos, labels="labels.csv")) == 1 and not recwarn


def test_numbers_are_classes_in_their_own_order(photos):
    rows = [f"day{n % 2}/{n}.png,{n}" for n in range(12)]
    (photos / "labels.csv").write_text("\n".join(rows))
    data = load(photos, labels="labels.csv")
    assert data.classes == [str(n) for n in range(12)] and data.labels.tolist() == reds(data)
    with pytest.raises(ValueError, match=r"no split 'unlabeled'; it has \['train'\]"):
        load(photos, "unlabeled", labels="labels.csv")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("path,label\nday0/2.png,bus\nday9/9.png,car", "1 paths, such as 'day9/9.png', of 3"),
        ("day0/2.png,bus\nday0/2.png,car", "the labels 'bus' and 'car' of day0/2.png"),
        ("day0/2.png\nday1/1.png", "1 columns in the row"),
        ("path,label\nday0/2.png,", "no label in 2 rows"),
        ("", "no label in 0 rows"),
    ],
)
def test_a_table_that_is_wrong_is_refused_in_one_sentence(photos, text, sentence):
    (photos / "labels.csv").write_text(text)
    with pytest.raises(ValueError, match="^labels: .*; it must ") as error:
        load(photos, labels="labels.csv")
    assert sentence in str(error.value) and "\n" not in str(error.value)


def test_a_table_that_is_none_is_refused(photos):
    (photos / "labels.csv").write_bytes(b"\xff\xfe\x00day")
    with pytest.raises(ValueError, match="labels: .*labels.csv: got .*; it must be a CSV in UTF-8"):
        load(photos, labels="labels.csv")
    with pytest.raises(ValueError, match="labels: got none.csv; it must be a CSV of paths"):
        load(photos, labels="none.csv")
    with pytest.raises(ValueError, match="labels: got none.csv for 'digits'; it must stand beside"):
        load("digits", labels="none.csv")


def test_held_out_rows_are_labeled_ones(photos):
    rows = [f"day{n % 2}/{n}.png,{'ab'[n % 2]}" for n in range(8)]
    (photos / "labels.csv").write_text("\n".join(rows))
    parts = [load(photos, name, labels="labels.csv", hold_out=0.25) for name in ("train", "test")]
    assert [len(part) for part in parts] == [6, 2] and parts[1].labels.tolist() == [0, 1]
    assert sorted(reds(parts[0]) + reds(parts[1])) == list(range(8))
    for part, same in zip(parts, split(load(photos, labels="labels.csv"), 0.25), strict=True):
        np.testing.assert_array_equal(part.images, same.images)
