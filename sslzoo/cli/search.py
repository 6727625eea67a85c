"""`sslzoo search`: the images that are nearest to some."""

from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import Backend, Json, WeightsSource, load_model, use_backend


def command(
    folder: Annotated[Path, typer.Argument(help="What `sslzoo embed --out FOLDER` wrote.")],
    image: Annotated[list[Path], typer.Option(help="An image to search with. Give it repeatedly.")],
    k: Annotated[int, typer.Option("-k", help="How many to find.")] = 10,
    weights: WeightsSource = "default",
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """Find the images whose embeddings are nearest to those of some images.

    Example:
        >>> from sslzoo.cli.search import command
        >>> command(Path("nowhere"), [Path("a.jpg")])
        Traceback (most recent call last):
        FileNotFoundError: embeddings: nowhere has no embeddings.json, which `sslzoo embed` writes.
    """
    import json

    from sslzoo.checks import whole
    from sslzoo.data.shards import read_manifest

    manifest = read_manifest(folder)
    whole("-k", k, 1)
    for path in image:
        if not path.is_file():
            raise FileNotFoundError(f"--image: there is no file {path}.")
    use_backend(backend)
    from sslzoo.evaluate.index import Index
    from sslzoo.zoo.embed_folder import encode_files

    queries = encode_files(load_model(manifest.model, weights), manifest, image)
    found = Index(folder).search(queries, k)
    if as_json:
        rows = [
            {"image": str(path), "paths": near.paths, "similarities": near.similarities.tolist()}
            for path, near in zip(image, found, strict=True)
        ]
        print(json.dumps(rows, indent=1))
        return
    for path, near in zip(image, found, strict=True):
        print(path)
        for name, similarity in zip(near.paths, near.similarities, strict=True):
            print(f"  {similarity:6.3f}  {name}")
