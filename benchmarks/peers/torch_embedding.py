"""What one writes in PyTorch to embed a folder: a data set of files, a loader with workers, a loop.

`python -m benchmarks.peers.torch_embedding FOLDER OUT SIZE BATCH NETWORK WORKERS WARM_UP` writes
the vectors to OUT, a .npy file, and prints images a second. The network is warm before.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch.utils.data import DataLoader, Dataset

from benchmarks.peers.networks import NETWORKS


class Files(Dataset):
    """Resized to the shorter side and cut in the middle, as torchvision's usual transform."""

    def __init__(self, folder, size):
        self.paths = sorted(folder.rglob("*.jpg"))
        self.size = size

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, row):
        with Image.open(self.paths[row]) as image:
            image = ImageOps.fit(image.convert("RGB"), (self.size, self.size), Image.BICUBIC)
        return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


def embed(network, loader):
    with torch.inference_mode():
        return np.concatenate([network(images).numpy() for images in loader])


def main(folder, out, size, batch, network, workers, warm_up):
    torch.manual_seed(0)
    network = NETWORKS[network]().eval()
    files = Files(Path(folder), int(size))
    loader = DataLoader(files, int(batch), num_workers=int(workers))
    with torch.inference_mode():
        network(torch.zeros(int(warm_up), 3, files.size, files.size))
    began = time.monotonic()
    np.save(out, embed(network, loader))
    return len(files) / (time.monotonic() - began)


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
