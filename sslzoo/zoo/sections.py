"""The content of a generated card: titles with texts, tables and code. Markdown and HTML are two
forms of it.
"""

import json
import re
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from sslzoo.evaluate.figures import (
    metric_figures,
    number,
    settings_text,
    table_rows,
    transfer_cells,
)
from sslzoo.words import speed_text
from sslzoo.zoo.card import ModelCard
from sslzoo.zoo.citation import bibtex
from sslzoo.zoo.interface import Interface
from sslzoo.zoo.limits import limits, plain, transfer_rows
from sslzoo.zoo.records import Reference

TRANSFER = (
    "On test images of data sets that the model was not trained on. With 10 labels a class it is "
    "the mean of three draws, with its 95 % interval. The number in brackets counts the training "
    "images."
)


class Code(NamedTuple):
    """Lines of a language.

    Example:
        >>> Code("python", "import sslzoo").language
        'python'
    """

    language: str
    text: str


class Table(NamedTuple):
    """Rows of texts under titles, with numbers in the columns `right`; an empty head of facts.

    Example:
        >>> Table(("", ""), [("licence", "MIT")]).right
        ()
    """

    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    right: tuple[int, ...] = ()


class Section(NamedTuple):
    """A part of a card: texts, tables and code below a title.

    Example:
        >>> Section("License", ["MIT"]).title
        'License'
    """

    title: str
    parts: list[str | Table | Code]


def facts(rows: list[tuple[str, str]]) -> Table:
    """A table of what is known, without what is not.

    Example:
        >>> facts([("file", "a.h5"), ("sha256", "")]).rows
        [('file', 'a.h5')]
    """
    return Table(("", ""), [row for row in rows if row[1]])


def model_sections(card: ModelCard, interface: Interface, address: str) -> list[Section]:
    """The card of an entry, in reading order.

    Args:
        address: what `sslzoo.load` takes.

    Example:
        >>> import sslzoo
        >>> from sslzoo.zoo.interface import interface_of
        >>> card = sslzoo.info("simclr_resnet20.digits")
        >>> sections = model_sections(card, interface_of(card.config), card.name)
        >>> [section.title for section in sections][:4]
        ['Use', 'Input', 'Output', 'Training']
    """
    config = card.config
    output = Table(("Verb", "Result", "Type and shape"), interface.outputs)
    sections = [
        Section("Use", _use(card, interface, address)),
        Section("Input", [facts(interface.inputs)]),
        Section("Output", [output]),
        Section("Training", [facts(card.training())]),
        Section("Measured", list(_measured(card.metrics))),
        Section("Published figures", _published(config.reference, card.metrics)),
        Section("Transfer", _transfer(card)),
        Section("Speed", _speed(card)),
        Section("Limits", list(limits(card))),
        Section("License", _licence(card)),
        Section("Citation", [Code("bibtex", bibtex(config.paper))] if config.paper else []),
        Section("Weights", _weights(card)),
    ]
    return [section for section in sections if section.parts]


def use_code(load: str, verb: str, result: str, kind: str, shape: str) -> Code:
    """How to use a model in three lines.

    Args:
        load: the argument of `sslzoo.load`. verb: the main one. result: its name.
        kind: of an item. shape: of the result.

    Example:
        >>> print(use_code('"mine"', "encode", "embedding", "images", "(N, 64)").text)
        import sslzoo
        <BLANKLINE>
        model = sslzoo.load("mine")
        embedding = model.encode("photos")  # a folder, paths or arrays -> (N, 64)
        model.export("served")  # for TensorFlow Serving
    """
    given, comment = kind, ""
    if kind == "images":
        given, comment = '"photos"', "a folder, paths or arrays -> "
    lines = [
        "import sslzoo\n",
        f"model = sslzoo.load({load})",
        f"{result} = model.{verb}({given})  # {comment}{shape}",
        'model.export("served")  # for TensorFlow Serving',
    ]
    return Code("python", "\n".join(lines))


def quoted(text: str) -> str:
    """Text as Python writes it, in double quotes.

    Example:
        >>> print(quoted('a "b"'))
        "a \\"b\\""
    """
    return json.dumps(text, ensure_ascii=False)


def _use(card: ModelCard, interface: Interface, address: str) -> list[str | Code]:
    config, load = card.config, quoted(address)
    main = (*interface.outputs[0][:2], interface.kind, interface.outputs[0][2])
    if config.record is None and config.checkpoint is None:
        note = (
            "There are no weights yet. `sslzoo train NAME --record` makes them. Until then "
            "`weights=None` gives the untrained model."
        )
        code = use_code(f"{load}, weights=None", *main)
        return [note.replace("NAME", address), code]
    code = use_code(load, *main)
    if config.checkpoint is None:
        return [code]
    note = (
        "`sslzoo.load` fetches the file of its authors once, and converts it. Without a network, "
        f"`sslzoo import FILE --as {address}` converts a file that you have."
    )
    return [code, note]


def _measured(metrics: list[dict]) -> Iterator[str | Table]:
    """A table of all figures with their baselines, then the settings of each evaluation."""
    rows, settings = [], []
    for metric in metrics:
        before = None
        for figure, *others in table_rows(metric):
            rows.append((figure if figure != before else "", *others))
            before = figure
        text = settings_text(metric)
        if text:
            settings.append(f"Settings of {plain(metric['protocol'])}: {text}.")
    if rows:
        yield Table(("Figure", "Of", "Value", "95 %"), rows, right=(2,))
        yield from settings


def _published(references: list[Reference], metrics: list[dict]) -> list[str | Table]:
    """Figures of other people beside those of this model that begin with the same words."""
    if not references:
        return []
    figures = [figure for metric in metrics for figure in metric_figures(metric)]
    rows = []
    for known in references:
        ours = max(figures, key=lambda figure: _alike(known.what, figure["what"]), default=None)
        same = ours is not None and _alike(known.what, ours["what"])[0] > 0
        unit = ours["unit"] if same else _unit(known)
        here = f"{number(ours['value'], unit)} ({ours['what']})" if same else "–"
        rows.append((known.what, number(known.value, unit), here, known.source))
    head = ("Published", "Value", "This model, measured here", "Source")
    return [
        "Others measured the published figures, in settings of their own.",
        Table(head, rows, (1,)),
    ]


def _alike(first: str, second: str) -> tuple[int, int]:
    """How many words two texts begin with alike, then how many they share."""
    one, other = _words(first), _words(second)
    pairs = zip(one, other, strict=False)
    begin = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
    return begin, len(set(one) & set(other))


def _words(text: str) -> list[str]:
    return re.sub(r"[,()]", " ", text.lower()).split()


def _unit(known: Reference) -> str:
    if known.what.startswith("PSNR"):
        return "dB"
    return "%" if known.value <= 1 else ""


def _transfer(card: ModelCard) -> list[str | Table]:
    rows = transfer_rows(card)
    head = ("Data set", "Encoder", "10 labels a class", "All labels", "kNN")
    return [TRANSFER, Table(head, transfer_cells(rows), right=(2, 3, 4))] if rows else []


def _speed(card: ModelCard) -> list[str]:
    record = card.config.record
    return [f"{speed_text(record.speed.model_dump())}."] if record and record.speed else []


def _licence(card: ModelCard) -> list[str]:
    licence = card.config.licence
    if not licence:
        return []
    whose = ", of the authors of the weights" if card.config.checkpoint else ""
    limit = " It forbids commercial use." if "-NC" in licence else ""
    return [f"{licence}{whose}.{limit}"]


def _weights(card: ModelCard) -> list[str | Table]:
    config = card.config
    if config.record is None:
        known = config.checkpoint
        if known is None:
            return []
        files = ", ".join(filter(None, (known.url, *known.more)))
        size = f"{known.bytes:,}" if known.bytes else ""
        count = f"{known.parameters:,}" if known.parameters else ""
        rows = [("file", files), ("layout", known.layout), ("parameters", count), ("bytes", size)]
        return [facts([*rows, ("sha256", known.sha256 or "")])]
    known = config.record.weights
    rows = [
        ("file", known.file),
        ("bytes", f"{known.bytes:,}"),
        ("sha256", known.sha256),
        ("encoding", known.encoding),
    ]
    if known.agreement:
        cosine = known.agreement.mean_cosine
        rows.append(("features", f"mean cosine to those of the float32 weights {cosine:.6f}"))
    return [facts(rows)]
