"""What is measured, the same on both sides."""

SIZE = 32  # px
# ResNet-20 as in zoo_configs/simclr_resnet20.cifar10.yaml; ResNet-18 with the paper's projector (D,
# 128).
NETWORKS = {
    "resnet20": {"batch": 256, "projection": [128, 128]},
    "resnet18": {"batch": 128, "projection": [512, 128]},
}
# images at hand, and steps before the clock starts: tracing, caches, the loader's queue
WORKLOADS = {
    "fit": {"images": 50_000, "warmup": 6},
    "views": {"images": 256, "warmup": 5},
    "encode": {"images": 2_048, "warmup": 2},
    "predict": {"images": 2_048, "warmup": 2},
}


def settings(workload, network):
    """The settings of a workload; `amount` is what one of its steps does: views of a batch, or all
    images.
    """
    chosen = {"size": SIZE, **NETWORKS[network], **WORKLOADS[workload]}
    inference = workload in ("encode", "predict")
    return chosen | {"amount": chosen["images"] if inference else 2 * chosen["batch"]}
