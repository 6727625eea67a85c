"""`sslzoo eval NAME --transfer`: which sets it takes, what it keeps, what it writes."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest

import sslzoo
from sslzoo import report
from sslzoo.inputs import Vectors
from sslzoo.zoo import transfer as module
from sslzoo.zoo.registry import resolve
from sslzoo.zoo.transfer import record_transfer, trained_on, transfer

ENTRY = "simclr_resnet20.digits"
NAMES = ("mnist", "fashion_mnist", "cifar10", "pacs64/photo")


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """A zoo with one entry, and four small sets beside the digits that it was trained on."""
    pytest.importorskip("skimage")
    path = resolve(ENTRY)
    weights = path.parents[1] / "weights" / f"{ENTRY}.weights.h5"
    for folder, file in (("zoo_configs", path), ("weights", weights)):
        (tmp_path / folder).mkdir()
        shutil.copy(file, tmp_path / folder)
    images = np.random.default_rng(0).integers(0, 256, (48, 8, 8), dtype=np.uint8)
    labels = np.arange(48) % 2
    images[labels == 1, :4] //= 4  # what a probe can find
    for name in NAMES:
        file = tmp_path / "data" / f"{name}.npz"
        file.parent.mkdir(parents=True, exist_ok=True)
        test = {} if "/" in name else {"x_test": images[32:], "y_test": labels[32:]}
        np.savez(file, x_train=images[:32], y_train=labels[:32], **test)
    monkeypatch.setenv("SSLZOO_CONFIGS", str(tmp_path / "zoo_configs"))
    monkeypatch.setenv("SSLZOO_DATA", str(tmp_path / "data"))
    return tmp_path


@pytest.mark.slow
def test_a_table_is_measured_once_recorded_and_shown(zoo, monkeypatch):
    model = sslzoo.load(ENTRY)
    rows = transfer(ENTRY, model, zoo / "kept")
    assert [row["set"] for row in rows] == ["pacs64/photo", "cifar10", "fashion_mnist", "mnist"]
    assert rows[0]["n_train"] == 24 and rows[0]["n_test"] == 8  # held out
    figures = rows[-1]["figures"]
    assert list(figures) == ["this_model", "untrained_encoder", "raw_pixels", "hog_and_colors"]
    for each in figures.values():
        low, high = each["probe_10_95"]
        assert low <= each["probe_10"] <= high and 0 <= each["knn"] <= 1
    assert figures["raw_pixels"]["probe"] > 0.9

    monkeypatch.setattr(module, "transfer_figures", None)  # a second call only reads
    assert transfer(ENTRY, model, zoo / "kept") == rows
    record_transfer(ENTRY, rows)
    config = sslzoo.info(ENTRY).config
    assert [row.set for row in config.record.transfer] == [row["set"] for row in rows]
    assert "mnist, linear probe, 10 labels a class: this model" in str(sslzoo.info(ENTRY))
    assert (
        "| fashion_mnist (2 classes) | this model |" in report.documentation()["methods/simclr.md"]
    )
    assert len(sslzoo.load(ENTRY).encode(np.zeros((1, 8, 8), "uint8"))) == 1  # still loads


def test_a_table_of_three_sets_is_not_recorded(zoo):
    with pytest.raises(ValueError, match="got 3 sets; it must have at least 4"):
        record_transfer(ENTRY, [{}, {}, {}])


def test_a_model_of_other_items_is_refused():
    with pytest.raises(ValueError, match="got one that reads vectors; it must read images"):
        transfer(ENTRY, SimpleNamespace(encode=None, reads=Vectors(4)))


@pytest.mark.parametrize(
    ("seen", "name", "shares"),
    [
        ("pacs64", "pacs64/photo", True),
        ("pacs64/photo", "pacs64/photo", True),
        ("pacs64/photo", "pacs64/sketch", False),
        ("imagenet", "tiny_imagenet40", True),
        ("mnist", "fashion_mnist", False),
    ],
)
def test_a_set_is_left_out_where_its_images_were_seen(seen, name, shares):
    assert module._shares(name, seen) is shares


def test_what_an_entry_takes_from_another_was_trained_on_too():
    assert trained_on(sslzoo.info("srgan_x4.t91").config) >= {"super_resolution/T91"}
