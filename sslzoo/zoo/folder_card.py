"""The card of a folder that `sslzoo.save` wrote. It needs no Keras."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sslzoo.files import read_own
from sslzoo.zoo.card import Card
from sslzoo.zoo.registry import FOLDER_DESCRIPTION

WEIGHTS = {"h5": "model.weights.h5", "safetensors": "model.safetensors"}
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class FolderCard(Card):
    """What is known of a model that was saved as a folder. `described` is its `sslzoo.json`.

    `print(card)` is the card as text; `card.as_dict()` is plain JSON.

    Example:
        >>> import sslzoo, tempfile
        >>> model = sslzoo.build("simclr", "micro", 8)
        >>> with tempfile.TemporaryDirectory() as place:
        ...     sslzoo.save(model, f"{place}/mine").rows()[1]
        ('method', 'SimCLR')
    """

    name: str
    described: dict[str, Any]

    @classmethod
    def read(cls, folder: Path, name: str | None = None) -> "FolderCard":
        """The card of a folder. Raises ValueError where its description is damaged.

        Args:
            folder: that `sslzoo.save` wrote. name: on the card; None: that of the folder.
        """
        path = folder / FOLDER_DESCRIPTION
        described = read_own(path, lambda: _checked(path.read_bytes()), "description")
        return cls(name or folder.absolute().name, described)

    @classmethod
    def of(cls, content: bytes, address: str) -> "FolderCard":
        """The card of the content of a description. Raises ValueError where it is damaged."""
        return cls(address, read_own(address, lambda: _checked(content), "description"))

    @property
    def sha256(self) -> str:
        """sha256 of the weights file."""
        return self.described["weights"]["sha256"]

    @property
    def bytes(self) -> int:
        """Size of the weights file."""
        return self.described["weights"]["bytes"]

    def as_dict(self) -> dict:
        """{"name", and every key of the description}, plain JSON."""
        return {"name": self.name, **self.described}

    def rows(self) -> list[tuple[str, str]]:
        """[(label, text)] of the card, in reading order."""
        known, weights = self.described, self.described["weights"]
        features = f", {known['embedding']} features" if known["embedding"] else ""
        given = ", ".join(f"{key} {value}" for key, value in known["preprocessing"].items())
        origin = known["origin"] or {"name": "", "licence": None}
        rows = [
            ("paper", known["paper"]),
            ("method", known["method"]),
            ("network", f"{known['backbone']}{features}" if known["backbone"] else ""),
            ("size", f"{known['parameters']:,} parameters"),
            ("input", f"{known['input']}{f' ({given})' if given else ''}"),
            ("origin", f"weights of {origin['name']}" if origin["name"] else ""),
            ("licence", f"{origin['licence']}, of the origin" if origin["licence"] else ""),
            ("verbs", ", ".join(known["signatures"])),
            ("sslzoo", known["sslzoo"]),
            ("weights", f"{weights['file']}, {self.bytes / 1e6:.2f} MB, {weights['encoding']}"),
            ("sha256", self.sha256),
        ]
        return [(label, text) for label, text in rows if text]


def digest(described: dict[str, Any]) -> str:
    """The sha256 of a description, without the entry that holds it.

    Example:
        >>> digest({"a": 1, "digest": "b"}) == digest({"a": 1})
        True
    """
    content = {key: value for key, value in described.items() if key != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _checked(content: bytes) -> dict[str, Any]:
    """The description, with what the card and `sslzoo.load` read of it."""
    described = json.loads(content.decode("utf-8"))
    if described["digest"] != digest(described):
        raise ValueError("its content is not what was written")
    weights = described["weights"]
    plain = isinstance(weights["bytes"], int) and isinstance(weights["encoding"], str)
    plain = plain and SHA256.fullmatch(weights["sha256"])
    if not plain or Path(weights["file"]).name != weights["file"]:
        raise ValueError("its entry weights is not one that sslzoo.save writes")
    kinds = {
        **dict.fromkeys(("model", "preprocessing", "signatures"), dict),
        **dict.fromkeys(("paper", "method", "input", "sslzoo"), str),
        **dict.fromkeys(("backbone", "embedding"), object),
        "origin": (dict, type(None)),
        "parameters": int,
    }
    if described["origin"]:
        described["origin"]["name"], described["origin"]["licence"]
    for key, kind in kinds.items():
        if not isinstance(described[key], kind):
            raise ValueError(f"its entry {key} is not one that sslzoo.save writes")
    return described
