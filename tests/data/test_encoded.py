"""What people hold becomes pictures, and nothing is decoded before it is asked for."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sslzoo.data import Pictures
from sslzoo.data.decode import decode
from sslzoo.data.encoded import EncodedPictures, pictures_of

TURNED = 6  # EXIF orientation


@pytest.fixture
def photos(tmp_path):
    """Images of several kinds and sizes, in folders."""
    rng = np.random.default_rng(0)
    (tmp_path / "b" / "c").mkdir(parents=True)
    for name, shape in (("b/c/gray.png", (9, 7)), ("b/color.png", (5, 8, 3)), ("z.jpg", (6, 4, 3))):
        image = Image.fromarray(rng.integers(0, 256, shape, "uint8"))
        exif = image.getexif()
        exif[0x0112] = TURNED
        image.save(tmp_path / name, exif=exif)
    Image.new("RGBA", (3, 2), (255, 0, 0, 0)).save(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("none")
    (tmp_path / ".hidden.png").write_bytes(b"none")
    return tmp_path


NAMES = ["a.png", "b/c/gray.png", "b/color.png", "z.jpg"]


@pytest.mark.parametrize("kind", ["folder", "paths", "texts", "bytes", "images", "a mixture"])
def test_all_forms_give_the_same_pixels(photos, kind):
    paths = [photos / name for name in NAMES]
    forms = {
        "folder": lambda: str(photos),
        "paths": lambda: paths,
        "texts": lambda: tuple(map(str, paths)),
        "bytes": lambda: [path.read_bytes() for path in paths],
        "images": lambda: [Image.open(path) for path in paths],
        "a mixture": lambda: [str(paths[0]), paths[1].read_bytes(), Image.open(paths[2]), paths[3]],
    }
    pictures = pictures_of(forms[kind]())
    assert isinstance(pictures, Pictures) and len(pictures) == 4
    for path, picture in zip(paths, pictures, strict=True):
        np.testing.assert_array_equal(picture, decode(path))


def test_one_alone(photos):
    path = photos / "z.jpg"
    for one in (path, str(path), path.read_bytes(), Image.open(path)):
        (picture,) = pictures_of(one)
        np.testing.assert_array_equal(picture, decode(path))


def test_colors_of_16_bits_in_bytes(tmp_path):
    Image.fromarray(np.arange(12, dtype="uint16").reshape(3, 4) * 5000).save(tmp_path / "a.png")
    path = tmp_path / "a.png"
    np.testing.assert_array_equal(decode(io.BytesIO(path.read_bytes())), decode(path))


def test_arrays_of_several_sizes_become_pictures_and_others_stay():
    several = [np.zeros((4, 6), "uint8"), np.zeros((4, 5, 3), "uint8")]
    assert len(pictures_of(several)) == 2
    for same in ([np.zeros((4, 6))] * 2, np.zeros((2, 4, 4)), [], [[1, 2]], {"images": several}):
        assert pictures_of(same) is same


def test_nothing_is_decoded_before_it_is_asked_for(photos):
    (photos / "z.jpg").write_bytes(b"not an image")
    pictures = pictures_of(photos)
    assert pictures[0].shape == (2, 3, 3)
    with pytest.raises(OSError, match=r"images: .*z\.jpg cannot be read \(not an image\)\."):
        pictures[3]
    with pytest.raises(OSError, match=r"images: item 1 cannot be read \(not an image\)\."):
        EncodedPictures([Image.new("L", (2, 2)), b"\0not an image"])[1]


def test_what_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="images: got 'no.png'; it must be an image file, or a fo"):
        pictures_of("no.png")
    with pytest.raises(ValueError, match="it must be a folder with images that Pillow reads"):
        pictures_of(tmp_path)
    with pytest.raises(ValueError, match="it must be a path on this machine, not a URL"):
        pictures_of("https://example.org/a.png")
    with pytest.raises(ValueError, match="images: got 'no.png'; it must be an image file"):
        pictures_of([Path("no.png")])
