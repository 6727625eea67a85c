"""sslzoo's side: one workload a process, in turns: `python -m benchmarks.workloads NAME NETWORK`.

fit      views / s from uint8 arrays to updated weights: `model.fit`, nothing left out (input,
metrics, callbacks) views    views / s of the augmentation alone, compiled encode   images / s from
uint8 to embeddings: `model.encode` predict  the same through Keras' own `model.predict`
"""

import argparse

import numpy as np

from benchmarks.settings import NETWORKS, WORKLOADS, settings
from benchmarks.turns import Turns


def build(network, size, projection):
    import sslzoo

    return sslzoo.build(
        "simclr", network, size, augment="simclr_cifar", projection=projection, temperature=0.5
    )


def fit(model, turns, images, batch):
    import keras

    class Clock(keras.callbacks.Callback):
        def on_train_batch_end(self, step, logs=None):
            turns.step(lambda: float(logs["loss"]))

    model.fit(images, batch_size=batch, epochs=1000, verbose=0, callbacks=[Clock()])


def views(model, turns, images, batch):
    from keras import ops

    from sslzoo import backends

    def augment(images):
        made = model.views({"images": images})
        return ops.concatenate([made["view1"], made["view2"]], axis=0)

    function = backends.compiled(model, augment)
    while True:
        function(images[:batch])
        turns.step()


def encode(model, turns, images, batch):
    while True:
        model.encode(images, batch_size=batch)
        turns.step()


def predict(model, turns, images, batch):
    import keras

    while True:
        keras.Model.predict(model, images, batch_size=batch, verbose=0)
        turns.step()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("network", choices=NETWORKS)
    arguments = parser.parse_args()
    chosen = settings(arguments.workload, arguments.network)
    model = build(arguments.network, chosen["size"], chosen["projection"])
    parts = {"backbone": model.backbone, "projector": model.projector}
    facts = {
        name: sum(int(np.prod(v.shape)) for v in part.trainable_variables)
        for name, part in parts.items()
    }
    shape = (chosen["images"], chosen["size"], chosen["size"], 3)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype="uint8")
    turns = Turns(chosen["amount"], chosen["warmup"], **facts)
    {"fit": fit, "views": views, "encode": encode, "predict": predict}[arguments.workload](
        model, turns, images, chosen["batch"]
    )


if __name__ == "__main__":
    main()
