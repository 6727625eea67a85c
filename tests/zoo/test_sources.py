import numpy as np
import pytest
from PIL import Image

import sslzoo
from sslzoo.zoo import yaml_text
from sslzoo.zoo.config import validate
from sslzoo.zoo.entry import load_config
from sslzoo.zoo.found import SAMPLERS
from sslzoo.zoo.registry import resolve
from sslzoo.zoo.sources import evaluation_sets, load_sets, training_data
from sslzoo.zoo.strict import Source


@pytest.fixture
def config(tmp_path):
    """The entry of SRResNet, on three pictures of which one is smaller than its crops."""
    for name, size in (("large", (120, 100)), ("wide", (300, 96)), ("small", (200, 95))):
        Image.new("RGB", size).save(tmp_path / f"{name}.png")
    config = load_config(resolve("srresnet_x4.t91"))
    return config.model_copy(
        update={"data": config.data.model_copy(update={"name": str(tmp_path)})}
    )


def test_crops_of_the_pictures_that_are_large_enough(config):
    with pytest.warns(UserWarning, match=r"1 of 3 .*small.png \(95x200 pixels, 96 are needed\)"):
        crops = training_data(config)
    assert crops.pictures.names == ["large", "wide"]
    assert (
        crops[0]["images"].shape == (config.batch_size, 96, 96, 3)
        and crops.steps_per_epoch == config.sampler.steps_per_epoch
    )


def test_a_small_picture_is_an_error_unless_the_config_says_skip(config):
    strict = config.model_copy(
        update={"data": config.data.model_copy(update={"on_error": "raise"})}
    )
    with pytest.raises(ValueError, match="small.png"):
        training_data(strict)


def test_super_resolution_is_evaluated_on_whole_pictures(config):
    (pictures,) = evaluation_sets("super_resolution", [config.data], config.image_size)
    assert sorted(np.shape(picture) for picture in pictures) == [
        (95, 200, 3),
        (96, 300, 3),
        (100, 120, 3),
    ]


def test_a_batch_size_beside_a_sampler_that_draws_another_is_refused():
    config = load_config("triplet_convnet.omniglot")
    sampler = SAMPLERS["class_balanced"](name="class_balanced", classes=4, samples=3)
    digits = config.data.model_copy(update={"name": "digits", "split": "train"})
    config = config.model_copy(update={"data": digits, "sampler": sampler})
    for batch_size in (12, None):
        stream = training_data(config.model_copy(update={"batch_size": batch_size}))
        assert stream[0]["images"].shape == (12, 8, 8, 1)
    with pytest.raises(ValueError, match="batch_size: got 128; it must be 12, as class_balanced"):
        training_data(config)


@pytest.fixture
def few_labels(tmp_path):
    """Two class folders with ten images each, beside a folder of 60; the entry of FixMatch."""
    rng = np.random.default_rng(0)
    for number in range(80):
        folder = ["bus", "car"][number % 2] if number < 20 else "unlabeled"
        path = tmp_path / "photos" / folder / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), "uint8")).save(path)
    labels = [f"{kind}/{n}.png,{kind}" for n in range(20) for kind in [["bus", "car"][n % 2]]]
    (tmp_path / "photos" / "labels.csv").write_text("\n".join(["path,label", *labels]))
    return yaml_text.read(resolve("fixmatch_convnet.digits")) | {"record": None, "batch_size": 4}


@pytest.mark.parametrize("table", [{}, {"labels": "labels.csv"}])
def test_labeled_and_unlabeled_images_are_one_stream(few_labels, tmp_path, table):
    source = {"name": str(tmp_path / "photos"), **table}
    labeled = {**source, "split": "train", "hold_out": 0.2}
    few_labels["data"] = {"labeled": labeled, "unlabeled": {**source, "split": "unlabeled"}}
    few_labels["sampler"] = {"name": "paired", "ratio": 3}
    stream = training_data(validate(few_labels))
    assert stream.classes == 2 and stream.size == 60 and len(stream.labeled) == 16
    assert {field: len(values) for field, values in stream[0].items()} == {
        "images": 4,
        "labels": 4,
        "unlabeled": 12,
        "index": 12,
    }
    held_out = Source(**labeled | {"split": "test"})
    (test,) = evaluation_sets("accuracy", [held_out])
    assert test.labels.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("roles", "sampler", "sentence"),
    [
        (("labeled", "unlabeled"), None, "sampler: missing; data for labeled, unlabeled come with"),
        (("labelled", "unlabeled"), "paired", "data: got labelled, unlabeled; it must be labeled"),
    ],
)
def test_roles_and_sampler_belong_together(few_labels, roles, sampler, sentence):
    few_labels["data"] = {role: {"name": "digits", "split": "train"} for role in roles}
    few_labels["sampler"] = sampler and {"name": sampler}
    with pytest.raises(ValueError, match=sentence):
        validate(few_labels)


def test_crops_take_no_labels(config):
    labeled = config.data.model_copy(update={"labels": "labels.csv"})
    with pytest.raises(ValueError, match="labels: got labels.csv; it must be left out: crops"):
        training_data(config.model_copy(update={"data": labeled}))


def _digits(**changes):
    config = load_config("simclr_resnet20.digits").model_dump(exclude={"record"}, exclude_none=True)
    return validate(config | changes)


def _folder(path, values, size):
    """A class of images of one brightness each, as a source that keeps a quarter apart."""
    (path / "things").mkdir(parents=True)
    for value in values:
        Image.new("RGB", size, (value,) * 3).save(path / "things" / f"{value}.png")
    return {"name": str(path), "split": "train", "hold_out": 0.25, "image_size": 8}


def test_a_list_of_sets_is_mixed_in_one_size_without_labels_and_test_images(tmp_path):
    parts = [_folder(tmp_path / "wide", range(8), (20, 16))]
    parts += [_folder(tmp_path / "small", range(100, 112), (4, 4))]
    mix = training_data(_digits(data=parts))
    assert mix.images.shape == (6 + 9, 8, 8, 3) and mix.labels is None
    tests = [Source(**part | {"split": "test"}) for part in parts]
    held_out = [int(image.flat[0]) for part in load_sets(tests) for image in part.images]
    seen = [int(image.flat[0]) for image in mix.images]
    assert sorted(held_out + seen) == [*range(8), *range(100, 112)]


def test_sets_of_several_sizes_are_not_mixed_and_the_error_says_how():
    parts = [{"name": "digits", "split": "train", "image_size": size} for size in (8, 16)]
    with pytest.raises(
        ValueError, match=r"data: got .*8.* and .*16.*; it must have one shape; image_size"
    ):
        training_data(_digits(data=parts))


def test_a_list_of_sets_comes_without_sampler_and_tasks():
    parts = [{"name": "digits", "split": split} for split in ("train", "test")]
    sampler = {"name": "class_balanced", "classes": 4, "samples": 3}
    with pytest.raises(ValueError, match="sampler: got class_balanced for a list of data sets"):
        _digits(data=parts, sampler=sampler, batch_size=None)
    tasks = {"count": 5, "test": parts[1]}
    with pytest.raises(ValueError, match="tasks: got data for part 1, part 2; it must come with"):
        _digits(data=parts, tasks=tasks)


def test_an_entry_of_mixed_sets_is_listed_under_each_of_them():
    for name in ("cifar10", "tiny_imagenet40", "pacs64/photo"):
        assert "simclr_resnet20.photos" in sslzoo.list_models(data=name)


def test_photographs_of_several_sizes_are_larger_for_protocols_on_maps(tmp_path):
    """Objects in 32 px, the size of the network, would be lost."""
    root = tmp_path / "streets"
    for split in ("train", "test"):
        for number, size in enumerate([(40, 30), (64, 48)]):
            for folder, mode in ((split, "RGB"), (f"{split}annot", "L")):
                (root / folder).mkdir(parents=True, exist_ok=True)
                Image.new(mode, size).save(root / folder / f"{number}.png")
    (root / "classes.txt").write_text("road")
    roles = [Source(name=str(root), split=split) for split in ("train", "test")]
    for part in evaluation_sets("segmentation", roles, 32):
        assert part.images.shape == (2, 320, 320, 3) and part.masks.shape == (2, 320, 320)
    own = [role.model_copy(update={"image_size": 24}) for role in roles]
    assert evaluation_sets("segmentation", own, 32)[0].masks.shape == (2, 24, 24)
