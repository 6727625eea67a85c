import json

import numpy as np
import pytest
from PIL import Image

import sslzoo
from sslzoo.data import load
from sslzoo.data.annotations import annotated, categories_of
from sslzoo.data.describe import describe, locate

NAMES = {name for name, _, _ in sslzoo.data.available()}
CATEGORIES = [{"id": 7, "name": "cell"}, {"id": 3, "name": "plate"}]


def save(folder, name, size=(8, 12), value=9):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), value, "uint8")).save(path)


def image(number, name, size=(8, 12), **more):
    return {"id": number, "file_name": name, "height": size[0], "width": size[1]} | more


def box(number, category, corner, sides, **more):
    return {"image_id": number, "category_id": category, "bbox": [*corner, *sides]} | more


def write(folder, images, annotations, categories=CATEGORIES, name="annotations.json"):
    folder.mkdir(parents=True, exist_ok=True)
    document = {"images": images, "annotations": annotations, "categories": categories}
    (folder / name).write_text(json.dumps(document))


@pytest.fixture
def cells(tmp_path):
    """Two images, with two boxes and with one."""
    root = tmp_path / "cells"
    for name, value in (("a.png", 10), ("b.png", 20)):
        save(root, name, value=value)
    boxes = [box(5, 7, (1, 2), (4, 5)), box(5, 3, (0.5, 0), (2, 2)), box(9, 3, (10, 6), (2, 2))]
    write(root, [image(9, "b.png"), image(5, "a.png")], boxes)
    return root


def test_boxes_are_corners_with_classes_in_the_order_of_their_ids(cells):
    data = load(cells)
    assert data.classes == ["plate", "cell"] and data.boxes.dtype == "float32"
    assert data.images[:, 0, 0, 0].tolist() == [20, 10]
    assert data.boxes.tolist() == [
        [[0, 10, 6, 12, 8], [-1] * 5],
        [[1, 1, 2, 5, 7], [0, 0.5, 0, 2.5, 2]],
    ]
    assert (data.name, data.split) == ("cells", "train")
    assert locate(str(cells)) == ("coco", str(cells))
    (row,) = describe(str(cells))
    assert row["classes"] == ["plate", "cell"] and row["labels"] is None
    assert row["beside"] == "boxes" and row["shown"] == [2, 1]


def test_images_of_several_sizes_need_a_size_and_are_described(cells):
    save(cells, "c.png", (30, 20))
    boxes = [box(5, 7, (1, 2), (4, 5)), box(2, 3, (0, 5), (20, 20))]
    write(cells, [image(5, "a.png"), image(2, "c.png", (30, 20))], boxes)
    with pytest.raises(ValueError, match="image_size: needed for .*cells, whose images differ"):
        load(cells)
    assert load(cells, image_size=10).boxes[1].tolist() == [[0, 0, 0, 10, 10]]
    (row,) = describe(str(cells))
    assert row["shape"] == "of several sizes" and row["shown"] == [1, 1] and row["images"] == 2


def test_an_image_without_boxes_stays(cells):
    write(cells, [image(5, "a.png"), image(9, "b.png")], [])
    assert load(cells).boxes.tolist() == [[[-1] * 5]] * 2


def test_one_file_may_name_the_splits_of_its_images(cells):
    images = [image(5, "a.png", split="val"), image(9, "b.png")]
    write(cells, images, [box(5, 7, (1, 2), (4, 5))])
    assert load(cells, "val").images[0, 0, 0, 0] == 10
    assert load(cells, "train").boxes.tolist() == [[[-1] * 5]]
    with pytest.raises(ValueError, match=r"no split 'test'; it has \['train', 'val'\]"):
        load(cells, "test")


@pytest.mark.parametrize("name", ["annotations.json", "_annotations.coco.json"])
def test_each_split_may_have_its_own_file_and_images_a_folder(tmp_path, name):
    for split, folder in (("train", "images"), ("valid", ".")):
        save(tmp_path / split / folder, "a.png")
        write(tmp_path / split, [image(0, "a.png")], [box(0, 3, (1, 1), (2, 2))], name=name)
    assert [load(tmp_path, split).boxes.shape for split in ("train", "valid")] == [(1, 1, 5)] * 2
    write(tmp_path / "valid", [image(0, "a.png")], [], CATEGORIES[:1], name)
    with pytest.raises(ValueError, match=r"got the categories \['cell'\]; it must have those"):
        load(tmp_path, "valid")


def test_boxes_without_an_area_and_of_crowds_are_left_out_and_said(cells):
    boxes = [box(5, 7, (1, 2), (4, 5)), box(5, 7, (3, 3), (0, 2)), box(5, 7, (3, 3), (2, -1))]
    boxes += [box(9, 7, (0, 0), (9, 9), iscrowd=1)]
    write(cells, [image(5, "a.png"), image(9, "b.png")], boxes)
    with pytest.warns(UserWarning) as warned:
        data = load(cells)
    assert data.boxes.tolist() == [[[1, 1, 2, 5, 7]], [[-1] * 5]]
    texts = [str(each.message) for each in warned]
    assert "boxes without an area are left out: 2, in a.png, a.png." in texts[0]
    assert "boxes of crowds are left out: 1, in b.png." in texts[1]
    assert {each.filename for each in warned} == {__file__}


def test_a_box_that_rounding_moves_out_is_cut(cells):
    write(cells, [image(5, "a.png")], [box(5, 7, (-0.6, 2), (12.9, 6.5))])
    assert load(cells).boxes.tolist() == [[[1, 0, 2, 12, 8]]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("outside", "its box from (6, 2) to (14, 7) leaves the 8x12 image"),
        ("other size", "it has 8x12 pixels, and 12x8 in the file of boxes"),
        ("missing", "there is no such file"),
        ("damaged", "not an image"),
    ],
)
def test_what_cannot_be_used_is_named_and_can_be_left_out(cells, change, reason):
    own = image(5, "a.png", (12, 8) if change == "other size" else (8, 12))
    boxes = [box(5, 7, (6, 2), (8 if change == "outside" else 2, 5))]
    write(cells, [own, image(9, "b.png")], boxes)
    if change == "missing":
        (cells / "a.png").unlink()
    if change == "damaged":
        (cells / "a.png").write_text("nothing")
    with pytest.raises(ValueError) as refused:
        load(cells)
    assert f"1 of 2 image files cannot be used: a.png ({reason})" in str(refused.value)
    with pytest.warns(UserWarning, match="cannot be used.*left out") as warned:
        data = load(cells, on_error="skip")
    assert data.images[:, 0, 0, 0].tolist() == [20] and data.boxes.tolist() == [[[-1] * 5]]
    assert warned[0].filename == __file__


@pytest.mark.parametrize(
    ("images", "annotations", "categories", "reason"),
    [
        ([{"id": 5}], [], CATEGORIES, "'file_name' is missing"),
        ([image(5, "a.png")], [box(6, 7, (0, 0), (1, 1))], CATEGORIES, "6 is missing"),
        ([image(5, "a.png")], [box(5, 8, (0, 0), (1, 1))], CATEGORIES, "8 is missing"),
        ([image(5, "a.png")], [box(5, 7, (0, 0), (1,))], CATEGORIES, "a bbox is not four numbers"),
        ([image(5, "a.png")], [box(5, 7, (0, 0), (1, None))], CATEGORIES, ""),
        ([image(5, "a.png")], [], [{"id": 1}], "'name' is missing"),
        ({"5": "a.png"}, [], CATEGORIES, "they are no lists"),
        ([image(5, "a.png", height="tall")], [], CATEGORIES, "invalid literal"),
    ],
)
def test_another_format_is_refused_in_one_sentence(cells, images, annotations, categories, reason):
    write(cells, images, annotations, categories)
    with pytest.raises(ValueError, match="it must hold images, annotations and categories in COC"):
        load(cells)
    with pytest.raises(ValueError, match=f"annotations.json: got .*{reason}"):
        load(cells)


@pytest.mark.parametrize("text", ["{", "[]", "7", '{"images": []}'])
def test_a_file_that_is_not_coco_is_refused(cells, text):
    (cells / "annotations.json").write_text(text)
    with pytest.raises(ValueError, match="annotations.json: (cannot be read as JSON|got .*COCO)"):
        load(cells)


@pytest.mark.parametrize("name", ["../secret.png", "/etc/secret.png", "a/../../secret.png"])
def test_files_elsewhere_are_not_read(cells, name):
    write(cells, [image(5, name)], [])
    with pytest.raises(ValueError, match="it must name files below its own folder"):
        load(cells)


def test_boxes_follow_the_square_that_is_cut(tmp_path):
    """Of 8x12 pixels the columns 2 to 10 are kept, here at twice the size."""
    save(tmp_path, "a.png")
    boxes = [
        box(0, 3, (3, 1), (4, 5)),  # inside
        box(0, 7, (0, 0), (5, 8)),  # 3 of 5 columns are kept
        box(0, 7, (0, 0), (3, 8)),  # 1 of 3
        box(0, 7, (11, 0), (1, 1)),  # outside
    ]
    write(tmp_path, [image(0, "a.png")], boxes)
    data = load(tmp_path, image_size=16)
    assert data.images.shape == (1, 16, 16, 3)
    assert data.boxes.tolist() == [[[0, 2, 2, 10, 12], [1, 0, 0, 6, 16]]]


def test_pixels_and_boxes_are_cut_alike(tmp_path):
    pixels = np.zeros((40, 64, 3), "uint8")
    pixels[8:30, 20:44] = 250
    Image.fromarray(pixels).save(tmp_path / "a.png")
    write(tmp_path, [image(0, "a.png", (40, 64))], [box(0, 3, (20, 8), (24, 22))])
    for size in (20, 60):
        data = load(tmp_path, image_size=size)
        left, top, right, bottom = data.boxes[0, 0, 1:].round().astype(int).tolist()
        assert data.images[0, top + 1 : bottom - 1, left + 1 : right - 1].min() > 200
        data.images[0, max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1] = 0
        assert data.images.max() < 60


def test_the_form_of_bccd_is_converted(tmp_path):
    save(tmp_path / "images", "a.png")
    one = {"file": "images/a.png", "width": 12, "height": 8, "split": "val"}
    document = {"classes": ["red", "white"], "images": [one | {"boxes": [["white", 1, 2, 5, 7]]}]}
    (tmp_path / "annotations.json").write_text(json.dumps(document))
    data = load(tmp_path, "val")
    assert data.boxes.tolist() == [[[1, 1, 2, 5, 7]]] and data.classes == ["red", "white"]
    assert categories_of(tmp_path / "annotations.json") == ["red", "white"]
    assert annotated(tmp_path / "annotations.json", "train") == []


@pytest.mark.skipif("bccd" not in NAMES, reason="SSLZOO_DATA has no bccd")
def test_bccd_has_the_official_counts_less_two_boxes_without_an_area():
    counts = np.zeros(3, int)
    with pytest.warns(UserWarning, match="without an area are left out: 1, in images/BloodImage_0"):
        for split, images in (("train", 205), ("val", 87), ("test", 72)):
            data = load("bccd", split)
            assert data.images.shape == (images, 480, 640, 3)
            labels = data.boxes[..., 0]
            counts += np.bincount(labels[labels >= 0].astype(int), minlength=3)
    assert dict(zip(data.classes, counts.tolist(), strict=True)) == {
        "Platelets": 361,
        "RBC": 4153,
        "WBC": 372,
    }
