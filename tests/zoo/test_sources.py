import numpy as np
import pytest
from PIL import Image

from sslzoo.zoo.entry import load_config
from sslzoo.zoo.registry import resolve
from sslzoo.zoo.sources import evaluation_sets, training_data


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
