import os
import tracemalloc

import numpy as np
import pytest
from PIL import Image, features

from sslzoo.data import ImageFiles, image_files, load


def save(path, value=0, size=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, 0, 0)).save(path)


def reds(images):
    return [int(image[0, 0, 0]) for image in images]


@pytest.fixture
def pets(tmp_path):
    """dog: 10, 11; cat: 20, 21, 22."""
    for name, values in (("dog", (10, 11)), ("cat", (20, 21, 22))):
        for value in values:
            save(tmp_path / "pets" / name / f"{value}.png", value)
    return tmp_path / "pets"


def test_class_folders_are_labels_in_sorted_order(pets):
    data = load(pets)
    assert data.classes == ["cat", "dog"] and data.labels.tolist() == [0, 0, 0, 1, 1]
    assert reds(data.images) == [20, 21, 22, 10, 11] and data.images.dtype == "uint8"
    assert (data.name, data.split) == ("pets", "train")


def test_a_flat_folder_has_no_labels(tmp_path):
    for value in (3, 1, 2):
        save(tmp_path / f"{value}.PNG", value)
    save(tmp_path / ".hidden.png", 9)
    (tmp_path / "notes.txt").write_text("not an image, not a problem")
    data = load(str(tmp_path))
    assert data.labels is None and data.classes is None and reds(data.images) == [1, 2, 3]


def test_split_folders_share_the_classes_of_train(tmp_path):
    for split, names in (("train", "abc"), ("val", "bc")):
        for name in names:
            save(tmp_path / split / name / "x.png", ord(name))
    assert load(tmp_path, "train").labels.tolist() == [0, 1, 2]
    val = load(tmp_path, "val")
    assert val.classes == ["a", "b", "c"] and val.labels.tolist() == [1, 2]
    with pytest.raises(ValueError, match=r"no split 'test'; it has \['train', 'val'\]"):
        load(tmp_path, "test")


def test_a_class_that_train_does_not_have_is_refused(tmp_path):
    save(tmp_path / "train" / "a" / "x.png")
    save(tmp_path / "test" / "z" / "x.png")
    with pytest.raises(ValueError, match=r"class folders \['z'\] are not in"):
        load(tmp_path, "test")


def test_images_below_a_class_folder_belong_to_it_and_hidden_folders_do_not(pets):
    save(pets / "dog" / "old" / "12.png", 12)
    save(pets / "dog" / ".cache" / "99.png", 99)
    assert reds(load(pets).images) == [20, 21, 22, 10, 11, 12]


def test_links_to_folders_are_followed_and_no_folder_is_read_twice(pets, tmp_path):
    save(tmp_path / "elsewhere" / "12.png", 12)
    (pets / "dog" / "old").symlink_to(tmp_path / "elsewhere")
    (pets / "dog" / "again").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(pets / "dog")
    assert reds(load(pets).images) == [20, 21, 22, 10, 11, 12]


@pytest.mark.parametrize(
    "files, sentence",
    [
        (["a/x.png", "y.png"], "has both images and folders of images (a); need one kind."),
        (
            ["photo/dog/x.png", "photo/cat/x.png"],
            "its folders hold folders of images; load one of them, such as",
        ),
        ([], "no image files found (.apng"),
    ],
)
def test_layouts_that_say_nothing_clear_are_refused(tmp_path, files, sentence):
    for file in files:
        save(tmp_path / file)
    with pytest.raises(ValueError) as error:
        load(tmp_path)
    assert sentence in str(error.value)


def test_sizes_that_differ_need_an_image_size(pets):
    save(pets / "dog" / "wide.png", 12, size=(12, 8))
    with pytest.raises(
        ValueError,
        match=r"image_size: needed for .* differ in size, such as 20.png 8x8 and wide.png 8x12",
    ):
        load(pets)
    data = load(pets, image_size=6)
    assert data.images.shape == (6, 6, 6, 3) and reds(data.images)[-1] == 12


@pytest.fixture
def damaged(pets):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), "uint8")
    Image.fromarray(noise).save(pets / "dog" / "cut.jpg")
    content = (pets / "dog" / "cut.jpg").read_bytes()
    (pets / "dog" / "cut.jpg").write_bytes(content[: len(content) // 2])
    (pets / "cat" / "text.jpg").write_text("hello")
    return pets


def test_unreadable_files_are_listed(damaged):
    with pytest.raises(ValueError) as error:
        load(damaged)
    for part in (
        "2 of 7 image files cannot be used",
        "cat/text.jpg (not an image)",
        "dog/cut.jpg (",
        "on_error='skip'",
    ):
        assert part in str(error.value)


@pytest.mark.parametrize("limit", [2**30, 0])
def test_unreadable_files_are_skipped_by_choice_with_one_warning(damaged, monkeypatch, limit):
    monkeypatch.setattr(image_files, "ARRAY_LIMIT", limit)
    with pytest.warns(UserWarning, match="2 of 7 .*left out") as warnings:
        data = load(damaged, image_size=8, on_error="skip")
    assert len(warnings) == 1 and warnings[0].filename == __file__
    assert reds(data.images[:]) == [20, 21, 22, 10, 11] and data.labels.tolist() == [0, 0, 0, 1, 1]


def test_only_the_first_few_of_many_are_listed(tmp_path):
    for number in range(9):
        (tmp_path / f"{number}.jpg").write_text("hello")
    with pytest.raises(ValueError) as error:
        load(tmp_path, on_error="skip")  # nothing would be left
    assert "9 of 9" in str(error.value) and str(error.value).count("not an image") == 5


def test_a_large_folder_is_decoded_on_access(pets, monkeypatch):
    small = load(pets, image_size=4)
    monkeypatch.setattr(image_files, "ARRAY_LIMIT", 5 * 4 * 4 * 3 - 1)
    large = load(pets, image_size=4)
    assert isinstance(large.images, ImageFiles) and large.images.shape == (5, 4, 4, 3)
    assert large.images.dtype == "uint8" and large.images.ndim == 4 and len(large.images) == 5
    np.testing.assert_array_equal(large.images[:], small.images)
    np.testing.assert_array_equal(large[[3, 0]]["images"], small.images[[3, 0]])
    np.testing.assert_array_equal(large.images[-1], small.images[-1])
    np.testing.assert_array_equal(large.images[small.labels == 1], small.images[3:])
    np.testing.assert_array_equal(large.take([4, 1]).images[:], small.images[[4, 1]])
    with pytest.raises(ValueError, match="image_size: needed for .* too large for memory"):
        monkeypatch.setattr(image_files, "ARRAY_LIMIT", 0)
        load(pets)


def test_reading_a_large_folder_keeps_nothing(tmp_path):
    Image.new("RGB", (128, 128)).save(tmp_path / "a.png")
    files = ImageFiles([tmp_path / "a.png"] * 400, 128)  # 19 MiB decoded
    files[:8]
    tracemalloc.start()
    for start in range(0, 400, 8):
        files[start : start + 8]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 8 * 128 * 128 * 3


def test_a_file_lost_after_loading_is_named(pets, monkeypatch):
    monkeypatch.setattr(image_files, "ARRAY_LIMIT", 0)
    data = load(pets, image_size=8)
    (pets / "cat" / "21.png").unlink()
    with pytest.raises(OSError, match="21.png: cannot be read"):
        data[:3]


# ---- layouts and files that would be lost ---------------------------------------------


@pytest.mark.parametrize("name", ["train", "Test", "validation", "labeled"])
def test_a_folder_named_like_a_split_beside_classes_is_refused(pets, name):
    save(pets / name / "1.png")
    sentence = f"got {name}, which name splits, beside cat, dog; it must hold splits or classes"
    for split in ("train", "test"):
        with pytest.raises(ValueError) as error:
            load(pets, split)
        assert sentence in str(error.value) and str(pets) in str(error.value)


@pytest.mark.parametrize(
    ("train", "test"), [("Train", "Test"), ("TRAIN", "TEST"), ("training", "testing")]
)
def test_splits_are_known_by_their_names_in_any_case(tmp_path, train, test):
    save(tmp_path / "flat" / train / "1.png", 1)
    save(tmp_path / "flat" / test / "2.png", 2)
    data = load(tmp_path / "flat")
    assert data.labels is None and reds(data.images) == [1]
    assert reds(load(tmp_path / "flat", "test").images) == [2]
    for split in (train, test):
        save(tmp_path / "classes" / split / "cat" / "1.png", 1)
    assert load(tmp_path / "classes", "test").classes == ["cat"]


def test_two_folders_of_one_split_are_refused(tmp_path):
    save(tmp_path / "train" / "1.png")
    save(tmp_path / "Training" / "2.png")
    with pytest.raises(ValueError, match="Training and train; it must have one folder for"):
        load(tmp_path)


def test_unlabeled_is_a_split_beside_classes_and_beside_splits(pets):
    save(pets / "Unlabeled" / "2020" / "1.png", 1)
    save(pets / "Unlabeled" / "2.png", 2)
    assert load(pets).classes == ["cat", "dog"] and len(load(pets)) == 5
    unlabeled = load(pets, "unlabeled")
    assert unlabeled.labels is None and reds(unlabeled.images) == [2, 1]
    (pets.parent / "all").mkdir()
    (pets / "Unlabeled").rename(pets.parent / "all" / "unlabeled")
    pets.rename(pets.parent / "all" / "labeled")
    assert load(pets.parent / "all").classes == ["cat", "dog"]
    assert reds(load(pets.parent / "all", "unlabeled").images) == [2, 1]
    with pytest.raises(ValueError, match=r"it has \['train', 'unlabeled'\] \(sslzoo.data.split"):
        load(pets.parent / "all", "test")


@pytest.mark.parametrize("ending", [".jfif", ".jpe", ".JPEG", ".avif", ".dib", ".pbm", ".tga"])
def test_what_pillow_reads_is_read(pets, ending):
    if ending == ".avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    (pets / "bird").mkdir()
    Image.new("1" if ending == ".pbm" else "RGB", (8, 8)).save(pets / "bird" / f"1{ending}")
    assert load(pets).classes == ["bird", "cat", "dog"]


def test_what_is_not_read_is_counted_and_named(pets):
    for name in ("bird/1.heic", "bird/2.HEIC", "cow/old/3.raw", "dog/noending", "top.mov"):
        (pets / name).parent.mkdir(parents=True, exist_ok=True)
        (pets / name).write_bytes(b"0")
    (pets / "empty").mkdir()
    (pets / "notes").mkdir()
    for name in ("notes/a.txt", "dog/b.xml", "c.csv", ".DS_Store", "cat/.hidden.heic"):
        (pets / name).write_text("beside images, not a problem")
    with pytest.warns(UserWarning) as warnings:
        data = load(pets)
    assert data.classes == ["cat", "dog"] and len(data) == 5
    (warning,) = warnings
    assert warning.filename == __file__
    assert "5 files or folders are left out, 3 folders without images, 1 .mov, 1 without an" in str(
        warning.message
    )
    for name in ("bird", "cow", "empty"):
        assert name in str(warning.message)


def test_images_beside_splits_are_named(tmp_path):
    for name in ("train/1.png", "test/2.png", "preview.png"):
        save(tmp_path / name)
    with pytest.warns(UserWarning, match="1 files or folders are left out, 1 .png; preview.png"):
        assert len(load(tmp_path)) == 1


def test_a_class_of_heic_alone_says_what_reads_it(pets):
    (pets / "emu").mkdir()
    (pets / "emu" / "1.heic").write_bytes(b"0")
    with pytest.warns(UserWarning, match="1 folders without images; emu. Pillow reads HEIC after"):
        load(pets)


def test_a_folder_of_heic_alone_says_so(tmp_path):
    (tmp_path / "1.heic").write_bytes(b"0")
    with pytest.raises(ValueError, match=r"no image files found \(.*\); it holds 1 .heic"):
        load(tmp_path)


def test_heic_is_read_where_pillow_can(pets, monkeypatch):
    """As pillow_heif registers it."""
    Image.new("RGB", (8, 8)).save(pets / "dog" / "3.heic", format="png")
    monkeypatch.setitem(Image.registered_extensions(), ".heic", "PNG")
    assert len(load(pets)) == 6


def test_skip_is_not_recommended_where_it_was_given(tmp_path):
    (tmp_path / "1.jpg").write_text("hello")
    with pytest.raises(ValueError) as error:
        load(tmp_path, on_error="skip")
    assert "1 of 1" in str(error.value) and "on_error" not in str(error.value)


@pytest.mark.parametrize("flat", [True, False])
def test_what_is_no_regular_file_is_named_and_does_not_hang(pets, flat):
    folder = pets / "cat" if flat else pets
    os.mkfifo(pets / "cat" / "9.jpg")
    with pytest.raises(ValueError, match=r"9.jpg \(not a regular file\)"):
        load(folder)
    with pytest.warns(UserWarning, match="9.jpg"):
        assert len(load(folder, on_error="skip")) == (3 if flat else 5)


def test_a_folder_named_like_an_image_is_a_folder(tmp_path):
    for value in (1, 2):
        save(tmp_path / "shots.png" / f"{value}.png", value)
    assert load(tmp_path).classes == ["shots.png"]
