"""The generated card of a model as an HTML page."""

from pathlib import Path

from sslzoo.report.pages import page
from sslzoo.zoo.card import ModelCard
from sslzoo.zoo.folder_card import FolderCard
from sslzoo.zoo.markdown_card import content


def html_card(name_or_card: str | Path | ModelCard | FolderCard) -> str:
    """The card of a model as one HTML page, which needs no network. Imports keras.

    Args:
        name_or_card: what `sslzoo.info` takes or gives.

    Raises:
        As `sslzoo.info`.

    >>> "<h1>simclr_resnet20.digits</h1>" in html_card("simclr_resnet20.digits")
    True
    """
    return page("card.html", card=content(name_or_card))
