import numpy as np
import pytest
from PIL import Image

import sslzoo
from sslzoo.data import load, split
from sslzoo.data.describe import describe, locate


def save(path, pixels, palette=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.asarray(pixels, "uint8"))
    if palette:
        image.putpalette(palette)
    image.save(path)


MASK = np.array([[0, 0, 2], [1, 255, 2]])


@pytest.fixture
def streets(tmp_path):
    """Three classes, of which the second is unlabeled; two images of 2x3 pixels and one test."""
    root = tmp_path / "streets"
    for folder, name, value in (("train", "a", 10), ("train", "b", 20), ("test", "c", 30)):
        save(root / folder / f"{name}.png", np.full((2, 3, 3), value))
        save(root / f"{folder}annot" / f"{name}.png", MASK)
    (root / "classes.txt").write_text("sky\nUnlabeled\n\nroad\n")
    return root


def test_masks_stand_beside_their_images(streets):
    data = load(streets)
    assert data.images[:, 0, 0, 0].tolist() == [10, 20] and data.images.dtype == "uint8"
    assert data.masks.dtype == "uint8" and data.labels is None
    assert data.masks[1].tolist() == [[0, 0, 1], [255, 255, 1]]
    assert data.classes == ["sky", "road"] and (data.name, data.split) == ("streets", "train")
    assert load(streets, "test").images[0, 0, 0, 0] == 30
    assert data.take([1]).masks.shape == (1, 2, 3)


def test_splits_are_the_folders_with_masks(streets):
    (streets / "notes").mkdir()
    save(streets / "Validation" / "d.png", np.zeros((2, 3, 3)))
    save(streets / "Validationannot" / "d.png", MASK)
    assert locate(str(streets)) == ("masks", str(streets))
    assert [row["split"] for row in describe(str(streets))] == ["test", "train", "validation"]
    with pytest.raises(ValueError, match=r"no split 'val'; it has \['test', 'train', 'validation"):
        load(streets, "val")


def test_a_part_of_train_can_be_held_out(streets):
    (streets / "testannot").rename(streets / "old")
    train, test = (load(streets, name, hold_out=0.5) for name in ("train", "test"))
    assert len(train) == len(test) == 1 and train.masks.shape == (1, 2, 3)
    assert {int(part.images[0, 0, 0, 0]) for part in (train, test)} == {10, 20}
    assert len(split(load(streets), 0.5)[0].masks) == 1


def test_a_palette_and_two_levels_are_numbers(streets):
    save(streets / "trainannot" / "a.png", MASK, palette=list(range(256)) * 3)
    Image.fromarray(MASK == 2).save(streets / "trainannot" / "b.png")
    data = load(streets)
    assert data.masks[0].tolist() == [[0, 0, 1], [255, 255, 1]]
    assert data.masks[1].tolist() == [[0, 0, 255], [0, 0, 255]]  # True is 1, unlabeled


def test_images_and_masks_are_cut_and_resized_alike(tmp_path):
    """Red is class 2 everywhere, at any size; between 0 and 2 there is no 1."""
    root = tmp_path / "wide"
    pixels = np.zeros((40, 64, 3), "uint8")
    pixels[8:30, 20:44] = (250, 0, 0)
    save(root / "train" / "a.png", pixels)
    save(root / "trainannot" / "a.png", pixels[..., 0] // 125)
    (root / "classes.txt").write_text("rest\ngreen\nred")
    for size in (20, 27, 40, 60):
        data = load(root, image_size=size)
        assert data.images.shape == (1, size, size, 3) and data.masks.shape == (1, size, size)
        assert ((data.images[0, ..., 0] > 125) == (data.masks[0] == 2)).mean() > 0.97
        assert set(np.unique(data.masks)) == {0, 2}


def test_the_classes_have_to_be_named(streets):
    (streets / "classes.txt").unlink()
    with pytest.raises(ValueError, match="streets: got no such file; it must name the classes of"):
        load(streets)
    (streets / "classes.txt").write_text("void\n")
    with pytest.raises(ValueError, match="classes.txt: got 0 classes; it must name 1 to 255"):
        load(streets)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("other size", "a.png (its mask has 4x3 pixels, the image 2x3)"),
        ("other number", "a.png (its mask holds the number 3, which is no class)"),
        ("colors", "a.png (its mask has colors (RGB), not the numbers of classes)"),
        ("missing", "a.png (it has no mask a.png in trainannot)"),
        ("no image", "a.png (its mask cannot be read: cannot identify image file"),
        ("damaged", "a.png (not an image)"),
    ],
)
def test_what_cannot_be_used_is_named_and_can_be_left_out(streets, change, reason):
    mask, image = streets / "trainannot" / "a.png", streets / "train" / "a.png"
    if change == "other size":
        save(mask, np.zeros((4, 3)))
    elif change == "other number":
        save(mask, MASK + (MASK == 0) * 3)
    elif change == "colors":
        save(mask, np.zeros((2, 3, 3)))
    elif change == "missing":
        mask.unlink()
    else:
        (mask if change == "no image" else image).write_text("nothing")
    with pytest.raises(ValueError) as refused:
        load(streets)
    assert f"1 of 2 image files cannot be used: train/{reason}" in str(refused.value)
    with pytest.warns(UserWarning, match="cannot be used.*left out") as warned:
        data = load(streets, on_error="skip")
    assert data.images[:, 0, 0, 0].tolist() == [20] and len(data.masks) == 1
    assert warned[0].filename == __file__


def test_a_mask_of_16_bits_with_a_large_number_is_refused(streets):
    large = Image.fromarray(np.full((2, 3), 700, "uint16"))
    large.save(streets / "trainannot" / "a.png")
    with pytest.raises(ValueError, match="its mask holds the number 700, which is no class"):
        load(streets)


def test_the_set_is_described_by_how_many_images_show_a_class(streets):
    test, train = describe(str(streets))
    assert train["classes"] == ["sky", "road"] and train["labels"] is None
    assert train["beside"] == "masks" and train["shown"] == [2, 2]
    assert test["images"] == 1 and test["shape"] == [2, 3, 3]


def test_an_archive_is_not_resized_without_its_masks(tmp_path):
    arrays = {"x_train": np.zeros((2, 8, 8, 3), "uint8"), "masks_train": np.zeros((2, 8, 8), int)}
    np.savez(tmp_path / "a.npz", **arrays)
    assert load(tmp_path / "a.npz").masks.shape == (2, 8, 8)
    with pytest.raises(ValueError, match="image_size: got 4; it must be None: masks of 'a' are of"):
        load(tmp_path / "a.npz", image_size=4)


NAMES = {name for name, _, _ in sslzoo.data.available()}


@pytest.mark.skipif("camvid" not in NAMES, reason="SSLZOO_DATA has no camvid")
def test_camvid_has_its_eleven_classes():
    data = load("camvid", "val")
    assert data.images.shape == (101, 180, 240, 3) and data.masks.shape == (101, 180, 240)
    assert len(data.classes) == 11 and data.classes[:4] == ["sky", "building", "pole", "road"]
    counts = np.bincount(data.masks.ravel(), minlength=256)
    assert counts[11:255].sum() == 0 and (counts[:11] > 0).all()
    assert counts[255] == 74_417  # number 11 of the files
    assert counts[:11].argmax() == 3
