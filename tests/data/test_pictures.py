import numpy as np
import pytest
from PIL import Image

from sslzoo import data


@pytest.fixture
def album(tmp_path, monkeypatch):
    """SSLZOO_DATA/sets/album: a 9x6 color picture, a 5x8 gray one."""
    monkeypatch.setenv("SSLZOO_DATA", str(tmp_path))
    folder = tmp_path / "sets" / "album"
    folder.mkdir(parents=True)
    Image.new("RGB", (6, 9), (10, 20, 30)).save(folder / "color.png")
    Image.new("L", (8, 5), 40).save(folder / "gray.png")
    return folder


def test_each_picture_keeps_its_size_and_its_name(album):
    for name in ("sets/album", album):
        pictures = data.pictures(name)
        assert (pictures.name, pictures.split, pictures.names) == (
            "album",
            "train",
            ["color", "gray"],
        )
        assert [picture.shape for picture in pictures] == [(9, 6, 3), (5, 8, 3)]
        assert pictures[0][0, 0].tolist() == [10, 20, 30] and (pictures[1] == 40).all()


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["cat/1.png", "dog/2.png"], ["1", "2"]),
        (["cat/1.png", "dog/1.png"], ["cat/1", "dog/1"]),
        (["1.png", "1.jpg"], ["1.jpg", "1.png"]),
    ],
)
def test_files_of_the_same_name_are_told_apart(tmp_path, files, names):
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        Image.new("RGB", (6, 9)).save(tmp_path / file)
    assert data.pictures(tmp_path).names == names


def test_two_pictures_of_one_name_are_refused():
    with pytest.raises(
        ValueError, match="pictures: got 2 of the name 'b'; it must have a name of its own for each"
    ):
        data.Pictures([np.zeros((4, 4), "uint8")] * 3, ["a", "b", "b"])


def test_small_and_unreadable_files_are_named_or_left_out(album):
    (album / "text.png").write_text("hello")
    with pytest.raises(
        ValueError,
        match=r"2 of 3 .* used: gray.png \(5x8 pixels, 6 are needed\), text.png \(not an image\)",
    ):
        data.pictures(album, smallest=6)
    with pytest.warns(UserWarning, match="2 of 3 .*left out"):
        assert data.pictures(album, smallest=6, on_error="skip").names == ["color"]


def test_an_unknown_folder_is_refused(album):
    with pytest.raises(ValueError, match="'sets/other' is no directory of images"):
        data.pictures("sets/other")


@pytest.mark.parametrize(
    "image, problem",
    [
        (np.zeros((4, 4, 2), "uint8"), r"got shape \(1, 4, 4, 2\)"),
        (np.zeros((4, 4, 4), "uint8"), r"got shape \(1, 4, 4, 4\); .*alpha"),
        (np.zeros((0, 4, 3), "uint8"), "it must hold at least one image with pixels"),
        (np.zeros((4, 4, 3)), "got float64 values; it must hold integers in 0..255"),
        (np.full((4, 4), 300), "0..255"),
        (np.zeros(4, "uint8"), r"got shape \(4,\)"),
    ],
)
def test_what_is_no_picture_is_refused_by_its_name(image, problem):
    with pytest.raises(ValueError, match=f"picture second: .*{problem}"):
        data.Pictures([np.zeros((4, 4), "uint8"), image], ["first", "second"])
