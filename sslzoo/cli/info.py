"""`sslzoo info`: the card of a model."""

from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import Json, ModelName, check_model, use_backend
from sslzoo.cli.terminal import console, print_json


def command(
    name: ModelName,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Make the whole card, as Markdown for a model hub.")
    ] = False,
    html: Annotated[
        bool, typer.Option("--html", help="Make the whole card, as an HTML page.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="The file for --markdown or --html. Default: print it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the paper, recipe, data, measurements and weights of a model.

    Example:
        >>> from sslzoo.cli.info import command
        >>> command("simclr_resnet20.digits")  # doctest: +ELLIPSIS
        ╭─ simclr_resnet20.digits ...
    """
    if markdown + html + as_json > 1:
        raise ValueError("info: got several of --markdown, --html and --json; give one.")
    if out is not None and not (markdown or html):
        raise ValueError(f"out: got {out}; it needs --markdown or --html.")
    if markdown or html:
        return _whole_card(name, html, out)
    import sslzoo

    card = sslzoo.info(name)
    if as_json:
        return print_json(card.as_dict())
    console().print(card)


def _whole_card(name: str, html: bool, out: Path | None) -> None:
    """Print the generated card, or write it."""
    from sslzoo.checks import local_path, refused
    from sslzoo.files import replace_file

    suffix = ".html" if html else ".md"
    if out is not None:
        out = local_path("--out", out)
        if out.suffix != suffix or not out.parent.is_dir():
            raise refused("--out", str(out), f"end in {suffix}, in an existing folder")
    check_model(name)
    use_backend(None)  # the verbs are attributes of Keras models
    if html:
        from sslzoo.report.card import html_card as card
    else:
        from sslzoo.zoo.markdown_card import markdown_card as card
    text = card(name)
    if out is None:
        return print(text)
    replace_file(out, text.encode())
    print(out)
