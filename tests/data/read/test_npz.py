import io
import os
import zipfile

import numpy as np
import pytest
from PIL import Image

from sslzoo.data import load

IMAGES = np.arange(4 * 6 * 6, dtype="uint8").reshape(4, 6, 6)
LABELS = np.array([0, 1, 1, 0])


def archive(path, **arrays):
    np.savez(
        path,
        **(
            {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES[:2], "y_test": LABELS[:2]}
            | arrays
        ),
    )
    return path


def test_a_path_gives_the_split_as_stored(tmp_path):
    data = load(archive(tmp_path / "mine.npz"), "test")
    np.testing.assert_array_equal(data.images, IMAGES[:2])
    assert data.labels.tolist() == [0, 1] and data.labels.dtype == "int64"
    assert (data.name, data.split, data.classes) == ("mine", "test", None)


def test_labels_as_a_column_and_wide_integers_are_normalized(tmp_path):
    data = load(
        archive(
            tmp_path / "a.npz",
            x_train=IMAGES.astype("int32"),
            y_train=LABELS[:, None].astype("uint8"),
        )
    )
    assert data.images.dtype == "uint8" and data.labels.tolist() == LABELS.tolist()


def test_no_labels_is_allowed(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=IMAGES)
    assert load(tmp_path / "a.npz").labels is None


def test_image_size_is_a_resize_of_the_shorter_side_and_a_centre_cut(tmp_path):
    wide = np.random.default_rng(0).integers(0, 256, (1, 16, 32, 3), "uint8")
    data = load(archive(tmp_path / "a.npz", x_train=wide, y_train=[0]), image_size=8)
    whole = np.asarray(Image.fromarray(wide[0]).resize((16, 8), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(data.images[0], whole[:, 4:12])
    assert load(archive(tmp_path / "b.npz"), image_size=3).images.shape == (4, 3, 3)


def test_floats_are_not_resized(tmp_path):
    with pytest.raises(
        ValueError,
        match="image_size: got 3; it must be None: 'a' has float64 images, and uint8 alone",
    ):
        load(archive(tmp_path / "a.npz", x_train=IMAGES / 255), image_size=3)


@pytest.mark.parametrize(
    "arrays, sentence",
    [
        ({"y_train": LABELS[:3]}, "y_train: got 3 for 4 rows; it must be one per row."),
        (
            {"x_train": IMAGES[0]},
            "x_train: got shape (6, 6); it must be (N, H, W) or (N, H, W, C).",
        ),
        (
            {"x_train": IMAGES / 2.0},
            "x_train: got floats from 0.0 to 71.5; it must hold finite floats in 0..1",
        ),
        ({"y_train": np.array([{}] * 4)}, "not a readable .npz of plain arrays"),
        (
            {"y_train": LABELS - 1},
            "y_train: got integers from -1 to 0; it must be 0 or more, below",
        ),
    ],
)
def test_bad_arrays_are_named_with_file_and_key(tmp_path, arrays, sentence):
    with pytest.raises(ValueError) as error:
        load(archive(tmp_path / "a.npz", **arrays))
    assert str(tmp_path / "a.npz") in str(error.value) and sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_wrong_keys_and_splits_are_listed(tmp_path):
    np.savez(tmp_path / "a.npz", images=IMAGES)
    with pytest.raises(
        ValueError,
        match=r"a.npz: got the keys \['images'\]; it must hold x_train, y_train, ..., or",
    ):
        load(tmp_path / "a.npz")
    with pytest.raises(ValueError, match=r"no split 'val'; it has \['test', 'train'\]"):
        load(archive(tmp_path / "b.npz"), "val")


def test_a_truncated_or_wrong_file_is_one_sentence(tmp_path):
    whole = archive(tmp_path / "a.npz").read_bytes()
    np.save(tmp_path / "array.npy", IMAGES)
    for content in (
        whole[: len(whole) // 2],
        b"",
        b"not a zip",
        (tmp_path / "array.npy").read_bytes(),
    ):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(ValueError, match="bad.npz: not a readable .npz of plain arrays"):
            load(tmp_path / "bad.npz")


def test_damage_inside_the_archive_is_found(tmp_path):
    content = bytearray(archive(tmp_path / "a.npz").read_bytes())
    content[200] ^= 0xFF  # in the pixels of x_train: the zip's own CRC tells
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(ValueError, match="not a readable .npz"):
        load(tmp_path / "bad.npz")


# === Fields by name ===


def test_any_field_is_read_by_its_name(tmp_path):
    series = np.random.default_rng(0).normal(size=(5, 4, 3))
    fields = {"series": series, "targets": np.arange(5) / 2, "domains": [0, 0, 1, 1, 1]}
    stored = {f"{field}_train": values for field, values in fields.items()}
    np.savez(tmp_path / "air.npz", **stored, series_test=series[:2], station_train=list("abcde"))
    data = load(tmp_path / "air.npz")
    assert data.field == "series" and data.labels is None
    np.testing.assert_array_equal(data.series, series)
    assert data.targets.tolist() == [0, 0.5, 1, 1.5, 2] and data.domains.dtype == "int64"
    assert data.station.tolist() == list("abcde")
    assert set(load(tmp_path / "air.npz", "test").fields) == {"series"}


def test_names_old_and_new_are_one(tmp_path):
    np.savez(tmp_path / "a.npz", images_val=IMAGES, labels_val=LABELS)
    data = load(tmp_path / "a.npz", "val")
    np.testing.assert_array_equal(data.images, IMAGES)
    assert data.labels.tolist() == LABELS.tolist()
    with pytest.raises(ValueError, match=r"got the keys \['images_train', 'x_train', 'y_train'\]"):
        load(archive(tmp_path / "b.npz", images_train=IMAGES))


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
        (
            {"tokens_train": [[0, -1]]},
            "tokens_train: got integers from -1 to 0; it must be integers (N, L)",
        ),
        ({"vectors_train": [[0.0, np.nan]]}, "vectors_train: got NaN or infinite values; it must"),
        (
            {"vectors_train": [[0.0]], "targets_train": [0.0, 1.0]},
            "targets_train: got 2 for 1 rows; it must be one per row.",
        ),
        (
            {"nodes_train": np.zeros((2, 3, 1)), "edges_train": np.full((2, 4, 2), 3)},
            "edges_train: got integers from 3 to 3; it must be nodes in 0..2, or -1",
        ),
        ({"targets_train": [0.0]}, "got the keys ['targets_train']; it must hold x_train, "),
    ],
)
def test_a_field_that_cannot_be_is_named_by_its_key(tmp_path, stored, sentence):
    np.savez(tmp_path / "a.npz", **stored)
    with pytest.raises(ValueError) as error:
        load(tmp_path / "a.npz")
    assert str(error.value).startswith(str(tmp_path / "a.npz"))
    assert sentence in str(error.value)


def test_what_is_no_image_is_not_resized(tmp_path):
    np.savez(tmp_path / "a.npz", vectors_train=np.eye(3))
    with pytest.raises(ValueError, match="image_size: got 8; it must be None: 'a' has vectors"):
        load(tmp_path / "a.npz", image_size=8)


@pytest.mark.parametrize("rows", [2**56, 2**40, 2**62])
def test_an_archive_that_declares_more_than_it_holds(tmp_path, rows):
    """64 PiB and more in the header of a file of some bytes."""
    header = io.BytesIO()
    declared = {"descr": "|u1", "fortran_order": False, "shape": (rows, 8, 8)}
    np.lib.format.write_array_header_1_0(header, declared)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x_train.npy", header.getvalue() + bytes(64))
    with pytest.raises(ValueError, match="a.npz: not a readable .npz of plain arrays"):
        load(tmp_path / "a.npz")


def test_a_pipe_is_no_archive(tmp_path):
    os.mkfifo(tmp_path / "a.npz")
    with pytest.raises(ValueError, match="no file .*a.npz"):
        load(tmp_path / "a.npz")
