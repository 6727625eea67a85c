import pickle

import numpy as np
import pytest

from sslzoo.data import ImageFiles, available, image_files, load

pytestmark = pytest.mark.tensorflow
tfds = pytest.importorskip("tensorflow_datasets")


def store(root, name="shapes", version="1.0.0", n=6, image=None, file_format="tfrecord"):
    """Write a set in TFDS format: image i has the value i, label i % 2; splits train (n) and test
    (2).
    """
    shape = image or (8, 8, 3)
    features = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=shape),
            "label": tfds.features.ClassLabel(names=["round", "square"]),
        }
    )

    def examples(count):
        for i in range(count):
            height, width = (side or 8 + i for side in shape[:2])
            yield i, {"image": np.full((height, width, shape[2]), i, "uint8"), "label": i % 2}

    tfds.dataset_builders.store_as_tfds_dataset(
        name=name,
        version=version,
        features=features,
        split_datasets={"train": list(examples(n)), "test": list(examples(2))},
        data_dir=str(root),
        file_format=file_format,
        disable_shuffling=True,
    )


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("SSLZOO_DATA", raising=False)

    def no_download(*_, **__):
        raise ConnectionError("no network in tests")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", no_download)
    return tmp_path


@pytest.fixture(params=["tfrecord", "array_record"])
def stored(request, tmp_path, monkeypatch):
    store(tmp_path, file_format=request.param)
    monkeypatch.delenv("SSLZOO_DATA", raising=False)
    return tmp_path


def test_a_stored_set_is_read_in_its_order(stored):
    data = load("shapes", data_dir=stored)
    assert data.images[:, 0, 0, 0].tolist() == list(range(6)) and data.images.shape == (6, 8, 8, 3)
    assert data.labels.tolist() == [0, 1] * 3 and data.classes == ["round", "square"]
    assert len(load("tfds:shapes", "test", data_dir=stored)) == 2
    assert len(load("tfds:shapes:1.0.0", "train[:50%]", data_dir=stored)) == 3
    assert load("shapes", image_size=4, data_dir=stored).images.shape == (6, 4, 4, 3)


def test_the_environment_names_the_folder_and_available_lists_it(stored, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(stored))
    assert len(load("shapes")) == 6
    assert ("shapes", "tfds", str(stored / "shapes" / "1.0.0")) in available()


def test_a_missing_split_is_listed(stored):
    with pytest.raises(ValueError, match=r"shapes: no split 'val'; it has \['test', 'train'\]"):
        load("shapes", "val", data_dir=stored)


def test_the_latest_stored_version_is_read(tmp_path):
    for version, n in (("1.0.0", 3), ("1.10.0", 5), ("1.9.0", 4)):
        store(tmp_path, version=version, n=n)
    assert len(load("shapes", data_dir=tmp_path)) == 5
    assert len(load("tfds:shapes:1.9.0", data_dir=tmp_path)) == 4


@pytest.mark.parametrize("file_format", ["tfrecord", "array_record"])
def test_a_large_set_is_decoded_on_access(tmp_path, monkeypatch, file_format):
    store(tmp_path, file_format=file_format, image=(None, None, 3))
    small = load("shapes", image_size=4, data_dir=tmp_path)
    monkeypatch.setattr(image_files, "ARRAY_LIMIT", 6 * 4 * 4 * 3 - 1)
    large = load("shapes", image_size=4, data_dir=tmp_path)
    assert isinstance(large.images, ImageFiles) and large.images.shape == (6, 4, 4, 3)
    copied = pickle.loads(pickle.dumps(large))
    np.testing.assert_array_equal(copied.images[:], large.images[:])
    np.testing.assert_array_equal(large[[5, 0]]["images"], small.images[[5, 0]])
    assert large.labels.tolist() == small.labels.tolist()
    with pytest.raises(ValueError, match="image_size: needed for shapes"):
        load("shapes", data_dir=tmp_path)


def test_slices_are_what_tfds_itself_reads(tmp_path):
    store(tmp_path, n=40)
    builder = tfds.builder_from_directory(tmp_path / "shapes" / "1.0.0")
    for split in ("train[10%:35%]", "train[30:]+test"):
        expected = [
            example["image"][0, 0, 0] for example in tfds.as_numpy(builder.as_dataset(split=split))
        ]
        assert load("shapes", split, data_dir=tmp_path).images[:, 0, 0, 0].tolist() == expected


def test_a_shard_cut_off_is_named(tmp_path):
    store(tmp_path)
    shard = next((tmp_path / "shapes").rglob("*train.tfrecord*"))
    shard.write_bytes(shard.read_bytes()[:-40])
    with pytest.raises(
        ValueError, match="train.tfrecord-00000-of-00001: cut off, need 6 records, got 5 whole ones"
    ):
        load("shapes", data_dir=tmp_path)


def test_a_large_set_without_random_access_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(image_files, "ARRAY_LIMIT", 5000)
    with (
        tfds.testing.mock_data(num_examples=5),
        pytest.raises(ValueError, match="too large for memory; store it as"),
    ):
        load("tfds:cifar10")


@pytest.mark.parametrize("file_format", ["tfrecord", "array_record"])
def test_sizes_that_differ_need_an_image_size(tmp_path, file_format):
    store(tmp_path, image=(None, None, 1), file_format=file_format)
    with pytest.raises(
        ValueError, match=r"image_size: needed for shapes train, .*\(8, 8, 1\), \(13, 13, 1\)"
    ):
        load("shapes", data_dir=tmp_path)
    assert load("shapes", image_size=8, data_dir=tmp_path).images.shape == (6, 8, 8, 1)


def test_a_set_of_tfds_is_read_through_its_own_code(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("SSLZOO_DATA", raising=False)
    with tfds.testing.mock_data(num_examples=5):
        data = load("cifar10")
        assert data.images.shape == (5, 32, 32, 3) and data.images.dtype == "uint8"
        assert len(data.classes) == 10 and data.labels.shape == (5,)
        assert load("mnist", image_size=14).images.shape == (5, 14, 14, 1)


def test_a_set_without_images_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    with (
        tfds.testing.mock_data(num_examples=2),
        pytest.raises(ValueError, match="imdb_reviews: need one image feature"),
    ):
        load("tfds:imdb_reviews")


def test_a_failed_download_is_one_sentence(root):
    with pytest.raises(
        OSError,
        match="cifar10: not stored in .*downloading it failed .ConnectionError: no network in ",
    ) as error:
        load("tfds:cifar10")
    assert "\n" not in str(error.value)


def test_an_unknown_name_gets_the_nearest_that_tfds_knows(root):
    with pytest.raises(ValueError, match="Unknown data set 'cifar11'.*did you mean cifar10"):
        load("cifar11")
