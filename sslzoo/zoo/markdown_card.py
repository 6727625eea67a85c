"""The generated card of a model as Markdown, with the metadata that the Hugging Face Hub reads."""

from pathlib import Path
from typing import NamedTuple

from sslzoo.zoo import yaml_text
from sslzoo.zoo.card import ModelCard
from sslzoo.zoo.entry import info
from sslzoo.zoo.folder_card import FolderCard
from sslzoo.zoo.folder_sections import folder_content
from sslzoo.zoo.hub_metadata import metadata
from sslzoo.zoo.interface import interface_of
from sslzoo.zoo.sections import Code, Section, Table, model_sections


class Content(NamedTuple):
    """All that a generated card says.

    Example:
        >>> content("simclr_resnet20.digits").title
        'simclr_resnet20.digits'
    """

    title: str
    lead: str
    metadata: dict
    sections: list[Section]


def content(
    name_or_card: str | Path | ModelCard | FolderCard, address: str | None = None
) -> Content:
    """What the card of a model says, for Markdown and HTML. Imports keras.

    Args:
        name_or_card: what `sslzoo.info` takes or gives.
        address: that its example loads; None: the name.

    Raises:
        As `sslzoo.info`.

    Example:
        >>> content("simclr_resnet20.digits").metadata["license"]
        'apache-2.0'
    """
    card = name_or_card
    if not isinstance(card, (ModelCard, FolderCard)):
        card = info(name_or_card)
        address = address or str(name_or_card)
    address = address or card.name
    if isinstance(card, FolderCard):
        return Content(card.name, *folder_content(card, address))
    interface = interface_of(card.config)
    lead = _sentence(card.config.description or f"{card.config.method}: {card.purpose}")
    sections = model_sections(card, interface, address)
    return Content(card.name, lead, metadata(card, interface), sections)


def markdown_card(
    name_or_card: str | Path | ModelCard | FolderCard, address: str | None = None
) -> str:
    """The card of a model as Markdown: the `README.md` of a repository on a hub. Imports keras.

    Args:
        name_or_card: what `sslzoo.info` takes or gives: an entry, a config, a run, or a folder of
            `sslzoo.save`.
        address: that its example loads, such as `hf://USER/NAME`; None: the name.

    Raises:
        As `sslzoo.info`.

    Example:
        >>> markdown_card("simclr_resnet20.digits").splitlines()[1]
        'license: apache-2.0'
    """
    said = content(name_or_card, address)
    parts = [f"---\n{yaml_text.write(said.metadata)}---", f"# {said.title}", _markdown(said.lead)]
    for section in said.sections:
        parts.append(f"## {section.title}")
        parts += [_markdown(part) for part in section.parts]
    return "\n\n".join(parts) + "\n"


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _markdown(part: str | Table | Code) -> str:
    if isinstance(part, Code):
        return f"```{part.language}\n{part.text}\n```"
    if isinstance(part, str):
        return part.replace("<", "&lt;")
    rule = ["---:" if column in part.right else "---" for column in range(len(part.head))]
    lines = [part.head, rule, *part.rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
