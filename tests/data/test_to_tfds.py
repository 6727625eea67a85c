import subprocess
import sys
import tarfile
import time
import warnings
import zipfile

import numpy as np
import pytest
from PIL import Image

from sslzoo import data
from sslzoo.cli.data import command
from sslzoo.data import image_files, store

pytestmark = pytest.mark.tensorflow
tfds = pytest.importorskip("tensorflow_datasets")


@pytest.fixture(autouse=True)
def _no_other_data(monkeypatch, tmp_path):
    monkeypatch.delenv("SSLZOO_DATA", raising=False)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "sets"))


@pytest.fixture
def photos(tmp_path):
    """Two classes of JPEGs and PNGs of several sizes, a split apart for tests."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 6), ("test", 2)):
        for name in ("cat", "dog"):
            folder = tmp_path / "photos" / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(0, 256, (20 + i, 24, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / (f"{i}.jpg" if i % 2 else f"{i}.png"))
    return tmp_path / "photos"


def stored_bytes(folder, split="train"):
    source = tfds.builder_from_directory(folder).as_data_source(
        split, decoders={"image": tfds.decode.SkipDecoding()}
    )
    return [row["image"] for row in source]


def test_a_stored_folder_is_the_same_data(photos):
    folder = store(photos, "pets")
    assert stored_bytes(folder) == [
        file.read_bytes()
        for name in ("cat", "dog")
        for file in sorted((photos / "train" / name).iterdir())
    ]
    for split in ("train", "test"):
        kept, before = (
            data.load("pets", split, image_size=16),
            data.load(photos, split, image_size=16),
        )
        assert kept.labels.tolist() == before.labels.tolist() and kept.classes == before.classes
        np.testing.assert_array_equal(kept.images, before.images)
    assert ("pets", "tfds", str(folder)) in data.available()


def test_what_decoders_read_differently_is_stored_as_its_pixels(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (9, 12, 4), dtype=np.uint8)
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(pixels[..., :3]).save(photos / "a.jpg", exif=turned)
    Image.fromarray(pixels).save(photos / "b.png")  # transparent
    Image.fromarray(pixels[..., :3]).save(photos / "c.bmp")
    Image.fromarray(pixels[..., 0].astype("uint16") * 257).save(photos / "d.png")
    store(photos, "odd")
    kept, before = data.load("odd", image_size=9), data.load(photos, image_size=9)
    np.testing.assert_array_equal(kept.images, before.images)
    assert kept.labels is None


@pytest.mark.parametrize("ending", ["zip", "tar.gz"])
def test_an_archive_is_stored_as_its_folder_would_be(photos, tmp_path, ending):
    archive = tmp_path / f"photos.{ending}"
    if ending == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            for path in photos.rglob("*"):
                file.write(path, path.relative_to(tmp_path))
    else:
        with tarfile.open(archive, "w:gz") as file:
            file.add(photos, "photos")
    assert stored_bytes(store(archive, "packed")) == stored_bytes(store(photos, "plain"))
    assert not list((tmp_path / "sets").glob(".unpacked*"))


def test_files_of_an_archive_never_leave_it(tmp_path):
    photo = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(photo)
    with tarfile.open(tmp_path / "evil.tar", "w") as file:
        file.add(photo, "../../outside.png")
    with pytest.raises(ValueError, match="evil.tar cannot be unpacked .*outside"):
        store(tmp_path / "evil.tar", "evil")
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as file:
        file.write(photo, "../../../outside.png")
    store(tmp_path / "evil.zip", "mild")
    assert not list(tmp_path.parent.glob("outside*")) and not list(tmp_path.glob("outside*"))


def test_an_archive_that_unpacks_to_more_than_the_disk_has_is_refused(
    photos, tmp_path, monkeypatch
):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as file:
        file.write(photos / "train" / "cat" / "0.png", "0.png")
    full = lambda path: type("Usage", (), {"free": 10})  # noqa: E731
    monkeypatch.setattr("shutil.disk_usage", full)
    with pytest.raises(OSError, match=r"photos.zip unpacks to [\d,]+ bytes, and .*sets has 10"):
        store(tmp_path / "photos.zip", "pets")
    assert list((tmp_path / "sets").iterdir()) == []


def test_broken_files_are_counted_and_named(photos):
    broken = photos / "train" / "cat" / "1.jpg"
    broken.write_bytes(broken.read_bytes()[:300])
    with pytest.raises(ValueError, match=r"1 of 12 image files cannot be used: train/cat/1.jpg"):
        store(photos, "pets")
    assert "pets" not in [name for name, _, _ in data.available()]
    with pytest.warns(UserWarning, match="1 of 12 image files cannot be used: train/cat/1.jpg"):
        store(photos, "pets", on_error="skip")
    assert len(data.load("pets", image_size=8)) == 11


def test_a_name_that_cannot_be_is_refused(photos):
    store(photos, "pets")
    for name in ("My Pets", "../pets", 7):
        with pytest.raises(ValueError, match="name: .*small letters, digits and underscores"):
            store(photos, name)
    with pytest.raises(ValueError, match="name: .*'pets'.* it is stored in .*sets/pets"):
        store(photos, "pets")


def test_a_source_that_is_none_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="source: there is no"):
        store(tmp_path / "nowhere", "pets")
    (tmp_path / "photos.rar").write_bytes(b"Rar!")
    with pytest.raises(ValueError, match="photos.rar"):
        store(tmp_path / "photos.rar", "pets")
    (tmp_path / "photos.zip").write_bytes(b"PK no")
    with pytest.raises(ValueError, match="photos.zip cannot be unpacked"):
        store(tmp_path / "photos.zip", "pets")


def test_the_command_stores(photos, capsys):
    command(str(photos), store="pets")
    said = capsys.readouterr()
    assert said.out.startswith("Stored in ") and "Downloading" not in said.err
    assert len(data.load("pets", "test", image_size=8)) == 4
    with pytest.raises(ValueError, match="name: missing; store belongs to a folder"):
        command(None, store="pets")


@pytest.fixture
def stream(photos, monkeypatch):
    """The stored set, as one that is too large for memory."""
    store(photos, "pets")
    monkeypatch.setattr(image_files, "ARRAY_LIMIT", 100)
    return lambda **options: data.load("pets", image_size=8, **options)


def test_a_stream_from_disk_resumes_exactly(stream):
    whole = data.Batches(stream(), batch_size=5, seed=3)
    later = data.Batches(stream(), batch_size=5, seed=3).starting_at(3)
    assert isinstance(whole.arrays["images"], data.ImageFiles)
    for i in range(4):
        for field in ("images", "labels", "index"):
            np.testing.assert_array_equal(later[i][field], whole[3 + i][field])
    assert whole.fingerprint == later.fingerprint


def test_a_broken_record_is_replaced_named_and_counted(stream, photos, monkeypatch):
    from sslzoo.data.read import tfds as reader

    real = reader._image

    def broken(source, key, channels, row, size):
        if row in (3, 4):
            raise OSError("cut off")
        return real(source, key, channels, row, size)

    monkeypatch.setattr(reader, "_image", broken)
    rows = stream(on_error="skip")
    with pytest.warns(UserWarning) as said:
        batch = rows[[2, 3, 4, 7]]
    assert batch["index"].tolist() == [2, 5, 5, 7]
    assert batch["labels"].tolist() == rows.labels[[2, 5, 5, 7]].tolist()
    np.testing.assert_array_equal(batch["images"], rows.images[[2, 5, 5, 7]])
    assert rows.images.unreadable == {3: "cut off", 4: "cut off"}
    sentences = sorted(str(warning.message) for warning in said)
    assert sentences[0].startswith("pets train, row 3: cannot be read (cut off); the next image")
    assert len(sentences) == 2 and any("2 of 12 so far" in sentence for sentence in sentences)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows[[3]]  # said once
    with pytest.raises(OSError, match="pets train, row 3: cannot be read"):
        stream()[[3]]


KILLED = """
import sys
from sslzoo.data import store
store(sys.argv[1], "pets", data_dir=sys.argv[2])
"""


@pytest.mark.slow
def test_a_killed_store_leaves_no_data_set(tmp_path):
    photos, sets = tmp_path / "many", tmp_path / "sets"
    photos.mkdir()
    rng = np.random.default_rng(0)
    for i in range(400):
        pixels = rng.integers(0, 256, (200, 200, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(photos / f"{i}.png")
    process = subprocess.Popen([sys.executable, "-c", KILLED, photos, sets])
    while not list(sets.glob("pets/incomplete*")) and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    assert process.wait() == -9
    assert "pets" not in [name for name, _, _ in data.available()]
    assert len(stored_bytes(store(photos, "pets", data_dir=sets))) == 400
