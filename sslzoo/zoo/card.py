"""The card of an entry: what to know before using it, read from its YAML file."""

from dataclasses import dataclass
from typing import Any

from sslzoo.methods import method_family
from sslzoo.words import duration, speed_text
from sslzoo.zoo.purpose import purpose
from sslzoo.zoo.records import Record, TransferRow
from sslzoo.zoo.schema import Paper, ZooConfig


class Card:
    """A name and rows of text, as lines or as a panel of a terminal.

    Example:
        >>> from sslzoo.zoo.card import Card
        >>> card = Card()
        >>> card.name, card.rows = "mine", lambda: [("method", "SimCLR")]
        >>> print(card)
        mine
          method    SimCLR
    """

    def __str__(self) -> str:
        return "\n".join([self.name, *(f"  {label:<9} {text}" for label, text in self.rows())])

    def __rich__(self) -> Any:
        from rich.panel import Panel
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        for label, text in self.rows():
            table.add_row(Text(label, style="bold"), Text(text))
        return Panel(table, title=self.name, title_align="left", expand=False)


@dataclass(frozen=True)
class ModelCard(Card):
    """The card of an entry. `config` is its recipe. `config.record` is the run that made the
    weights, or None.

    `print(card)` is the card as text; `card.as_dict()` is plain JSON.

    Example:
        >>> import sslzoo
        >>> card = sslzoo.info("simclr_resnet20.digits")
        >>> card.metrics[0]["protocol"]
        'knn'
    """

    name: str
    config: ZooConfig

    @property
    def metrics(self) -> list[dict]:
        """The evaluation records of the run that made the weights, settings included; [] without
        weights.
        """
        return list(self.config.record.metrics) if self.config.record else []

    @property
    def sha256(self) -> str | None:
        """sha256 of the weights file, or None without weights."""
        return self.config.record.weights.sha256 if self.config.record else None

    @property
    def bytes(self) -> int | None:
        """Size of the weights file, or None without weights."""
        return self.config.record.weights.bytes if self.config.record else None

    def as_dict(self) -> dict:
        """{"name", "family", and every key of the config}, plain JSON."""
        config = self.config.model_dump(mode="json", exclude_none=True)
        return {"name": self.name, "family": method_family(self.config.method), **config}

    @property
    def purpose(self) -> str:
        """What it is for, in a few words."""
        classes = self.config.hyperparameters.get("classes")
        return purpose(self.config.method, method_family(self.config.method), classes)

    def training(self) -> list[tuple[str, str]]:
        """[(label, text)] of paper, method, data and recipe, and of the run that made the
        weights.
        """
        record = self.config.record
        return [*_trained(self.config), *(_run(record) if record else ())]

    def rows(self) -> list[tuple[str, str]]:
        """[(label, text)] of the card, in reading order."""
        config, record = self.config, self.config.record
        rows = [("", config.description), *_trained(config), ("licence", config.licence or "")]
        rows = [(label, text) for label, text in rows if text]  # one's own config may lack some
        for known in config.reference:
            rows.append(("reference", f"{known.value:g}: {known.what} ({known.source})"))
        if record is None and config.checkpoint:
            file = config.checkpoint.url or "FILE"
            rows.append(("weights", f"of other people: {file}"))
            name = file.rsplit("/", 1)[-1]
            return [*rows, ("", f"`sslzoo import {name} --as {self.name}` converts them")]
        if record is None:
            return [*rows, ("weights", f"none yet: `sslzoo train {self.name} --record` makes them")]
        rows += [("measured", _metric(metric)) for metric in record.metrics]
        rows += [("transfer", _transferred(row)) for row in record.transfer or ()]
        rows += [("speed", speed_text(record.speed.model_dump()))] if record.speed else []
        weights = record.weights
        return [
            *rows,
            *_run(record),
            ("weights", f"{weights.file}, {weights.bytes / 1e6:.2f} MB, {weights.encoding}"),
            ("sha256", weights.sha256),
        ]


def _trained(config: ZooConfig) -> list[tuple[str, str]]:
    """The rows of what was trained, on what, and how; those that a config of one's own lacks are
    empty.
    """
    family = method_family(config.method)
    return [
        ("paper", _paper(config.paper) if config.paper else ""),
        ("method", f"{config.method} ({family}){_options(config.hyperparameters)}"),
        *_network(config),
        *(("data", text) for text in _data(config)),
        *_recipe(config),
    ]


def _run(record: Record) -> list[tuple[str, str]]:
    took = duration(record.wall_seconds)
    steps = "step" if record.steps == 1 else "steps"
    return [
        ("run", f"{record.steps} {steps} in {took} on {record.device}, {record.backend}"),
        ("", f"started {record.started}, commit {_commits(record)}"),
    ]


def _network(config: ZooConfig) -> list[tuple[str, str]]:
    """The row of the backbone, if the method has one."""
    if config.backbone is None:
        return []
    size = config.image_size
    pixels = f", {size} px" if isinstance(size, int) else ""
    pixels = f", {size[0]} x {size[1]} px" if isinstance(size, list) else pixels
    return [("backbone", f"{config.backbone.name}{_options(config.backbone.options())}{pixels}")]


def _data(config: ZooConfig) -> list[str]:
    """One text for each data set, with its role where there are several."""
    roles = config.sources()
    texts = {role: f"{source.name}, split {source.split}" for role, source in roles.items()}
    if not isinstance(config.data, dict):  # the parts of a mix need no names
        return list(texts.values())
    return [f"{text} ({role})" for role, text in texts.items()]


def _recipe(config: ZooConfig) -> list[tuple[str, str]]:
    """The rows of views and optimizer, where the method is trained by one."""
    optimizer = config.optimizer
    if optimizer is None:
        return []
    decay = getattr(optimizer, "weight_decay", 0.0)
    batch = f" of batch {config.batch_size}" if config.batch_size else ""
    return [
        ("views", str(config.augment or "augmentation of the method")),
        (
            "recipe",
            f"{config.epochs} epochs{batch}, {optimizer.name} {optimizer.learning_rate:g}, "
            f"weight decay {decay:g}, {config.precision}, seed {config.seed}",
        ),
    ]


def _paper(paper: Paper) -> str:
    by = "".join(f"{part}, " for part in (paper.authors, paper.year) if part)
    place = ""
    if paper.arxiv:
        place = f", arXiv:{paper.arxiv}"
    elif paper.url:
        place = f", {paper.url}"
    return f"{by}{paper.title!r}{place}"


def _commits(record: Record) -> str:
    first, *later = [commit[:12] for commit in (record.commit, *(record.continued or ()))]
    return f"{first}, continued on {', '.join(later)}" if later else first


def _options(options: dict) -> str:
    return "".join(f", {key} {value}" for key, value in options.items())


def _metric(metric: dict) -> str:
    """One line: "knn accuracy 0.512 (95 % 0.502-0.522; untrained_encoder 0.33, raw_pixels 0.34; k
    200, ...)".
    """
    figures = _listed({key: value for key, value in metric.items() if _is_figure(key, value)})
    line = f"{metric.get('protocol', '')} {figures}".strip()
    notes = []
    if "confidence_95" in metric:
        low, high = metric["confidence_95"]
        notes.append(f"95 % {low:.3f}-{high:.3f}")
    if metric.get("baselines"):
        notes.append(_listed(metric["baselines"]))
    if metric.get("settings"):
        settings = metric["settings"].items()
        plain = [f"{k} {value}" for k, value in settings if isinstance(value, (int, float, str))]
        notes.append(", ".join(plain))
    return f"{line} ({'; '.join(notes)})" if notes else line


def _transferred(row: TransferRow) -> str:
    """One line: "digits, linear probe, 10 labels a class: this model 0.81, ...; all 1297: ..."."""
    texts = []
    for key, what in (("probe_10", "10 labels a class"), ("probe", f"all {row.n_train}")):
        values = {name.replace("_", " "): each[key] for name, each in row.figures.items()}
        texts.append(f"{what}: {_listed(values)}")
    return f"{row.set}, linear probe, {'; '.join(texts)}"


def _is_figure(key: str, value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and key != "seconds"


def _listed(figures: dict) -> str:
    return ", ".join(f"{name} {_number(value)}" for name, value in figures.items())


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, (int, float)) else str(value)
