"""Data sets of TensorFlow Datasets, stored on this machine or downloaded."""

import functools
import io
import os
import pathlib

import numpy as np

from sslzoo.data import image_files
from sslzoo.data.dataset import Dataset
from sslzoo.data.decode import decode, resize
from sslzoo.data.image_files import ImageFiles, ImageSizeNeeded
from sslzoo.data.kept_labels import kept_labels
from sslzoo.data.read import check_split
from sslzoo.data.records import parts, random_access
from sslzoo.progress import progress


def load(
    name: str,
    split: str = "train",
    image_size: int | None = None,
    data_dir: str | os.PathLike | None = None,
    on_error: str = "raise",
) -> Dataset:
    """Read split `split` of the TensorFlow data set `name` ("NAME", "NAME/CONFIG", either with
    ":VERSION").

    A set stored below data_dir (default: TFDS_DATA_DIR, then ~/tensorflow_datasets) is read from
    there and nothing is downloaded; otherwise TFDS prepares it, in array_record format. Images: its
    one uint8 image feature, (N, H, W, 1 or 3); labels: its one class label, if it has one. split
    may be a TFDS slice such as "train[:10%]".

    Up to 1 GiB of pixels come as an array, more as `ImageFiles` (needs image_size): sets stored as
    array_record or tfrecord allow random access and are read without TensorFlow; other formats that
    large are refused.

    Args:
        image_size: shorter side resized and center cut, as for directories; needed when the images
            differ in size.

    Raises:
        DatasetNotFoundError: tensorflow_datasets' own, a ValueError, for a name that it does not
            know.
        ValueError: no such split, no images, sizes that differ. OSError: a download that failed.

    >>> load("cifar10", "test").images.shape  # doctest: +SKIP
    (10000, 32, 32, 3)
    """
    builder = _builder(name, data_dir)
    image_key, label_key = _keys(name, builder.info.features)
    if builder.info.splits and not _has_split(builder.info.splits, split):
        check_split(name, split, sorted(builder.info.splits))
    source = random_access(builder, split, skip=[image_key])
    if source is not None:
        labels = _labels(builder, split, source, label_key)
        channels = builder.info.features[image_key].shape[-1]
        images = _random(f"{name} {split}", source, image_key, channels, image_size, on_error)
    else:
        images, labels = _sequential(name, builder, split, image_key, label_key, image_size)
    classes = builder.info.features[label_key].names if label_key else None
    return Dataset(images, labels, classes, name, split)


def stored(data_dir: str | os.PathLike | None = None) -> dict[str, pathlib.Path]:
    """{"NAME" or "NAME/CONFIG": directory of its latest version} of the sets stored on this
    machine.

    >>> stored("nowhere")
    {}
    """
    root = stored_in(data_dir)
    found = {}
    for pattern in ("*/*/dataset_info.json", "*/*/*/dataset_info.json"):
        for info in sorted(root.glob(pattern), key=lambda path: _version(path.parent)):
            found[str(info.parent.parent.relative_to(root))] = info.parent
    return found


def stored_in(data_dir: str | os.PathLike | None = None) -> pathlib.Path:
    """The folder of the sets: data_dir, TFDS_DATA_DIR, or ~/tensorflow_datasets.

    >>> stored_in("sets").name
    'sets'
    """
    given = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return pathlib.Path(os.path.expanduser(given))


def _builder(name, data_dir):
    import tensorflow_datasets as tfds

    bare = name.partition(":")[0]
    version = name.partition(":")[2]
    on_disk = stored(data_dir)
    configs = [known for known in on_disk if known == bare or known.startswith(f"{bare}/")]
    if len(configs) > 1 and bare not in configs:
        raise ValueError(f"{name}: need one of its stored configurations, {configs}.")
    if configs:
        directory = on_disk[bare if bare in configs else configs[0]]
        directory = directory.with_name(version) if version else directory
        if (directory / "dataset_info.json").is_file():
            return tfds.builder_from_directory(directory)
    builder = tfds.builder(name, data_dir=data_dir)
    try:
        builder.download_and_prepare(file_format="array_record")
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".strip().splitlines()[0]
        raise OSError(
            f"{name}: not stored in {builder.data_path.parent}, and downloading it failed "
            f"({reason})."
        ) from error
    return builder


def _version(directory):
    return [int(part) if part.isdigit() else -1 for part in directory.name.split(".")]


def _keys(name, features):
    """The names of the image feature and of the class label (or None)."""
    import tensorflow_datasets as tfds

    images = [key for key, feature in features.items() if isinstance(feature, tfds.features.Image)]
    labels = [
        key for key, feature in features.items() if isinstance(feature, tfds.features.ClassLabel)
    ]
    image_key = _the_one("image", images)
    if image_key is None:
        raise ValueError(f"{name}: need one image feature, got {images} among {sorted(features)}.")
    feature = features[image_key]
    if np.dtype(feature.np_dtype) != np.uint8 or feature.shape[-1] not in (1, 3):
        raise ValueError(
            f"{name}: need uint8 images with 1 or 3 channels, got {feature.np_dtype} with "
            f"{feature.shape[-1]}."
        )
    return image_key, _the_one("label", labels)


def _the_one(usual, keys):
    """The key of the usual name, else the only one, else None."""
    if usual in keys:
        return usual
    return keys[0] if len(keys) == 1 else None


def _has_split(splits, split):
    try:
        return bool(splits[split])
    except (KeyError, ValueError):
        return False


def _labels(builder, split, source, label_key):
    """The labels. To find them all records are read, so those of large sets are kept."""
    if label_key is None:
        return None
    shards = [(part.filename, part.skip, part.take) for part in parts(builder, split)]
    return kept_labels(builder.name, shards, lambda: _read_labels(source, label_key))


def _read_labels(source, label_key):
    rows = progress(range(len(source)), "reading labels", len(source))
    return np.array([source[row][label_key] for row in rows], "int64")


def _random(title, source, image_key, channels, image_size, on_error):
    """The images as an array or, where that is too large, decoded when asked for."""
    read = functools.partial(_image, source, image_key, channels)
    one = read(0, None).nbytes if image_size is None else image_size**2 * channels
    if len(source) * one <= image_files.ARRAY_LIMIT:
        rows = progress(range(len(source)), "decoding images", len(source))
        return _stack(title, [read(row, image_size) for row in rows])
    if image_size is None:
        raise ImageSizeNeeded(
            f"image_size: needed for {title}, whose {len(source)} images are too large for memory."
        )
    options = {"decode": read, "on_error": on_error, "title": f"{title}, row "}
    return ImageFiles(range(len(source)), image_size, channels, **options)


def _image(source, image_key, channels, row, size):
    """As the images of folders are decoded: a JPEG in little more than the wanted size."""
    try:
        return decode(io.BytesIO(source[row][image_key]), size)[..., :channels]
    except Exception as error:  # each format has errors of its own
        raise OSError(str(error).partition("\n")[0] or type(error).__name__) from error


def _sequential(name, builder, split, image_key, label_key, image_size):
    """One pass through tf.data, for what has no random access."""
    import tensorflow_datasets as tfds

    wanted = {image_key: True} | ({label_key: True} if label_key else {})
    examples = tfds.as_numpy(
        builder.as_dataset(
            split=split, shuffle_files=False, decoders=tfds.decode.PartialDecoding(wanted)
        )
    )
    images = []
    labels = []
    for example in examples:
        pixels = example[image_key]
        images.append(pixels if image_size is None else resize(pixels, image_size))
        labels.append(example[label_key] if label_key else None)
        if len(images) * images[0].nbytes > image_files.ARRAY_LIMIT:
            raise ValueError(
                f"{name}: too large for memory; store it as tfrecord or array_record to read "
                "it by rows."
            )
    return _stack(name, images), labels if label_key else None


def _stack(name, images):
    if not images:
        raise ValueError(f"{name}: need at least one image, got an empty split.")
    if len(shapes := sorted({image.shape for image in images})) > 1:
        raise ImageSizeNeeded(
            f"image_size: needed for {name}, whose images differ in size ({shapes[0]}, "
            f"{shapes[-1]})."
        )
    return np.stack(images)
