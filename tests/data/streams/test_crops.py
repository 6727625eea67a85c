import numpy as np
import pytest

from sslzoo.data import Crops, Pictures


def numbered(*sizes):
    """Pictures whose pixel (y, x) of picture i holds (i, y, x)."""
    return [
        np.stack([np.full(size, i), *np.indices(size)], axis=-1).astype("uint8")
        for i, size in enumerate(sizes)
    ]


PICTURES = numbered((9, 7), (5, 12), (20, 6), (8, 8))


def test_a_crop_is_a_connected_piece_of_its_picture():
    batch = Crops(PICTURES, 4, batch_size=3, steps_per_epoch=5)[2]
    assert batch["images"].shape == (3, 4, 4, 3) and batch["images"].dtype == "uint8"
    for crop, i in zip(batch["images"], batch["index"], strict=True):
        top, left = crop[0, 0, 1:]
        np.testing.assert_array_equal(crop, PICTURES[i][top : top + 4, left : left + 4])


def test_every_place_comes_and_no_other():
    crops = Crops(numbered((6, 5)), 4, batch_size=50, steps_per_epoch=1)
    places = {tuple(crop[0, 0, 1:]) for crop in crops[0]["images"]}
    assert places == {(y, x) for y in range(3) for x in range(2)}


def test_pictures_of_a_batch_differ_while_there_are_enough():
    crops = Crops(PICTURES, 4, batch_size=4, steps_per_epoch=5)
    assert all(sorted(crops[i]["index"]) == [0, 1, 2, 3] for i in range(10))
    more = Crops(PICTURES, 4, batch_size=6, steps_per_epoch=5)
    assert (np.bincount(more[0]["index"]) >= 1).all()


def test_a_batch_depends_on_seed_epoch_and_step_alone():
    def crops(**kwargs):
        return Crops(PICTURES, 4, batch_size=3, steps_per_epoch=5, **kwargs)

    whole = crops(seed=1)
    for i in (0, 6, 3):
        np.testing.assert_array_equal(
            whole[i]["images"], crops(seed=1).batch(*divmod(i, 5))["images"]
        )
        np.testing.assert_array_equal(whole[4 + i]["images"], whole.starting_at(4)[i]["images"])
    seen = [whole[0]["images"], whole[1]["images"], whole[5]["images"], crops(seed=2)[0]["images"]]
    assert len({images.tobytes() for images in seen}) == 4


def test_the_whole_is_the_middle_of_every_picture():
    crops = Crops(PICTURES, 4, batch_size=3, steps_per_epoch=5)
    images = crops.arrays["images"]
    assert crops.size == 4 and images.shape == (4, 4, 4, 3)
    assert images[0, 0, 0].tolist() == [0, 3, 2]
    np.testing.assert_array_equal(crops.sample(2), images[[0, 3]])


def test_a_picture_smaller_than_the_crop_is_named():
    pictures = Pictures(PICTURES, ["a", "b", "c", "d"])
    with pytest.raises(
        ValueError, match="size: got 6; it must be at most 5, as picture b has 5x12; .*smallest=6"
    ):
        Crops(pictures, 6, batch_size=2, steps_per_epoch=1)


@pytest.mark.parametrize("size", [0, -1, 2.5])
def test_an_empty_crop_is_refused(size):
    with pytest.raises(ValueError, match=f"size: got {size}; it must be an integer of at least 1"):
        Crops(PICTURES, size, batch_size=2, steps_per_epoch=1)
