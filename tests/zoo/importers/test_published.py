"""Files that torch wrote, compared with what torch reads from them; scripts/checkpoint_golden.py"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from sslzoo.zoo.importers import read, tensors

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
