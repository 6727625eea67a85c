import pytest

from sslzoo.augment import PRESETS, resolve_preset


def test_a_name_gives_its_fields():
    assert resolve_preset("simclr") == PRESETS["simclr"]


def test_simclr_has_the_papers_values():
    fields = resolve_preset("simclr")
    assert fields["crop_area"] == (0.08, 1.0)
    assert fields["crop_ratio"] == (3 / 4, 4 / 3)
    assert [fields[k] for k in ("brightness", "contrast", "saturation", "hue")] == [
        0.8,
        0.8,
        0.8,
        0.2,
    ]
    assert [fields[k] for k in ("flip", "jitter", "grayscale", "blur")] == [0.5, 0.8, 0.2, 0.5]
    assert fields["blur_sigma"] == (0.1, 2.0)


def test_simclr_cifar_halves_the_jitter_and_drops_the_blur():
    full, cifar = resolve_preset("simclr"), resolve_preset("simclr_cifar")
    for strength in ("brightness", "contrast", "saturation", "hue"):
        assert cifar[strength] == full[strength] / 2
    assert cifar["blur"] == 0


def test_byol_is_asymmetric():
    fields = resolve_preset("byol")
    assert fields["blur"] == (1.0, 0.1)
    assert fields["solarize"] == (0.0, 0.2)
    assert [fields[k] for k in ("brightness", "contrast", "saturation", "hue")] == [
        0.4,
        0.4,
        0.2,
        0.1,
    ]


def test_gray_and_digits_leave_color_alone_and_digits_do_not_flip():
    for name in ("gray", "digits", "none"):
        fields = resolve_preset(name)
        assert (
            fields["saturation"] == fields["hue"] == fields["grayscale"] == fields["solarize"] == 0
        )
    assert resolve_preset("digits")["flip"] == 0


def test_a_dict_replaces_fields_and_leaves_the_preset_as_it_was():
    before = dict(PRESETS["simclr"])
    fields = resolve_preset({"preset": "simclr", "blur": 0, "crop_area": [0.2, 1]})
    assert fields["blur"] == 0 and fields["crop_area"] == (0.2, 1.0) and fields["jitter"] == 0.8
    assert PRESETS["simclr"] == before


def test_every_preset_passes_its_own_checks():
    for name, fields in PRESETS.items():
        assert resolve_preset({"preset": name, **fields}) == fields


@pytest.mark.parametrize(
    ("preset", "parts"),
    [
        ("simcrl", ("simcrl", "simclr_cifar")),
        ({"blur": 0.5}, ("''", "simclr_cifar")),
        ({"preset": "simclr", "blurr": 0.5}, ("blurr", "blur_sigma")),
        ({"preset": "simclr", "blur": 1.5}, ("blur", "1.5")),
        ({"preset": "simclr", "blur": (0.5, 0.5, 0.5)}, ("blur", "pair")),
        ({"preset": "simclr", "flip": True}, ("flip", "True")),
        ({"preset": "simclr", "flip": float("nan")}, ("flip", "nan")),
        ({"preset": "simclr", "hue": 0.6}, ("hue", "0.6", "0.5")),
        ({"preset": "simclr", "contrast": -1}, ("contrast", "-1")),
        ({"preset": "simclr", "crop_area": (0.5, 0.1)}, ("crop_area", "low")),
        ({"preset": "simclr", "crop_area": (0.5, 1.1)}, ("crop_area", "1.0")),
        ({"preset": "simclr", "crop_area": 0.5}, ("crop_area", "0.5")),
        ({"preset": "simclr", "blur_sigma": (0, 2)}, ("blur_sigma", "0")),
    ],
)
def test_a_bad_value_is_refused_by_name_with_what_is_allowed(preset, parts):
    with pytest.raises(ValueError) as error:
        resolve_preset(preset)
    for part in parts:
        assert part in str(error.value)


def test_neither_name_nor_dict_is_a_type_error():
    with pytest.raises(TypeError, match="name"):
        resolve_preset(3)
