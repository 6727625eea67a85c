"""lightly's SimCLR, and a network in torch eager, in turns: `python -m
benchmarks.peers.lightly_simclr NAME NETWORK`.

fit      views / s from uint8 arrays to updated weights: lightly's transform, loss and head in
lightly's own loop encode   images / s from uint8 to embeddings: torch eager, `inference_mode`

Batches, sizes and warm-ups come on the command line, as JSON, from the one who compares.
"""

import argparse
import json
import os

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader

from benchmarks.peers.networks import NETWORKS
from benchmarks.turns import Turns

if torch.version.cuda is None:
    # PyPI's torchvision is a CUDA build: beside a CPU torch its operators do not load, and its
    # import stops at two of them. SimCLR uses none, so declarations are enough.
    OPERATORS = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        OPERATORS.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from lightly.data import LightlyDataset  # noqa: E402
from lightly.loss import NTXentLoss  # noqa: E402
from lightly.models.modules import SimCLRProjectionHead  # noqa: E402
from lightly.transforms import SimCLRTransform  # noqa: E402


class Arrays(torch.utils.data.Dataset):
    """uint8 arrays as PIL images, which lightly's transforms take, in the form of torchvision's
    data sets.
    """

    def __init__(self, images):
        self.images = images
        self.transform = None  # set by LightlyDataset

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.transform(Image.fromarray(self.images[index])), 0


def fit(network, head, turns, images, batch, workers, channels_last):
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = torch.nn.Sequential(network, head).to(memory_format=layout).train()
    # SimCLR appendix B.9: color strength 0.5 and no blur, as sslzoo's preset `simclr_cifar`.
    transform = SimCLRTransform(input_size=images.shape[1], cj_strength=0.5, gaussian_blur=0.0)
    data = LightlyDataset.from_torch_dataset(Arrays(images), transform=transform)
    loader = DataLoader(
        data,
        batch_size=batch,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    criterion = NTXentLoss(temperature=0.5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.12, momentum=0.9, weight_decay=5e-4)
    while True:
        for (view1, view2), _, _ in loader:
            optimizer.zero_grad()
            loss = criterion(
                model(view1.to(memory_format=layout)), model(view2.to(memory_format=layout))
            )
            loss.backward()
            optimizer.step()
            turns.step(loss.item)


def encode(network, head, turns, images, batch, workers, channels_last):
    layout = torch.channels_last if channels_last else torch.contiguous_format
    network = network.to(memory_format=layout).eval()
    while True:
        with torch.inference_mode():
            chunks = []
            for start in range(0, len(images), batch):
                chunk = torch.from_numpy(images[start : start + batch]).permute(0, 3, 1, 2)
                chunks.append(network(chunk.to(torch.float32, memory_format=layout) / 255.0))
            torch.cat(chunks).numpy()
        turns.step()


def main():
    workloads = {function.__name__: function for function in (fit, encode)}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workload", choices=workloads)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="amount, warmup, images, size, batch, projection",
    )
    parser.add_argument("--workers", type=int, default=0, help="of the DataLoader")
    parser.add_argument("--channels-last", action="store_true")
    arguments = parser.parse_args()
    settings = argparse.Namespace(**arguments.settings)
    torch.set_num_threads(os.cpu_count())
    network = NETWORKS[arguments.network]()
    hidden, out = settings.projection
    head = SimCLRProjectionHead(network[-3].conv2[0].out_channels, hidden, out)
    facts = {
        name: sum(p.numel() for p in part.parameters())
        for name, part in (("backbone", network), ("projector", head))
    }
    images = np.random.default_rng(0).integers(
        0, 256, (settings.images, settings.size, settings.size, 3), dtype="uint8"
    )
    turns = Turns(settings.amount, settings.warmup, **facts)
    workloads[arguments.workload](
        network, head, turns, images, settings.batch, arguments.workers, arguments.channels_last
    )


if __name__ == "__main__":
    main()
