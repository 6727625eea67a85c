import numpy as np
import pytest
from PIL import Image

from sslzoo.data.decode import decode, probe

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


def test_grey_becomes_three_equal_channels(tmp_path):
    Image.fromarray(gradient()[..., 0]).save(tmp_path / "a.png")
    np.testing.assert_array_equal(decode(tmp_path / "a.png"), gradient()[..., :1].repeat(3, -1))


def test_sixteen_bit_grey_keeps_its_upper_byte(tmp_path):
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
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
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
