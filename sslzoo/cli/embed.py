"""`sslzoo embed`: embeddings of a data set, to a file."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from sslzoo.cli.shared import (
    Backend,
    Download,
    Json,
    ModelName,
    OnError,
    WeightsSource,
    check_at_hand,
    check_model,
    load_model,
    use_backend,
)
from sslzoo.cli.terminal import print_result


def command(
    name: ModelName,
    data: Annotated[str, typer.Option(help="A data set, an .npz file, or a folder of images.")],
    out: Annotated[
        Path, typer.Option(help="The .npz file to write. Or a folder, for any number of images.")
    ] = Path("embeddings.npz"),
    split: Annotated[str, typer.Option(help="Split of the data set.")] = "train",
    on_error: OnError = "raise",
    download: Download = False,
    batch: Annotated[int, typer.Option(help="Images at once, for a folder OUT.")] = 256,
    dtype: Annotated[str, typer.Option(help="float32, or float16 of a folder OUT.")] = "float32",
    runner: Annotated[
        Literal["ray"] | None, typer.Option(help="Workers that write a folder OUT, by Ray Data.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Of --runner. Default: one for each GPU, or for each machine."),
    ] = None,
    weights: WeightsSource = "default",
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """Compute the embeddings of a data set and write them to an .npz file, or to a folder.

    The file holds features (N, D). It also holds the labels, class names and file names that
    the data set has. A folder gets shards of paths and vectors: for any number of images, in
    bounded memory. A run that was stopped goes on.

    Example:
        >>> from sslzoo.cli.embed import command
        >>> command("simclr_resnet20.digits", "digits", Path("digits.npy"))
        Traceback (most recent call last):
        ValueError: --out: got digits.npy; it must end in .npz, or be a folder.
    """
    from sslzoo.checks import local_path, refused

    check_model(name)
    out = local_path("--out", out)
    if out.suffix not in ("", ".npz") and not out.is_dir():
        raise refused("--out", str(out), "end in .npz, or be a folder")
    others = {"--batch": batch != 256, "--dtype": dtype != "float32"}
    others |= {"--runner": runner is not None, "--workers": workers is not None}
    if out.suffix != ".npz":
        others = {"--split": split != "train", "--on-error": on_error != "raise"}
        others["--download"] = download
    for option, given in others.items():
        if given:
            kind = "file" if out.suffix == ".npz" else "folder"
            raise refused(option, f"a value for the {kind} {out}", "be left out there")
    if out.suffix != ".npz":
        _check_folder(data, batch, dtype, runner, workers)
        use_backend(backend)
        _embed_folder(name, data, out, batch, dtype, weights, runner, workers, as_json)
        return
    if not out.parent.is_dir():
        raise refused("--out", str(out), "be in an existing folder")
    check_at_hand([data], download)
    use_backend(backend)
    from sslzoo.zoo.embed import embed as run
    from sslzoo.zoo.embed import other_splits

    shape = run(load_model(name, weights), data, split, out, on_error)
    rest = other_splits(data, split)
    result = {"out": str(out), "features": shape, "split": split, "not_written": rest}
    more = f"\nNot written: {', '.join(rest)}. --split chooses another one." if rest else ""
    told = f"{out}: features {shape[0]:,} x {shape[1]} of split {split}{more}"
    print_result(result, told, as_json)


def _check_folder(
    data: str, batch: int, dtype: str, runner: str | None, workers: int | None
) -> None:
    from sslzoo.checks import one_of, refused, whole

    whole("--batch", batch, 1)
    one_of("--dtype", dtype, ("float32", "float16"))
    if workers is not None and runner is None:
        raise refused("--workers", str(workers), "be left out without --runner")
    if not Path(data).is_dir():
        raise FileNotFoundError(f"--data: there is no folder {data}, which a folder --out needs.")


def _embed_folder(
    name: str,
    data: str,
    out: Path,
    batch: int,
    dtype: str,
    weights: str,
    runner: str | None,
    workers: int | None,
    as_json: bool,
) -> None:
    from sslzoo.zoo.embed_folder import embed_folder
    from sslzoo.zoo.embed_ray import OnRay

    write = OnRay(name, None if weights == "none" else weights, workers) if runner else None
    model = load_model(name, weights)
    done = embed_folder(model, data, out, name, batch, dtype=dtype, write=write)
    lost = len(done.unreadable)
    more = f"\n{lost:,} files cannot be read: {out / 'unreadable.csv'}" if lost else ""
    told = f"{out}: {done.rows:,} embeddings of {done.dimension} numbers{more}"
    print_result({"out": str(out), **done._asdict()}, told, as_json)
