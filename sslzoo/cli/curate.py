"""`sslzoo curate`: duplicates and outliers of a folder."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from sslzoo.cli.shared import Json


def command(
    folder: Annotated[Path, typer.Argument(help="What `sslzoo embed --out FOLDER` wrote.")],
    least: Annotated[float, typer.Option(help="Cosine similarity of duplicates, at least.")] = 0.99,
    outliers: Annotated[int, typer.Option(help="How many outliers to list.")] = 20,
    engine: Annotated[
        Literal["chunks", "faiss", "faiss_lists"],
        typer.Option(help="How to search: faiss_lists finds most, and is fast for many images."),
    ] = "chunks",
    as_json: Json = False,
) -> None:
    """List images that are alike, and those that are like no other.

    Example:
        >>> from sslzoo.cli.curate import command
        >>> command(Path("nowhere"))
        Traceback (most recent call last):
        FileNotFoundError: embeddings: nowhere has no embeddings.json, which `sslzoo embed` writes.
    """
    import json

    from sslzoo.checks import in_range, whole
    from sslzoo.data.shards import read_manifest

    read_manifest(folder)
    in_range("--least", least, -1, 1)
    whole("--outliers", outliers, 1)
    from sslzoo.evaluate.index import Index

    index = Index(folder, engine)
    groups, lonely = index.duplicates(least), index.outliers(outliers)
    if as_json:
        alone = dict(zip(lonely.paths, lonely.similarities.tolist(), strict=True))
        print(json.dumps({"duplicates": groups, "outliers": alone}, indent=1))
        return
    print(f"{len(groups)} groups of images with a similarity of at least {least:g}")
    for group in groups:
        print(f"  {'  '.join(group)}")
    print("Least like their 10 nearest")
    for name, similarity in zip(lonely.paths, lonely.similarities, strict=True):
        print(f"  {similarity:6.3f}  {name}")
