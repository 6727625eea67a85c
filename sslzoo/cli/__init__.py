"""`sslzoo`: the command line. Thin: each command calls the function of the same name and prints
what it returns.

What is heavy (keras, tensorflow, numpy) is imported inside the commands: `sslzoo list` answers at
once. Exit codes: 0; 1 if a run fails; 2 for bad input; 130 for Ctrl-C. Errors are one sentence on
stderr; SSLZOO_DEBUG=1 shows tracebacks and TensorFlow's start-up log.
"""

import contextlib
import importlib
import importlib.util
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Annotated, Literal

import typer

from sslzoo.terminal import console, print_dataset, print_json, print_record, print_table, told

app = typer.Typer(
    help="A Keras 3 zoo of self-supervised models: list, load, train, evaluate, embed, export.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Backend = Annotated[
    Literal["tensorflow", "jax"] | None,
    typer.Option(help="Of Keras; default KERAS_BACKEND, or tensorflow."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
ModelName = Annotated[
    str,
    typer.Argument(
        metavar="NAME|CONFIG.yaml", help="A model of `sslzoo list`, or a config of yours."
    ),
]
WeightsSource = Annotated[
    str, typer.Option(help="default, none (untrained), or the path or URL of a weights file.")
]


@app.command("list")
def list_(
    pattern: Annotated[str, typer.Argument(help="Part of a name, or a shell pattern.")] = "*",
    family: Annotated[str | None, typer.Option(help="Only the methods of this family.")] = None,
    methods: Annotated[
        bool, typer.Option("--methods", help="The methods instead of the models.")
    ] = False,
    as_json: Json = False,
):
    """The models of the zoo, with the first figure that their own runs measured."""
    from sslzoo import report
    from sslzoo.errors import unknown
    from sslzoo.methods import list_methods, method_family
    from sslzoo.zoo.registry import list_models

    whole = pattern if any(sign in pattern for sign in "*?[") else f"*{pattern}*"
    if methods:
        from fnmatch import fnmatchcase

        names = [name for name in list_methods(family) if fnmatchcase(name, whole)]
        rows = [{"name": name, "family": method_family(name)} for name in names]
        cells, titles = [(row["name"], row["family"]) for row in rows], ("method", "family")
    else:
        rows = report.model_rows(list_models(whole, family))
        titles = ("model", "method", "network", "data", "measured", "here", "baselines", "weights")
        cells = []
        for row in rows:
            found = ("–", "–", "–")
            if row["figures"]:
                first = row["figures"][0]
                found = (
                    first["what"],
                    report.number(first["value"], first["unit"]),
                    report.baselines_text(first),
                )
            name = row["name"] + (" *" if row["default"] else "")
            weights = report.size(row["bytes"]) if row["bytes"] else "none yet"
            cells.append((name, row["method"], row["backbone"], row["data"], *found, weights))
    if not rows:
        names = list_methods(family) if methods else list_models(family=family)
        raise ValueError(unknown("method" if methods else "model", pattern, names))
    if as_json:
        return print_json(rows)
    print_table(titles, cells, right=(5, 7))
    if not methods and any(row["default"] for row in rows):
        print("* may be named without its tag")


@app.command()
def info(name: ModelName, as_json: Json = False):
    """The card of a model: paper, recipe, data, what was measured, weights."""
    import sslzoo

    card = sslzoo.info(name)
    if as_json:
        return print_json(card.as_dict())
    console().print(card)


@app.command()
def data(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A data set at hand, or a path.")
    ] = None,
    as_json: Json = False,
):
    """The data sets on this machine; of one, its splits, shapes and classes. Downloads and writes
    nothing.
    """
    if name is None:
        from sslzoo.data import available

        rows = [{"name": known, "kind": kind, "where": where} for known, kind, where in available()]
        if as_json:
            return print_json(rows)
        print_table(("data set", "kind", "where"), [tuple(row.values()) for row in rows])
        if "SSLZOO_DATA" not in os.environ:
            print("Set SSLZOO_DATA to a folder of .npz files or image folders to see yours.")
        return None
    from sslzoo.data.describe import describe

    splits = describe(name)
    if as_json:
        return print_json(splits)
    return print_dataset(splits)


@app.command()
def train(
    name: ModelName,
    run_dir: Annotated[
        Path | None, typer.Option(help="Folder of the run; default runs/NAME.")
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Also put weights and record into the zoo.")
    ] = False,
    backend: Backend = None,
    encoding: Annotated[
        Literal["fp16", "int8", "float32"], typer.Option(help="Of the weights file.")
    ] = "fp16",
    as_json: Json = False,
):
    """Train a config, evaluate it, keep everything in a run folder. The same command again
    resumes.
    """
    from sslzoo.zoo.entry import load_config

    load_config(name)  # a bad name or config is told before keras is imported
    use_backend(backend)
    from sslzoo.zoo.train import train as run

    with contextlib.redirect_stdout(sys.stderr):  # stdout is for the result
        result = run(name, run_dir=run_dir, record=record, encoding=encoding)
    if as_json:
        return print_json(result)
    for metric in result["metrics"]:
        print_record(metric)
    weights = result["weights"]
    print(
        f"{result['steps']:,} steps in {result['wall_seconds']} s; {weights['file']}: "
        f"{weights['bytes']:,} bytes"
    )


@app.command("eval")
def eval_(
    name: ModelName,
    data: Annotated[
        str | None, typer.Option(help="Data set or path; default: what the model's config names.")
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(help="How to evaluate; default: the first that the config lists.")
    ] = None,
    k: Annotated[int | None, typer.Option(help="knn: neighbours that vote.")] = None,
    temperature: Annotated[float | None, typer.Option(help="knn: of the vote.")] = None,
    fraction: Annotated[
        float | None, typer.Option(help="finetune: share of the labels used.")
    ] = None,
    labels_per_class: Annotated[
        int | None, typer.Option(help="finetune: labels used of each class.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="finetune: passes over the labelled images.")
    ] = None,
    augment: Annotated[
        str | None, typer.Option(help="finetune: preset of views, such as digits (no flip).")
    ] = None,
    ways: Annotated[int | None, typer.Option(help="few_shot: classes of an episode.")] = None,
    shots: Annotated[int | None, typer.Option(help="few_shot: labelled images of each.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of splits, heads, episodes and pairs.")] = None,
    weights: WeightsSource = "default",
    backend: Backend = None,
    as_json: Json = False,
):
    """What a model is worth by a protocol of `sslzoo.evaluate`, beside its baselines."""
    from sslzoo.zoo.entry import load_config
    from sslzoo.zoo.found import with_settings

    given = {
        "k": k,
        "temperature": temperature,
        "fraction": fraction,
        "labels_per_class": labels_per_class,
        "epochs": epochs,
        "augment": augment,
        "ways": ways,
        "shots": shots,
        "seed": seed,
    }
    config = load_config(name)
    chosen = with_settings(
        config, protocol, data, {key: value for key, value in given.items() if value is not None}
    )
    use_backend(backend)
    import sslzoo
    from sslzoo.zoo.sources import evaluation_sets

    with contextlib.redirect_stdout(sys.stderr):
        model = sslzoo.load(name, weights=None if weights == "none" else weights)
        sets = evaluation_sets(chosen.protocol, chosen.sources(), config.image_size)
        result = getattr(sslzoo.evaluate, chosen.protocol)(model, *sets, **chosen.settings())
    if as_json:
        return print_json(result)
    print_record(result)


@app.command()
def embed(
    name: ModelName,
    data: Annotated[str, typer.Option(help="A data set, an .npz, or a folder of images.")],
    out: Annotated[Path, typer.Option(help="The .npz to write.")] = Path("embeddings.npz"),
    split: Annotated[str, typer.Option(help="Of the data set.")] = "train",
    weights: WeightsSource = "default",
    backend: Backend = None,
):
    """Write the embeddings of images to an .npz: features (N, D), labels and classes if any, files
    of a folder.
    """
    from sslzoo.zoo.registry import resolve

    resolve(name)
    if out.suffix != ".npz" or not out.parent.is_dir():
        raise ValueError(
            f"--out is {str(out)!r}, a name that ends in .npz in an existing folder is needed."
        )
    use_backend(backend)
    import sslzoo
    from sslzoo.embedding import embed as run

    model = sslzoo.load(name, weights=None if weights == "none" else weights)
    shape = run(model, data, split, out)
    print(f"{out}: features {shape[0]:,} x {shape[1]}")


@app.command()
def export(
    name: ModelName,
    out: Annotated[Path, typer.Option(help="Folder of the versions: OUT/1, OUT/2, ...")],
    version: Annotated[
        str, typer.Option(metavar="N|next", help="An existing one is refused.")
    ] = "1",
    weights: WeightsSource = "default",
):
    """Write a SavedModel that TF Serving serves: uint8 images in, embeddings out."""
    from sslzoo.zoo.registry import resolve

    resolve(name)
    if version != "next" and not (version.isdecimal() and int(version)):
        raise ValueError(
            f"--version is {version!r}, a whole number of at least 1 or `next` is needed."
        )
    use_backend("tensorflow")
    import sslzoo
    from sslzoo.zoo.export import export as run

    with contextlib.redirect_stdout(sys.stderr):
        model = sslzoo.load(name, weights=None if weights == "none" else weights)
        written = run(model, out, version=version if version == "next" else int(version))
    print(written)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("demo"),
    seconds: Annotated[float, typer.Option(help="Of further self-supervised training.")] = 60,
):
    """The whole way on the bundled digits: evaluate, train further, export, serve; ends in a
    report.
    """
    use_backend("tensorflow")
    from sslzoo.demo import run

    if not run(out=out, seconds=seconds):
        raise typer.Exit(1)


# ---- what the commands share ---------------------------------------------------------


def use_backend(name):
    """Choose Keras' backend and import keras."""
    if name is not None:
        if importlib.util.find_spec(name) is None:
            raise ValueError(f"backend: {name} is not installed in this Python.")
        running = sys.modules["keras"].backend.backend() if "keras" in sys.modules else name
        if running != name:
            raise ValueError(
                f"backend: keras already runs on {running} in this process, {name} is needed."
            )
        os.environ["KERAS_BACKEND"] = name
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with contextlib.nullcontext() if os.environ.get("SSLZOO_DEBUG") == "1" else without_stderr():
        importlib.import_module("keras")


@contextlib.contextmanager
def without_stderr():
    """Nothing reaches file descriptor 2, unless there is an exception: TensorFlow 2.21 writes its
    start-up log there before it reads TF_CPP_MIN_LOG_LEVEL.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        except BaseException:
            log.seek(0)
            os.write(kept, log.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def main():
    """The console script: errors as one sentence."""
    warnings.showwarning = lambda message, *_, **__: print(f"Warning: {message}", file=sys.stderr)
    try:
        app(prog_name="sslzoo")
    except BrokenPipeError:  # `sslzoo list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("SSLZOO_DEBUG") == "1":
            raise
        sys.exit(told(error))
