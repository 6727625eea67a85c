"""`sslzoo info`: the card of a model."""

from sslzoo.cli.shared import Json, ModelName
from sslzoo.cli.terminal import console, print_json


def command(name: ModelName, as_json: Json = False) -> None:
    """Show the paper, recipe, data, measurements and weights of a model.

    Example:
        >>> from sslzoo.cli.info import command
        >>> command("simclr_resnet20.digits")  # doctest: +ELLIPSIS
        ╭─ simclr_resnet20.digits ...
    """
    import sslzoo

    card = sslzoo.info(name)
    if as_json:
        return print_json(card.as_dict())
    console().print(card)
