import json

import numpy as np
import pytest

from sslzoo.data import Batches, ClassBalanced, Crops, Dataset, ImageFiles, Paired

IMAGES = (np.arange(40 * 4 * 4) * 37 % 251).astype("uint8").reshape(40, 4, 4)
LABELS = np.arange(40) % 4

SAMPLERS = {
    "Batches": lambda images, **changes: Batches(
        Dataset(images, LABELS), **{"batch_size": 8} | changes
    ),
    "Paired": lambda images, **changes: Paired(
        (images, LABELS), **{"batch_size": 4, "ratio": 2, "labels_per_class": 2} | changes
    ),
    "ClassBalanced": lambda images, **changes: ClassBalanced(
        (images, LABELS), **{"classes": 3, "samples": 2} | changes
    ),
    "Crops": lambda images, **changes: Crops(
        list(images), **{"size": 3, "batch_size": 5, "steps_per_epoch": 6} | changes
    ),
}
every_sampler = pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)


@every_sampler
def test_settings_are_plain_and_tell_runs_apart(sampler):
    settings = sampler(IMAGES).settings
    assert json.loads(json.dumps(settings)) == settings
    assert sampler(IMAGES.copy()).settings == settings
    assert sampler(IMAGES, seed=1).settings != settings
    assert sampler(IMAGES, start=1).settings != settings


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("Batches", {"batch_size": 4}),
        ("Paired", {"draw": 1}),
        ("Paired", {"ratio": 1}),
        ("Paired", {"labels_per_class": 3}),
        ("Paired", {"steps_per_epoch": 2}),
        ("ClassBalanced", {"classes": 2}),
        ("ClassBalanced", {"samples": 3}),
        ("Crops", {"size": 2}),
        ("Crops", {"steps_per_epoch": 7}),
    ],
)
def test_each_setting_that_decides_the_batches_is_told(name, change):
    assert SAMPLERS[name](IMAGES, **change).settings != SAMPLERS[name](IMAGES).settings


@every_sampler
def test_other_data_of_the_same_number_have_another_fingerprint(sampler):
    other = IMAGES.copy()
    other[17, 1, 1] ^= 1
    assert sampler(other).fingerprint != sampler(IMAGES).fingerprint
    assert sampler(other).settings != sampler(IMAGES).settings


def test_the_fingerprint_is_of_values_and_not_of_their_form():
    fingerprint = Batches(Dataset(IMAGES, LABELS), 8).fingerprint
    assert fingerprint == "0b08110854ab31e9"  # on every machine
    for same in (
        {"labels": LABELS, "images": IMAGES},
        Dataset(IMAGES[..., None], LABELS.astype("uint8")),
        Dataset(np.asfortranarray(IMAGES), LABELS),
    ):
        assert Batches(same, 4, seed=9).fingerprint == fingerprint
    for other in (
        Dataset(IMAGES),
        Dataset(IMAGES, LABELS[::-1]),
        Dataset(IMAGES[:39], LABELS[:39]),
        Dataset(IMAGES.reshape(40, 2, 8), LABELS),
        {"vectors": IMAGES, "labels": LABELS},
        {"images": IMAGES.astype("int16"), "labels": LABELS},
    ):
        assert Batches(other, 8).fingerprint != fingerprint


def test_the_fingerprint_reads_little_of_what_lies_on_disk():
    read = []

    def decode(row, size):
        read.append(row)
        return np.full((size, size, 3), row % 256, "uint8")

    batches = Batches(Dataset(ImageFiles(range(1000), 2, decode=decode)), 8)
    assert len(batches.fingerprint) == 16 and len(read) == 16 and {0, 999} <= set(read)
    assert batches.starting_at(5).fingerprint == batches.fingerprint and len(read) == 16


def test_the_fingerprint_of_much_is_quick():
    data = np.zeros((10**5, 100), "float32")  # 40 MB
    read = []

    class Counted(np.ndarray):
        def __getitem__(self, rows):
            read.append(np.size(rows))
            return super().__getitem__(rows)

    Batches({"vectors": data.view(Counted)}, 8).fingerprint  # noqa: B018
    assert sum(read) * 400 <= 2**20


@every_sampler
def test_a_sample_is_from_all_over_the_set(sampler):
    stream = sampler(IMAGES)
    whole = stream.sample(40)
    sample = stream.sample(5)
    assert len(whole) == 40 and len(sample) == 5 and len(stream.sample(10**6)) == 40
    np.testing.assert_array_equal(sample[[0, -1]], whole[[0, -1]])


@every_sampler
def test_numpy_alone_is_in_a_batch(sampler):
    for values in sampler(IMAGES)[3].values():
        assert isinstance(values, np.ndarray)


def test_a_start_below_zero_is_refused():
    with pytest.raises(ValueError, match="step: got -1; it must be an integer of at least 0"):
        Batches(Dataset(IMAGES), 8).starting_at(-1)
