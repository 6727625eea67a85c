import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from sslzoo.data import image_files, load
from sslzoo.data.decode import decode, guessed_bits, probe

ORIENTATION = 0x0112


def gradient(height=6, width=9):
    return np.linspace(0, 255, height * width * 3).astype("uint8").reshape(height, width, 3)


def test_rgb_png_comes_back_exactly(tmp_path):
    Image.fromarray(gradient()).save(tmp_path / "a.png")
    np.testing.assert_array_equal(decode(tmp_path / "a.png"), gradient())
    assert probe(tmp_path / "a.png") == (6, 9)


@pytest.mark.parametrize(
    "orientation, upright",
    [(1, lambda x: x), (3, lambda x: x[::-1, ::-1]), (6, lambda x: np.rot90(x, -1)), (8, np.rot90)],
)
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_exif_orientation_is_applied(tmp_path, orientation, upright, suffix):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(gradient(16, 32)).save(path, exif=exif, quality=100)
    expected = upright(gradient(16, 32))
    assert probe(path) == expected.shape[:2]
    np.testing.assert_allclose(decode(path).astype(int), expected.astype(int), atol=8)


def test_gray_becomes_three_equal_channels(tmp_path):
    Image.fromarray(gradient()[..., 0]).save(tmp_path / "a.png")
    np.testing.assert_array_equal(decode(tmp_path / "a.png"), gradient()[..., :1].repeat(3, -1))


def test_sixteen_bit_gray_keeps_its_upper_byte(tmp_path):
    values = np.array([[0, 255, 256, 0x1234, 65535]], "uint16")
    Image.fromarray(values).save(tmp_path / "a.png")
    assert decode(tmp_path / "a.png")[0, :, 0].tolist() == [0, 0, 1, 0x12, 255]


def test_transparent_pixels_lie_on_white(tmp_path):
    pixels = np.array([[[200, 0, 0, 255], [200, 0, 0, 0]]], "uint8")
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert decode(tmp_path / "a.png").tolist() == [[[200, 0, 0], [255, 255, 255]]]


def test_palette_with_and_without_a_transparent_entry(tmp_path):
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "plain.png")
    image.save(tmp_path / "clear.png", transparency=1)
    assert decode(tmp_path / "plain.png").tolist() == [[[10, 20, 30], [40, 50, 60]]]
    assert decode(tmp_path / "clear.png").tolist() == [[[10, 20, 30], [255, 255, 255]]]


def test_cmyk_jpeg_and_black_and_white_png(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "red.jpg", quality=100)
    red = decode(tmp_path / "red.jpg")[4, 4].astype(int)
    assert red[0] > 240 and red[1] < 15 and red[2] < 15
    Image.new("1", (3, 2), 1).save(tmp_path / "white.png")
    assert decode(tmp_path / "white.png").tolist() == [[[255] * 3] * 3] * 2


def test_the_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert decode(tmp_path / "a.gif")[0, 0].tolist() == [255, 0, 0]


def test_a_large_jpeg_is_resized_and_cut_in_the_middle(tmp_path):
    image = Image.new("RGB", (400, 200), "black")
    image.paste("white", (100, 0, 300, 200))
    image.save(tmp_path / "a.jpg", quality=95)
    small = decode(tmp_path / "a.jpg", 20)
    assert small.shape == (20, 20, 3) and small[:, 3:17].min() > 240


@pytest.mark.parametrize("function", [decode, probe])
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_file_cut_off_is_an_os_error(tmp_path, function, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), "uint8")
    Image.fromarray(noise).save(tmp_path / f"whole.{suffix}")
    content = (tmp_path / f"whole.{suffix}").read_bytes()
    path = tmp_path / f"cut.{suffix}"
    for length in (len(content) * 2 // 3, 40, 0):
        path.write_bytes(content[:length])
        with pytest.raises(OSError):
            function(path)


@pytest.mark.parametrize("function", [decode, probe])
def test_text_is_not_an_image(tmp_path, function):
    (tmp_path / "a.jpg").write_text("hello")
    with pytest.raises(OSError, match="^not an image$"):
        function(tmp_path / "a.jpg")


def test_bytes_after_the_end_of_a_jpeg_do_no_harm(tmp_path):
    Image.fromarray(gradient()).save(tmp_path / "a.jpg")
    with open(tmp_path / "a.jpg", "ab") as file:
        file.write(b"\0" * 500)
    assert probe(tmp_path / "a.jpg") == (6, 9)


# ---- more than 8 bits ----------------------------------------------------------------


def deep(path, values, dtype="uint16", **options):
    image = Image.fromarray(np.full((4, 4), values, dtype))
    image.save(path, **options)
    return path


def test_wide_integers_are_not_black(tmp_path):
    """32-bit integers of 200 were all 0."""
    assert (decode(deep(tmp_path / "a.tif", 200, "int32")) == 200).all()
    assert (decode(deep(tmp_path / "b.tif", 2**20 - 1, "int32")) == 255).all()
    assert (decode(deep(tmp_path / "c.tif", -5, "int32")) == 0).all()


def test_twelve_bits_in_a_file_of_sixteen(tmp_path):
    """They were at most 15 of 255."""
    for name in ("a.png", "a.tif"):
        assert (decode(deep(tmp_path / name, 4095)) == 255).all()
        assert (decode(deep(tmp_path / name, 2048)) == 128).all()
        assert (decode(deep(tmp_path / name, 2048), bits=16) == 8).all()
        assert (decode(deep(tmp_path / name, 65535)) == 255).all()


def chunk(kind, content):
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def color_png(path, values):
    """A PNG of colors of 16 bits, which Pillow does not write."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def test_twelve_bits_of_color_in_a_png_of_sixteen(tmp_path):
    """They were at most 15 of 255."""
    values = np.random.default_rng(0).integers(0, 4096, (5, 7, 3))
    values[0, 0] = 4095
    path = color_png(tmp_path / "a.png", values)
    assert guessed_bits(path) == 12 and probe(path) == (5, 7)
    np.testing.assert_array_equal(decode(path), values >> 4)
    np.testing.assert_array_equal(decode(path, bits=16), values >> 8)
    in_memory = io.BytesIO(path.read_bytes())
    np.testing.assert_array_equal(decode(in_memory, bits=16), values >> 8)
    whole = color_png(tmp_path / "b.png", 16 * values)
    np.testing.assert_array_equal(decode(whole), values >> 4)


def color_tiff(path, values, little):
    """A TIFF of colors of 16 bits, which Pillow does not write."""
    order, (height, width, _) = "<" if little else ">", values.shape
    size = 6 * height * width
    tags = [(256, width), (257, height), (259, 1), (262, 2), (273, 8), (277, 3), (279, size)]
    fields = [struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags]
    fields.insert(2, struct.pack(f"{order}HHII", 258, 3, 3, 8 + size))  # BitsPerSample
    start = struct.pack(f"{order}2sHI", b"II" if little else b"MM", 42, 8 + size + 6)
    pixels, bits = values.astype(f"{order}u2").tobytes(), struct.pack(f"{order}3H", 16, 16, 16)
    count, end = struct.pack(f"{order}H", len(fields)), bytes(4)
    path.write_bytes(b"".join([start, pixels, bits, count, *fields, end]))
    return path


@pytest.mark.parametrize("little", [True, False])
def test_twelve_bits_of_color_in_a_tiff_of_sixteen(tmp_path, little):
    values = np.random.default_rng(0).integers(0, 4096, (5, 7, 3))
    values[0, 0] = 4095
    path = color_tiff(tmp_path / "a.tif", values, little)
    assert guessed_bits(path) == 12
    np.testing.assert_array_equal(decode(path), values >> 4)


def test_what_a_file_says_comes_before_its_values(tmp_path):
    said = deep(tmp_path / "a.tif", 2048, tiffinfo={281: 65535})  # MaxSampleValue
    assert (decode(said, bits=12) == 8).all() and guessed_bits(said) == 0
    (tmp_path / "a.pgm").write_bytes(b"P5 2 1 4095 " + np.array([4095, 2048], ">u2").tobytes())
    assert decode(tmp_path / "a.pgm")[0, :, 0].tolist() == [255, 128]


def test_a_folder_has_one_depth_and_says_it(tmp_path):
    for name, value in (("a", 1000), ("b", 4000), ("c", 100)):
        deep(tmp_path / f"{name}.png", value)
    Image.new("L", (4, 4), 77).save(tmp_path / "d.png")
    with pytest.warns(UserWarning, match="3 of 4 images hold values of more .* 12 are taken"):
        images = load(tmp_path).images
    assert images[:, 0, 0, 0].tolist() == [62, 250, 6, 77]


def test_a_folder_of_sixteen_bits_says_nothing(tmp_path, recwarn, monkeypatch):
    for name, value in (("a", 1000), ("b", 65535)):
        deep(tmp_path / f"{name}.png", value)
    assert load(tmp_path).images[:, 0, 0, 0].tolist() == [3, 255] and not recwarn
    monkeypatch.setattr(image_files, "ARRAY_LIMIT", 0)  # decoded on access
    assert load(tmp_path, image_size=4).images[:][:, 0, 0, 0].tolist() == [3, 255]
