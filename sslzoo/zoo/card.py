"""What a person wants to know about a zoo entry before using it, all of it read from its YAML
file.
"""

from dataclasses import dataclass

from sslzoo.methods import method_family
from sslzoo.zoo.schema import ZooConfig
from sslzoo.zoo.words import duration


@dataclass(frozen=True)
class ModelCard:
    """A zoo entry: `config` is the recipe, `config.record` (or None) the run that made the weights.

    `print(card)` is the card as text; `card.as_dict()` is plain JSON.
    """

    name: str
    config: ZooConfig

    @property
    def metrics(self):
        """The evaluation records of the run that made the weights, settings included; [] without
        weights.
        """
        return list(self.config.record.metrics) if self.config.record else []

    @property
    def sha256(self):
        """sha256 of the weights file, or None without weights."""
        return self.config.record.weights.sha256 if self.config.record else None

    @property
    def bytes(self):
        """Size of the weights file, or None without weights."""
        return self.config.record.weights.bytes if self.config.record else None

    def as_dict(self):
        """{"name", "family", and every key of the config}, plain JSON."""
        config = self.config.model_dump(mode="json", exclude_none=True)
        return {"name": self.name, "family": method_family(self.config.method), **config}

    def rows(self):
        """[(label, text)] of the card, in reading order."""
        config, record = self.config, self.config.record
        optimizer = config.optimizer
        rows = [
            ("", config.description),
            ("paper", _paper(config.paper)),
            (
                "method",
                f"{config.method} "
                f"({method_family(config.method)}){_options(config.hyperparameters)}",
            ),
            (
                "backbone",
                f"{config.backbone.name}{_options(config.backbone.options())}, "
                f"{config.image_size} px",
            ),
            ("data", f"{config.data.name}, split {config.data.split}"),
            ("views", str(config.augment or "augmentation of the method")),
            (
                "recipe",
                f"{config.epochs} epochs of batch {config.batch_size}, {optimizer.name} "
                f"{optimizer.learning_rate:g}, "
                f"weight decay {optimizer.weight_decay:g}, {config.precision}, seed {config.seed}",
            ),
            ("licence", config.licence),
        ]
        rows += [
            ("reference", f"{known.value:g}: {known.what} ({known.source})")
            for known in config.reference
        ]
        if record is None:
            return [*rows, ("weights", f"none yet: `sslzoo train {self.name} --record` makes them")]
        rows += [("measured", _metric(metric)) for metric in record.metrics]
        weights = record.weights
        return [
            *rows,
            (
                "run",
                f"{record.steps} steps in {duration(record.wall_seconds)} on {record.device}, "
                f"{record.backend}",
            ),
            ("", f"started {record.started}, commit {_commits(record)}"),
            ("weights", f"{weights.file}, {weights.bytes / 1e6:.2f} MB, {weights.encoding}"),
            ("sha256", weights.sha256),
        ]

    def __str__(self):
        return "\n".join([self.name, *(f"  {label:<9} {text}" for label, text in self.rows())])

    def __rich__(self):
        from rich.panel import Panel
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        for label, text in self.rows():
            table.add_row(Text(label, style="bold"), Text(text))
        return Panel(table, title=self.name, title_align="left", expand=False)


def _paper(paper):
    by = ", ".join(str(part) for part in (paper.authors, paper.year) if part)
    place = f", arXiv:{paper.arxiv}" if paper.arxiv else f", {paper.url}" if paper.url else ""
    return f"{by + ', ' if by else ''}{paper.title!r}{place}"


def _commits(record):
    first, *later = [commit[:12] for commit in (record.commit, *(record.continued or ()))]
    return f"{first}, continued on {', '.join(later)}" if later else first


def _options(options):
    return f", {', '.join(f'{key} {value}' for key, value in options.items())}" if options else ""


def _metric(metric):
    """One line: "knn accuracy 0.512 (95 % 0.502-0.522; untrained_encoder 0.33, raw_pixels 0.34; k
    200, ...)".
    """
    notes = []
    if "confidence_95" in metric:
        low, high = metric["confidence_95"]
        notes.append(f"95 % {low:.3f}-{high:.3f}")
    if metric.get("baselines"):
        notes.append(
            ", ".join(f"{name} {_number(value)}" for name, value in metric["baselines"].items())
        )
    if metric.get("settings"):
        flat = {
            key: value
            for key, value in metric["settings"].items()
            if isinstance(value, (int, float, str))
        }
        notes.append(", ".join(f"{key} {value}" for key, value in flat.items()))
    figures = ", ".join(
        f"{key} {_number(value)}"
        for key, value in metric.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and key != "seconds"
    )
    return f"{metric.get('protocol', '')} {figures}".strip() + (
        f" ({'; '.join(notes)})" if notes else ""
    )


def _number(value):
    return f"{value:.4g}" if isinstance(value, (int, float)) else str(value)
