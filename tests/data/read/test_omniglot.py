import numpy as np
import pytest

from sslzoo import data
from sslzoo.data.read import omniglot

REAL = "omniglot" in {name for name, _, _ in data.available()}


@pytest.fixture
def archive(tmp_path):
    """8 alphabets of 2 characters x 3 drawers, and 2 x 1 x 3 for the evaluation."""
    rng, keys = np.random.default_rng(0), {}
    for part, alphabets, each in (("background", 8, 2), ("evaluation", 2, 1)):
        characters = np.repeat(np.arange(alphabets * each), 3)
        keys |= {
            f"x_{part}": 255 * rng.integers(0, 2, (len(characters), 105, 105), dtype=np.uint8),
            f"{part}_character": characters.astype("uint16"),
            f"{part}_alphabet": (characters // each).astype("uint8"),
            f"{part}_character_names": np.array(
                [f"{part}{c // each}/character{c % each}" for c in range(alphabets * each)]
            ),
            f"{part}_alphabet_names": np.array([f"{part}{a}" for a in range(alphabets)]),
        }
    np.savez(tmp_path / "omniglot.npz", **keys)
    return tmp_path / "omniglot.npz"


def alphabets(dataset):
    return {name.split("/")[0] for name in dataset.classes}


def test_splits_and_classes(archive, monkeypatch):
    monkeypatch.setenv("SSLZOO_DATA", str(archive.parent))
    background, evaluation = (
        data.load("omniglot", split=split) for split in ("background", "evaluation")
    )
    assert background.images.shape == (48, 28, 28) and background.images.dtype == "uint8"
    assert background.labels.tolist() == np.repeat(np.arange(16), 3).tolist()
    assert background.classes[3] == "background1/character1" and len(background.classes) == 16
    assert evaluation.classes == ["evaluation0/character0", "evaluation1/character0"]
    assert (evaluation.name, evaluation.split) == ("omniglot", "evaluation")
    assert data.load("omniglot", split="background", image_size=14).images.shape == (48, 14, 14)


def test_ink_is_shrunk_by_area(archive):
    with np.load(archive) as stored:
        ink = stored["x_background"][5] == 0
    found = omniglot.load(archive, "background", 21).images[5]
    assert (
        found.tolist()
        == np.rint(255 * ink.reshape(21, 5, 21, 5).mean(axis=(1, 3))).astype("uint8").tolist()
    )


def test_validation_is_whole_alphabets_that_training_does_not_have(archive):
    background, train, validation = (
        omniglot.load(archive, split) for split in ("background", "train", "validation")
    )
    assert alphabets(train) | alphabets(validation) == alphabets(background)
    assert not alphabets(train) & alphabets(validation) and len(alphabets(validation)) == 5
    assert len(train) + len(validation) == len(background)
    assert sorted(set(validation.labels)) == list(range(len(validation.classes)))
    again = omniglot.load(archive, "validation")
    assert again.classes == validation.classes and (again.images == validation.images).all()


def test_rotations_are_classes_of_their_own(archive):
    plain, turned = (
        omniglot.load(archive, "evaluation"),
        omniglot.load(archive, "evaluation+rotations"),
    )
    assert len(turned) == 4 * len(plain) and len(turned.classes) == 4 * len(plain.classes) == 8
    assert turned.classes[2:4] == ["evaluation0/character0@90", "evaluation1/character0@90"]
    for turn in range(4):
        rows = slice(turn * len(plain), (turn + 1) * len(plain))
        np.testing.assert_array_equal(
            turned.images[rows], np.rot90(plain.images, turn, axes=(1, 2))
        )
        assert turned.labels[rows].tolist() == (plain.labels + 2 * turn).tolist()


@pytest.mark.parametrize("split", ["test", "background+", "background+flips", "+rotations"])
def test_unknown_split(archive, split):
    with pytest.raises(
        ValueError,
        match=r"omniglot.npz: no split '.*'; it has \['background', 'evaluation', 'train'",
    ):
        omniglot.load(archive, split)


def test_an_archive_with_something_missing(tmp_path):
    np.savez(
        tmp_path / "omniglot.npz", x_background=np.zeros((2, 105, 105)), background_character=[0, 1]
    )
    with pytest.raises(
        ValueError, match=r"not a readable Omniglot archive \(need the keys \['background_alphabet'"
    ):
        omniglot.load(tmp_path / "omniglot.npz", "background")


@pytest.mark.skipif(not REAL, reason="SSLZOO_DATA has no omniglot.npz")
@pytest.mark.parametrize(("split", "characters"), [("evaluation", 659), ("background", 964)])
def test_the_official_counts(split, characters):
    loaded = data.load("omniglot", split=split)
    assert (
        loaded.images.shape == (20 * characters, 28, 28)
        and np.bincount(loaded.labels).tolist() == [20] * characters
    )
    assert 0.02 < loaded.images.mean() / 255 < 0.12  # thin strokes of ink on nothing
