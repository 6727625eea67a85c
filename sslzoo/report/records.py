"""Records -> figures: plain rows for the terminal, README and the pages of the documentation."""

from collections.abc import Iterable

from sslzoo.evaluate.figures import metric_figures, number
from sslzoo.methods import method_family
from sslzoo.zoo import yaml_text
from sslzoo.zoo.places import is_at_hand
from sslzoo.zoo.purpose import purpose
from sslzoo.zoo.registry import list_models, resolve

OF_THE_RUN = ("steps", "wall_seconds", "device", "backend", "commit", "started")


def model_rows(names: Iterable[str] | None = None) -> list[dict]:
    """A row for each of the zoo's entries, from their YAML alone: no pydantic, no keras, a
    millisecond an entry.

    Args:
        names: Names of entries. None: all.

    Returns:
        Dicts with name, method, family, backbone, image_size, data, labels_per_class (None: all or
        none), default (bool), figures (see `figures`), transfer (list of dicts), reference (list
        of dicts), licence, task (what it is for, in words), checkpoint (a dict, None of models
        trained here), at_hand (whether the weights are on this machine) and, None while there is no
        record: bytes, encoding, speed (a dict), steps, wall_seconds, device, backend, commit,
        started.

    >>> model_rows(["simclr_resnet20.digits"])[0]["family"]
    'contrastive'
    """
    return [_model_row(name) for name in (list_models() if names is None else names)]


def _model_row(name: str) -> dict:
    path = resolve(name)
    entry = yaml_text.read(path)
    classes = (entry.get("hyperparameters") or {}).get("classes")
    record = entry.get("record") or {}
    weights = record.get("weights") or {}
    return {
        "name": name,
        "method": entry["method"],
        "family": method_family(entry["method"]),
        "task": purpose(entry["method"], method_family(entry["method"]), classes),
        "backbone": _network(entry.get("backbone")),
        "image_size": entry.get("image_size"),
        "data": _data_names(entry["data"]),
        "labels_per_class": (entry.get("sampler") or {}).get("labels_per_class"),
        "default": entry.get("default", False),
        "figures": figures(record),
        "transfer": record.get("transfer") or [],
        "reference": entry.get("reference") or [],
        "licence": entry.get("licence"),
        "checkpoint": entry.get("checkpoint"),
        "at_hand": is_at_hand(entry, path),
        "speed": record.get("speed"),
        "bytes": weights.get("bytes"),
        "encoding": weights.get("encoding"),
        **{
            key: record.get(key)
            for key in ("steps", "wall_seconds", "device", "backend", "commit", "started")
        },
    }


def _network(backbone: dict | str | None) -> str:
    """ "resnet20, width 16" of an entry's backbone; "" of a method without a network."""
    if backbone is None:
        return ""
    backbone = backbone if isinstance(backbone, dict) else {"name": backbone}
    options = [f"{key} {value}" for key, value in backbone.items() if key != "name"]
    return ", ".join([backbone["name"], *options])


def _data_names(data: dict | list) -> str:
    """The name of an entry's data set, or of each that is mixed, or of each role's."""
    if isinstance(data, list):
        return ", ".join(source["name"] for source in data)
    if isinstance(data.get("name"), str):
        return data["name"]
    return ", ".join(f"{source['name']} ({role})" for role, source in data.items())


def figures(record: dict) -> list[dict]:
    """[{"protocol", "what", "value", "unit", "baselines"}] of a record: the first figures of each
    of its evaluations.

    >>> figures({})
    []
    """
    parts = [metric_figures(metric) for metric in record.get("metrics", ())]
    return [figure for part in parts for figure in part]


def baselines_text(figure: dict) -> str:
    """The baselines of a figure; an en dash where there are none.

    >>> baselines_text({"unit": "%", "baselines": {"raw_pixels": 0.31}})
    'raw pixels 31.0 %'
    """
    unit, baselines = figure["unit"], figure["baselines"].items()
    return (
        ", ".join(f"{k.replace('_', ' ')} {number(value, unit)}" for k, value in baselines) or "–"
    )


def size(count: int | None) -> str:
    """Bytes in words; an en dash for None.

    >>> size(1_234_567), size(56_000), size(None)
    ('1.23 MB', '56 kB', '–')
    """
    if count is None:
        return "–"
    return f"{count / 1e6:.2f} MB" if count >= 1e5 else f"{count / 1e3:.0f} kB"
