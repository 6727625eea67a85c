"""What the harness needs other processes for. `python driver.py COMMAND FOLDER METHODS ...` leaves
its results in FOLDER, of each of the METHODS, for example SimCLR,BYOL.
"""

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import harness
import keras
import numpy as np

import sslzoo
from sslzoo import optim

STEPS = 4  # per epoch; two epochs
KILL_AFTER = 4  # the first life ends here, before the checkpoint of the end of epoch 1
KILL_WRITING = 6  # the second life ends inside the checkpoint of this step
EVERY = 3


class KillAfter(keras.callbacks.Callback):
    """Ends the process after a global step, as `kill -9` does."""

    def __init__(self, checkpoint, step):
        super().__init__()
        self.checkpoint, self.step = checkpoint, step

    def on_train_batch_end(self, batch, logs=None):
        if self.checkpoint.step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


def kill_in_the_middle_of_writing(step):
    save = np.savez

    def savez(file, **values):
        if values["step"][0] == step:
            file.write(b"PK half a file")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        save(file, **values)

    np.savez = savez


def life(spec, path, end, kill_after=None, kill_writing=None):
    """The script of a user: the same lines whether the run is new or was interrupted. Augmentation
    is on.
    """
    model = spec.make()
    model.compile(
        lambda total: spec.optimizer(
            optim.WarmupCosine(0.1, min(2, total - 1), total), momentum=0.9
        ),
        **harness.EAGER,
    )
    checkpoint = sslzoo.Checkpoint(path, every=EVERY)
    if kill_writing:
        kill_in_the_middle_of_writing(kill_writing)
    callbacks = [checkpoint, *([KillAfter(checkpoint, kill_after)] if kill_after else [])]
    data = spec.fit_data(16 * STEPS)
    model.fit(
        data,
        batch_size=16 if isinstance(data, dict) else None,
        epochs=2,
        callbacks=callbacks,
        verbose=0,
    )
    harness.write(end, {f"{i:03d}": value for i, value in enumerate(harness.state(model))})


def fork(function, *args, **kwargs):
    """Run in a new process that shares nothing but the imports; its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            function(*args, **kwargs)
            code = 0
        except BaseException as error:
            print(type(error).__name__, error, flush=True)
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def resume(folder, names):
    """Per method: one whole run; and the same run killed inside an epoch, killed inside a
    checkpoint, then finished.
    """

    def lives(name, spec):
        path, end = folder / f"{name}.checkpoint.npz", folder / f"{name}.resumed.npz"
        assert fork(life, spec, path, end, kill_after=KILL_AFTER) == -signal.SIGKILL
        assert sslzoo.Checkpoint.steps_done(path) == EVERY
        assert fork(life, spec, path, end, kill_writing=KILL_WRITING) == -signal.SIGKILL
        # the interrupted epoch was finished and kept
        assert sslzoo.Checkpoint.steps_done(path) == STEPS
        assert fork(life, spec, path, end) == 0
        assert sslzoo.Checkpoint.steps_done(path) == 2 * STEPS

    def whole(name, spec):
        assert fork(life, spec, folder / f"{name}.other.npz", folder / f"{name}.whole.npz") == 0

    specs = harness.specs(names)
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(run, *item) for run in (lives, whole) for item in specs.items()]:
            done.result()


def steps(folder, names):
    """One step of each method from the weights in FOLDER, on this backend."""
    for name, spec in harness.specs(names).items():
        result = harness.one_step(spec, folder / f"{name}.weights.h5")
        harness.write(folder / f"{name}.{keras.backend.backend()}.npz", result)


def replicas(folder, names, single):
    """One step of each method on two devices, from the weights in the folder SINGLE."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * 2
        )
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        scope = strategy.scope
    else:
        import jax

        assert len(jax.devices()) == 2
        scope = keras.distribution.DataParallel().scope
    for name, spec in harness.specs(names).items():
        weights = Path(single) / f"{name}.weights.h5"
        harness.write(folder / f"{name}.npz", on_two(spec, weights, scope))


def on_two(spec, weights, scope):
    # a strategy is for building; `fit` finds it by itself
    if keras.backend.backend() == "tensorflow":
        return harness.one_step(spec, weights, scope())
    with scope():
        return harness.one_step(spec, weights)


def process(folder, names, single, index, port):
    """One step of each method on two processes of one device each."""
    index = int(index)
    keras.distribution.initialize(f"localhost:{port}", 2, index)
    import jax

    assert jax.process_count() == 2
    data_parallel = keras.distribution.DataParallel(auto_shard_dataset=False)
    for name, spec in harness.specs(names).items():
        with data_parallel.scope():
            two = harness.one_step(spec, Path(single) / f"{name}.weights.h5")
        if index == 0:
            harness.write(folder / f"{name}.npz", two)


if __name__ == "__main__":
    command, folder, names, *args = sys.argv[1:]
    {"resume": resume, "steps": steps, "replicas": replicas, "process": process}[command](
        Path(folder), names.split(","), *args
    )
