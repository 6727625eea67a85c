"""Run by test_export.py in a process of its own, which may crash: asks an exported SRResNet by
several threads at once.

python ask_at_once.py <version folder>
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import tensorflow as tf

SIZES = ((1, 10, 13), (2, 6, 7), (1, 9, 9), (3, 5, 8))


def main(folder, times=300):
    signatures = tf.saved_model.load(folder).signatures
    rng = np.random.default_rng(0)
    batches = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in SIZES]
    expected = [upscale(signatures, images) for images in batches]
    files = tf.constant([tf.io.encode_png(images[0]).numpy() for images in batches])

    def ask(number):
        for _ in range(times):
            np.testing.assert_allclose(
                upscale(signatures, batches[number]), expected[number], atol=1
            )
            found = signatures["upscale_bytes"](image_bytes=files)["image"].numpy()
            for data, images in zip(found, expected, strict=True):
                np.testing.assert_allclose(tf.io.decode_png(data).numpy(), images[0], atol=1)

    with ThreadPoolExecutor(len(batches)) as threads:
        list(threads.map(ask, range(len(batches))))


def upscale(signatures, images):
    return signatures["upscale"](images=tf.constant(images))["image"].numpy().astype(int)


if __name__ == "__main__":
    main(*sys.argv[1:])
