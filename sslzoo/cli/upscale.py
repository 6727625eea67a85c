"""`sslzoo upscale`: images enlarged, to a folder."""

from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import (
    Backend,
    Json,
    ModelName,
    OnError,
    WeightsSource,
    check_model,
    load_model,
    use_backend,
)
from sslzoo.cli.terminal import print_result


def command(
    name: ModelName,
    data: Annotated[str, typer.Argument(help="A folder of images.")],
    out: Annotated[Path, typer.Option(help="Folder of the enlarged images.")] = Path("upscaled"),
    split: Annotated[str, typer.Option(help="Split of the folder.")] = "train",
    on_error: OnError = "raise",
    weights: WeightsSource = "default",
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """Enlarge the images of a folder and write them as PNG files.

    Example:
        >>> from sslzoo.cli.upscale import command
        >>> command("srresnet_x4.t91", "no folder")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ValueError: pictures: 'no folder' is no directory of images, ...
    """
    from sslzoo import data as sets
    from sslzoo.checks import local_path, refused
    from sslzoo.files import atomic
    from sslzoo.progress import progress

    check_model(name)
    pictures = sets.pictures(data, split, on_error=on_error)
    out = local_path("--out", out)
    if out.exists() and not out.is_dir():
        raise refused("--out", str(out), "be a folder")
    use_backend(backend)
    from PIL import Image

    model = load_model(name, weights)
    if "upscale" not in model.verbs:
        raise ValueError(f"model: got {name}, which does not enlarge; it must have `upscale`.")
    out.mkdir(parents=True, exist_ok=True)
    pairs = zip(pictures.names, pictures, strict=True)
    for picture, image in progress(pairs, "Upscaling", len(pictures), least=0):
        (larger,) = model.upscale(sets.Pictures([image], [picture]))
        with atomic(out / f"{picture.replace('/', '_')}.png") as file:
            Image.fromarray(larger.squeeze()).save(file, "PNG")
    result = {"out": str(out), "images": len(pictures)}
    print_result(result, f"{out}: {len(pictures):,} images", as_json)
