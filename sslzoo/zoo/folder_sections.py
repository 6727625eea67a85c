"""What the generated card of a saved folder says."""

from typing import Any

from sslzoo.methods import list_methods
from sslzoo.zoo.citation import bibtex, cited
from sslzoo.zoo.folder_card import FolderCard
from sslzoo.zoo.hub_metadata import folder_metadata
from sslzoo.zoo.interface import EMBEDDING, result_shape, verbs_of
from sslzoo.zoo.limits import weakness
from sslzoo.zoo.sections import Code, Section, Table, facts, quoted, use_code


def folder_content(card: FolderCard, address: str) -> tuple[str, dict[str, Any], list[Section]]:
    """(first sentence, metadata, sections) of the card of a folder.

    Args:
        address: what `sslzoo.load` takes.

    Example:
        >>> import sslzoo, tempfile
        >>> model = sslzoo.build("simclr", "micro", 8)
        >>> with tempfile.TemporaryDirectory() as place:
        ...     lead, _, _ = folder_content(sslzoo.save(model, f"{place}/mine"), "mine")
        >>> lead
        'A model of SimCLR, saved by sslzoo.'
    """
    known = card.described
    method, kind = _method(known["method"]), known["input"].lower()
    rows = card.rows()
    about = ("paper", "method", "network", "size", "origin")
    paper = cited(known["paper"])
    outputs = _outputs(known, method, kind)
    sections = [
        Section("Use", [_use(known, address, kind, outputs)]),
        Section("Input", [facts([("items", kind), *_preprocessing(known["preprocessing"])])]),
        Section("Output", [Table(("Verb", "Result", "Type and shape"), outputs)]),
        Section("Model", [facts([row for row in rows if row[0] in about])]),
        Section("Limits", _limits(known, method)),
        Section("License", [f"{text}." for label, text in rows if label == "licence"]),
        Section("Citation", [Code("bibtex", bibtex(paper))] if paper else []),
        Section("Weights", [_weights(card)]),
    ]
    lead = f"A model of {known['method']}, saved by sslzoo."
    kept = [section for section in sections if section.parts]
    return lead, folder_metadata(card, method, kind), kept


def _method(title: str) -> str | None:
    """The name of a method's class; None of a class that is not the zoo's."""
    names = {name.replace("_", ""): name for name in list_methods()}
    return names.get(title.lower())


def _use(known: dict[str, Any], address: str, kind: str, outputs: list[tuple]) -> Code:
    main = outputs[0] if outputs else ("encode", "embedding", "")
    return use_code(quoted(address), *main[:2], kind, main[2] or main[1])


def _preprocessing(settings: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [(key.replace("_", " "), str(value)) for key, value in settings.items()]
    return [row for row in rows if row[0] != "field"]  # which is the kind of the items


def _outputs(known: dict[str, Any], method: str | None, kind: str) -> list[tuple[str, str, str]]:
    """[(verb, name of the result, type and shape)]; a class that is not the zoo's tells no shapes
    of its own verbs.
    """
    settings, given = known["model"].get("config") or {}, known["preprocessing"]
    verbs = verbs_of(method, settings) if method else {}
    size = given.get("image_size")
    sides = size if isinstance(size, list) else [size, size]
    picture = (*sides, given.get("channels"))
    rows = []
    for verb, results in known["signatures"].items():
        shape = ""
        if verb in verbs:
            length = known["embedding"] if verb in EMBEDDING else None
            shapes = {"D": length, "C": settings.get("classes"), "S": settings.get("scale")}
            shape = result_shape(verbs[verb], shapes, picture, kind)
        rows.append((verb, results if isinstance(results, str) else results[0], shape))
    return rows


def _limits(known: dict[str, Any], method: str | None) -> list[str]:
    text = weakness(method) if method else ""
    parts = [text] if text else []
    if known["origin"]:
        name = known["origin"]["name"]
        parts.append(
            f"It began with the weights of {name}, whose figures `sslzoo info {name}` shows. They "
            "do not hold where it was trained further."
        )
    return parts or ["Nothing was measured of it."]


def _weights(card: FolderCard) -> Table:
    weights = card.described["weights"]
    return facts(
        [
            ("file", weights["file"]),
            ("bytes", f"{card.bytes:,}"),
            ("sha256", card.sha256),
            ("encoding", weights["encoding"]),
        ]
    )
