"""Encoded images in an export: the answers that `encode` of the decoded files gives."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import sslzoo
from sslzoo.data.decode import decode as read

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(0)
COLOR = Image.fromarray(RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)).resize((23, 17))
RGBA = Image.fromarray(RNG.integers(0, 256, (17, 23, 4), dtype=np.uint8))
GRAY_ALPHA = Image.fromarray(RNG.integers(0, 256, (17, 23, 2), dtype=np.uint8))
DEEP = Image.fromarray(RNG.integers(0, 65536, (17, 23)).astype("uint16"))
DEEP_COLOR = RNG.integers(0, 65536, (17, 23, 3))


def encoded(image, kind, orientation=None, **settings):
    if orientation is not None:
        settings["exif"] = Image.Exif()
        settings["exif"][0x010F] = "maker"
        settings["exif"][0x0112] = orientation
    file = io.BytesIO()
    image.save(file, kind, **settings)
    return file.getvalue()


def png_of_deep_color(values):
    """A PNG of colors of 16 bits, which Pillow does not write."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    chunks = (b"IHDR" + header, b"IDAT" + zlib.compress(rows), b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in chunks
    )


FILES = {
    **{f"jpeg_{turn}": encoded(COLOR, "JPEG", turn) for turn in range(1, 9)},
    **{f"png_{turn}": encoded(COLOR, "PNG", turn) for turn in (1, 6, 7)},
    "gray_jpeg": encoded(COLOR.convert("L"), "JPEG"),
    "gray": encoded(COLOR.convert("L"), "PNG"),
    "black_and_white": encoded(COLOR.convert("1"), "PNG"),
    "sixteen_bits": encoded(DEEP, "PNG"),
    "twelve_bits": encoded(Image.fromarray(np.asarray(DEEP) >> 4), "PNG"),
    "sixteen_bits_of_color": png_of_deep_color(DEEP_COLOR),
    "twelve_bits_of_color": png_of_deep_color(DEEP_COLOR >> 4),
    "cmyk": encoded(COLOR.convert("CMYK"), "JPEG"),
    "four_colors": encoded(COLOR.quantize(4), "PNG"),
    "palette": encoded(COLOR.convert("P"), "PNG"),
    "transparent_palette": encoded(COLOR.convert("P"), "PNG", transparency=3),
    "alpha": encoded(RGBA, "PNG"),
    "gray_and_alpha": encoded(GRAY_ALPHA, "PNG"),
    "gif": encoded(COLOR, "GIF", save_all=True, append_images=[COLOR.rotate(90)]),
    "bmp": encoded(COLOR, "BMP"),
    "bmp_of_32_bits": encoded(RGBA, "BMP"),
}


def with_orientation_of_type(number, layout, endian):
    """A JPEG whose tag is an integer of another type than the usual one."""
    head = b"II*\0" if endian == "<" else b"MM\0*"
    value = struct.pack(endian + layout, 6).ljust(4, b"\0")
    entry = struct.pack(f"{endian}IHHHI", 8, 1, 0x0112, number, 1) + value
    file = io.BytesIO()
    COLOR.save(file, "JPEG", exif=b"Exif\0\0" + head + entry + bytes(4))
    return file.getvalue()


for endian in "<>":
    for number, layout in ((1, "B"), (3, "H"), (4, "I"), (19, "H")):
        content = with_orientation_of_type(number, layout, endian)
        FILES[f"jpeg_{endian}_{number}"] = content
UNREADABLE = {
    "webp": encoded(COLOR, "WEBP"),
    "tiff": encoded(COLOR, "TIFF"),
    "bmp_with_a_palette": encoded(COLOR.convert("P"), "BMP"),
    "bmp_with_masks": FILES["bmp_of_32_bits"][:30] + b"\3" + FILES["bmp_of_32_bits"][31:],
    "bmp_of_another_header": FILES["bmp"][:14] + b"\x0c" + FILES["bmp"][15:],
    "text": b"no image",
    "nothing": b"",
    "half_a_png": FILES["alpha"][:200],
    "half_a_jpeg": FILES["jpeg_3"][:200],
}


@pytest.fixture(scope="module")
def model():
    return sslzoo.build("simclr", {"name": "micro", "channels": 1}, 8)


@pytest.fixture(scope="module")
def signatures(model, tmp_path_factory):
    import tensorflow as tf

    path = model.export(tmp_path_factory.mktemp("export"), warmup=False)
    loaded = tf.saved_model.load(str(path))
    signatures_of_it = dict(loaded.signatures)
    signatures_of_it["loaded"] = loaded  # which must outlive them
    return signatures_of_it


@pytest.fixture(scope="module")
def expected(model, tmp_path_factory):
    """What `encode` gives for each file that `sslzoo.data` decoded."""
    path = tmp_path_factory.mktemp("files") / "file"
    features = {}
    for name, content in FILES.items():
        path.write_bytes(content)
        features[name] = model.encode(read(path)[None])[0]
    return features


def test_files_of_every_kind_give_what_encode_gives(signatures, expected):
    import tensorflow as tf

    found = signatures["serving_bytes"](image_bytes=tf.constant(list(FILES.values())))
    for name, features in zip(FILES, found["embedding"].numpy(), strict=True):
        np.testing.assert_allclose(features, expected[name], rtol=1e-4, atol=1e-7, err_msg=name)


def test_files_that_cannot_be_read_are_marked_and_the_others_answered(signatures, expected):
    import tensorflow as tf

    files = {**UNREADABLE, "jpeg_6": FILES["jpeg_6"]}
    found = signatures["serving_bytes_marked"](image_bytes=tf.constant(list(files.values())))
    assert found["readable"].numpy().tolist() == [name in FILES for name in files]
    features = found["embedding"].numpy()
    np.testing.assert_allclose(features[-1], expected["jpeg_6"], rtol=1e-4, atol=1e-7)
    assert not features[:-1].any()


@pytest.mark.parametrize("name", ["webp", "tiff", "text", "nothing"])
def test_another_kind_of_file_is_refused_by_the_names_of_those_that_are_read(signatures, name):
    import tensorflow as tf

    with pytest.raises(tf.errors.InvalidArgumentError, match="must be JPEG, PNG, GIF"):
        signatures["serving_bytes"](image_bytes=tf.constant([UNREADABLE[name]]))


@pytest.mark.parametrize("shape", [(0, 8, 8, 3), (0, 11, 9, 1), (0, 0, 0, 3)])
def test_no_image_gets_an_empty_answer(signatures, shape):
    import tensorflow as tf

    images = tf.zeros(shape, "uint8")
    assert signatures["serving_default"](images=images)["embedding"].shape == (0, 16)
    assert signatures["loaded"](images).shape == (0, 16)


@pytest.mark.parametrize("name", ["serving_bytes", "serving_bytes_marked"])
def test_no_file_gets_an_empty_answer(signatures, name):
    import tensorflow as tf

    found = signatures[name](image_bytes=tf.constant([], tf.string))
    assert found["embedding"].shape == (0, 16)


def test_color_pixels_are_served_as_encode_reads_them(model, signatures):
    import tensorflow as tf

    images = np.asarray(COLOR)[None]
    found = signatures["encode"](images=tf.constant(images))["embedding"].numpy()
    np.testing.assert_allclose(found, model.encode(images), rtol=1e-5, atol=1e-7)


@pytest.mark.slow
def test_enlarged_files_that_cannot_be_read_have_no_bytes(tmp_path):
    import tensorflow as tf

    trunk = {"name": "srresnet", "width": 4, "blocks": 1}
    model = sslzoo.build("srresnet", trunk, 16, scale=2, last_kernel=3)
    loaded = tf.saved_model.load(str(model.export(tmp_path, warmup=False)))
    files = tf.constant([FILES["jpeg_6"], b"no image"])
    found = loaded.signatures["serving_bytes_marked"](image_bytes=files)
    assert found["readable"].numpy().tolist() == [True, False]
    large, empty = found["image_bytes"].numpy()
    assert tf.io.decode_png(large).shape == (46, 34, 3) and empty == b""
    upscale = loaded.signatures["upscale"]
    assert upscale(images=tf.zeros((0, 5, 5, 3), "uint8"))["image"].shape[0] == 0
    photograph = RNG.integers(0, 256, (1, 200, 250, 3), dtype=np.uint8)  # in tiles
    served = upscale(images=tf.constant(photograph))["image"].numpy()
    expected = model.upscale(photograph)
    assert served.shape == (1, 400, 500, 3)
    assert np.abs(served.astype(int) - expected).max() <= 1
