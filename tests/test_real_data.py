"""With real photographs at hand (`SSLZOO_DATA` names a folder that holds cifar10.npz)."""

import numpy as np
import pytest

import sslzoo

NAMES = {name for name, _, _ in sslzoo.data.available()}
pytestmark = pytest.mark.skipif("cifar10" not in NAMES, reason="SSLZOO_DATA has no cifar10.npz")


@pytest.fixture(scope="module")
def cifar10():
    return [sslzoo.data.load("cifar10", split=split) for split in ("train", "test")]


def test_the_official_counts(cifar10):
    for split, n in zip(cifar10, (50_000, 10_000), strict=True):
        assert split.images.shape == (n, 32, 32, 3) and split.images.dtype == "uint8"
        assert (np.bincount(split.labels) == n // 10).all()


def test_simclr_learns_photographs(cifar10):
    model = sslzoo.build("simclr", "convnet", image_size=32, augment="simclr_cifar")
    images = cifar10[0].images[:512]
    loss = model.fit(images, batch_size=128, epochs=4, verbose=0).history["loss"]
    assert loss[-1] < loss[0] - 0.1


published = [name for name in sslzoo.list_models("*.cifar10") if sslzoo.info(name).config.record]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in published if "resnet20" in name])
def test_published_weights_beat_the_untrained_network(name, cifar10):
    """On a part of the data, so by less than the record's own figures, which have all of it as the
    bank: by at least two fifths of their gain.
    """
    train, test = (
        split.take(np.arange(n)) for split, n in zip(cifar10, (5_000, 1_000), strict=True)
    )
    metrics = sslzoo.info(name).config.record.metrics
    published = next(metric for metric in metrics if metric["protocol"] == "knn")
    found = sslzoo.evaluate.knn(sslzoo.load(name), train, test)
    assert gain(found) > 0.4 * gain(published) > 0.02


def gain(record):
    return record["accuracy"] - record["baselines"]["untrained_encoder"]
