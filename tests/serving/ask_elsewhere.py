"""Run by test_six_kinds.py in a process of its own, which may crash: uses exported models with
TensorFlow alone, one after the other and by several threads at once.

python ask_elsewhere.py <folder>

The folder has <name>/1, an export, and <name>.npz with its requests: arrays by the key
"signature:number:input". Written are <name>.answers.npz with "signature:number:output", and what
the saved object says.
"""

import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# whoever imports them gets an ImportError; TensorFlow does without
sys.modules.update(sslzoo=None, keras=None)

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

TIMES = 10  # that each thread asks each request
THREADS = 4


def requests_of(file):
    """{(signature, number): {input: tensor}}."""
    found = defaultdict(dict)
    for key, value in np.load(file).items():
        signature, number, name = key.split(":")
        found[signature, number][name] = tf.constant(value)
    return found


def ask(model, requests):
    """{"signature:number:output": values}."""
    answers = {}
    for (signature, number), inputs in requests.items():
        for output, value in model.signatures[signature](**inputs).items():
            answers[f"{signature}:{number}:{output}"] = value.numpy()
    return answers


def ask_at_once(model, requests, expected):
    """Each thread asks everything, from another request on. The largest difference from what was
    answered before, relative to the largest value.
    """
    # The default signatures are the same functions again.
    order = [(key, value) for key, value in requests.items() if "serving" not in key[0]]

    def one(thread):
        turned = dict(order[thread % len(order) :] + order[: thread % len(order)])
        worst = 0.0
        for _ in range(TIMES):
            for key, value in ask(model, turned).items():
                worst = max(worst, difference(value, expected[key]))
        return worst

    with ThreadPoolExecutor(THREADS) as threads:
        return max(threads.map(one, range(THREADS)))


def difference(value, expected):
    if value.dtype == object:
        return float(list(value) != list(expected))
    # uint8 images may round the other way
    close = 1 if value.dtype == np.uint8 else 0
    found, wanted = value.astype("float64"), expected.astype("float64")
    return (np.abs(found - wanted).max() - close) / max(np.abs(wanted).max(), 1e-9)


def representation(model, requests):
    """What the reusable object gives for the first request of `encode`, and the gradients of its
    variables.
    """
    inputs = requests["encode", "0"]
    items = inputs if len(inputs) > 1 else next(iter(inputs.values()))
    with tf.GradientTape() as tape:
        features = model(items)
        loss = tf.reduce_sum(features * tf.random.stateless_normal(features.shape, (1, 2)))
    found = tape.gradient(loss, model.trainable_variables)
    norms = [0.0 if g is None else float(tf.norm(tf.convert_to_tensor(g))) for g in found]
    return {"object": features.numpy(), "gradients": norms}


def main(folder):
    for file in sorted(Path(folder).glob("*.npz")):
        model, requests = tf.saved_model.load(str(file.with_suffix("") / "1")), requests_of(file)
        answers = ask(model, requests)
        more = {"at_once": ask_at_once(model, requests, answers)}
        if ("encode", "0") in requests:
            more |= representation(model, requests)
        modules = [name for name, module in sys.modules.items() if module is not None]
        answers = {k: v.astype(bytes) if v.dtype == object else v for k, v in answers.items()}
        np.savez(file.with_suffix(".answers"), modules=modules, **answers, **more)


if __name__ == "__main__":
    main(*sys.argv[1:])
