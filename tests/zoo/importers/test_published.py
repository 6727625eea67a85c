"""Files that torch wrote, compared with what torch reads from them; scripts/checkpoint_golden.py"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

import sslzoo
from sslzoo.zoo.imported import import_checkpoint
from sslzoo.zoo.importers import read, tensors
from sslzoo.zoo.train import load_evaluations

GOLDEN = Path(__file__).parent / "golden"
DIGESTS = json.loads((GOLDEN / "digests.json").read_text())
SHARED = Path(__file__).parents[4] / "shared" / "data" / "checkpoints"
PUBLISHED = {"resnet20-12fca82f.th": (97, 271_098), "fast_srgan_model.pt": (36, 925_646)}


def digests(arrays):
    return {
        name: [list(a.shape), str(a.dtype), hashlib.sha256(a.tobytes()).hexdigest()[:16]]
        for name, a in arrays.items()
    }


@pytest.mark.parametrize("name", ["zip.pt", "legacy.pt", "net.safetensors"])
def test_every_dtype_and_layout_is_read_as_torch_reads_it(name):
    assert digests(tensors(GOLDEN / name)) == DIGESTS["made"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_file_is_read_as_torch_reads_it(name):
    if not (SHARED / name).is_file():
        pytest.skip(f"needs {SHARED / name}")
    arrays = tensors(SHARED / name)
    entries, values = PUBLISHED[name]
    assert len(arrays) == entries and sum(a.size for a in arrays.values()) == values
    assert digests(arrays) == DIGESTS[name]


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "entry", "data", "figure", "expected"),
    [
        (
            "resnet20-12fca82f.th",
            "encoder_resnet20.cifar10_supervised",
            "cifar10",
            "accuracy",
            pytest.approx(0.9173, abs=2e-4),  # a tie may fall either way
        ),
        (
            "fast_srgan_model.pt",
            "srresnet_x4.fast_srgan",
            "super_resolution/Set5",
            "psnr",
            # Rounded, as `upscale` does. Cut, as in its published measurement: 29.32 dB.
            pytest.approx(29.40, abs=0.006),
        ),
    ],
)
def test_a_published_file_reproduces_its_figure(
    name, entry, data, figure, expected, tmp_path, monkeypatch
):
    """Through `import` and `load`, by the protocol of its entry."""
    known = Path(os.environ.get("SSLZOO_DATA", "")) / data
    if not (SHARED / name).is_file() or not any(known.parent.glob(f"{known.name}*")):
        pytest.skip(f"needs {SHARED / name} and {data}")
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path))
    import_checkpoint(SHARED / name, entry)
    (evaluation,) = load_evaluations(sslzoo.info(entry).config)
    assert evaluation(sslzoo.load(entry))[figure] == expected


@pytest.mark.parametrize("name", ["zip.pt", "legacy.pt"])
def test_what_lies_beside_the_network_is_plain_or_inert(name):
    value = read(GOLDEN / name)
    assert (value["epoch"], value["best"]) == (3, 0.5)
    assert repr(value["args"]) == "<argparse.Namespace, not read>"
    assert value["args"].state == {"lr": 0.1, "crops": [224, 96]}


@pytest.mark.parametrize("name", ["zip.pt", "legacy.pt", "net.safetensors"])
def test_arrays_are_views_of_the_file(name):
    weight = tensors(GOLDEN / name)["0.weight"]
    assert not weight.flags.owndata and not weight.flags.writeable
    with pytest.raises(ValueError):
        weight[:] = np.float32(0)
