"""Writes what the tests of `sslzoo.zoo.importers` compare with: files of torch, and digests of the
tensors that torch reads from published files.

    python3 -m venv torch-env && torch-env/bin/pip install torch==2.13.0 numpy safetensors
    torch-env/bin/python scripts/checkpoint_golden.py tests/zoo/importers/golden \
        ../shared/data/checkpoints/*.th ../shared/data/checkpoints/*.pt
"""

import argparse
import collections
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file


def made() -> collections.OrderedDict:
    """A state dict with every dtype and layout that a reader can meet."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    weights, base = torch.randn(4, 3, 3, 3), torch.arange(24, dtype=torch.float32)
    tensors = net.state_dict()  # with its _metadata
    tensors["transposed_slice"] = base[3:15].view(3, 4).t()
    tensors["shared_storage"] = base[12:]
    tensors["bfloat16"] = weights.bfloat16()
    tensors["permuted_half"] = weights.half().permute(2, 0, 1, 3)
    tensors["channels_last"] = weights.to(memory_format=torch.channels_last)
    tensors["bool"] = torch.tensor([True, False])
    tensors["empty"] = torch.zeros(0, 3)
    tensors["scalar"] = torch.tensor(2.5, dtype=torch.float64)
    tensors["int8"] = torch.tensor([-3], dtype=torch.int8)
    tensors["parameter"] = torch.nn.Parameter(torch.ones(2))
    return tensors


def digests(tensors: dict) -> dict:
    """{name: [shape, dtype, first digits of the sha256 of the values]}."""
    found = {}
    for name, tensor in tensors.items():
        tensor = tensor.detach()
        tensor = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
        array = tensor.numpy()
        digest = hashlib.sha256(array.tobytes()).hexdigest()[:16]
        found[name] = [list(array.shape), str(array.dtype), digest]
    return found


def main(folder: Path, published: list[str]) -> None:
    folder.mkdir(exist_ok=True)
    tensors = made()
    namespace = argparse.Namespace(lr=0.1, crops=[224, 96])
    value = {"epoch": 3, "state_dict": tensors, "args": namespace, "best": np.float64(0.5)}
    torch.save(value, folder / "zip.pt")
    torch.save(value, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    plain = {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
    save_file(plain, folder / "net.safetensors")
    golden = {"torch": torch.__version__, "made": digests(tensors)}
    for path in published:
        read = torch.load(path, map_location="cpu", weights_only=True)
        golden[Path(path).name] = digests(read.get("state_dict", read))
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(one)}" for name, one in golden.items())
    (folder / "digests.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
