"""Shards of embeddings, written by the workers of a Ray cluster.

Ray imports this file on each worker before the worker knows its backend: nothing here imports
Keras at once.
"""

import importlib
import importlib.util
import json
import logging
import os
from pathlib import Path
from typing import Any

from sslzoo.checks import refused, whole
from sslzoo.data.shards import Job
from sslzoo.progress import progress
from sslzoo.zoo.registry import list_models


class OnRay:
    """Writes shards as `write_shards` does, by Ray Data: blocks of paths go to a pool of actors,
    each with a model of its own. Every machine has sslzoo, and reads and writes the same folders.
    Ray replaces an actor that died, and its block is computed again.

    Args:
        name: Of the model, for `sslzoo.load` on each machine.
        weights: For `sslzoo.load`.
        workers: How many actors. None: one for each GPU of the cluster, or else for each machine.

    Raises:
        ValueError: Ray is not installed.

    Example:
        >>> from sslzoo.zoo.embed_ray import OnRay
        >>> embed_folder(model, "photos", "out", write=OnRay("simclr_resnet20"))  # doctest: +SKIP
        Embedded(rows=1000, dimension=64, unreadable=[])
    """

    def __init__(
        self, name: str, weights: str | None = "default", workers: int | None = None
    ) -> None:
        if importlib.util.find_spec("ray") is None:
            needed = "have its package: pip install sslzoo[ray]"
            raise refused("runner", "ray, which is not installed", needed)
        self.arguments = _absolute(name), weights
        self.workers = None if workers is None else whole("workers", workers, 1)

    def __call__(self, job: Job, shards: dict[int, list[str]]) -> None:
        """Write the shards.

        Raises:
            OSError: A worker could not.
        """
        if not shards:
            return
        import keras
        import ray
        import ray.data

        ray.init(logging_level="ERROR", log_to_driver=False)  # of RAY_ADDRESS, or a new one
        try:
            job = job._replace(folder=job.folder.resolve(), out=job.out.resolve())
            arguments = *self.arguments, keras.backend.backend(), job
            for row in progress(self._rows(shards, arguments), "Shards", len(shards), least=1):
                if row["error"]:
                    raise OSError(f"ray: {row['error']}")
        finally:
            ray.shutdown()

    def _rows(self, shards: dict[int, list[str]], arguments: tuple) -> Any:
        """{"shard", "error"} of each shard, as they end."""
        import ray

        logging.getLogger("ray.data").setLevel("ERROR")
        settings = ray.data.DataContext.get_current()
        settings.enable_progress_bars = settings.print_on_execution_start = False
        resources = ray.cluster_resources()
        gpus = int(resources.get("GPU", 0))
        machines = sum(node["Alive"] for node in ray.nodes())
        blocks = [{"shard": n, "paths": json.dumps(paths)} for n, paths in shards.items()]
        return (
            ray.data.from_items(blocks, override_num_blocks=len(blocks))
            .map_batches(
                _Encoder,
                batch_size=1,
                batch_format="numpy",
                fn_constructor_args=arguments,
                compute=ray.data.ActorPoolStrategy(size=self.workers or gpus or machines),
                num_gpus=1 if gpus else None,
            )
            .iter_rows()
        )


class _Encoder:
    """An actor. What it cannot do it answers with, because Ray would wrap an exception in pages."""

    def __init__(self, name: str, weights: str | None, backend: str, job: Job) -> None:
        self.job, self.error = job, ""
        os.environ["KERAS_BACKEND"] = backend
        try:
            self.model = _model(name, weights, job)
        except Exception as error:
            self.error = _sentence(error)

    def __call__(self, block: dict[str, Any]) -> dict[str, list]:
        from sslzoo.zoo.embed_shards import write_shards

        shard, error = int(block["shard"][0]), self.error
        if not error:
            try:
                write_shards(self.model, self.job, {shard: json.loads(block["paths"][0])})
            except Exception as problem:
                error = _sentence(problem)
        return {"shard": [shard], "error": [error]}


def _model(name: str, weights: str | None, job: Job) -> Any:
    """The model on this machine, if it is that of the embeddings and the folders are here."""
    import sslzoo
    from sslzoo.zoo.embed_shards import weights_digest

    for folder in (job.folder, job.out):
        if not folder.is_dir():
            raise refused(str(folder), "no such folder", "be there on every machine")
    model = sslzoo.load(name, weights)
    if weights_digest(model) != job.manifest.weights:
        raise refused("model", f"other weights of {name}", "be the same on every machine")
    return model


def _sentence(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _absolute(name: str) -> str:
    """A path is of the folder in which the command was given. An entry comes before a path."""
    if name in list_models() or not Path(name).exists():
        return name
    return str(Path(name).resolve())
