"""The zoo: entries, names, weights. Every name is imported on first use, so that `sslzoo list`
imports no keras.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "ConfigError": "yaml_text",
    "Entry": "entry",
    "WeightsError": "cache",
    "agreement": ".evaluate.agreement",
    "fetch_weights": "cache",
    "info": "entry",
    "list_models": "registry",
    "load_config": "entry",
    "load_weights": "weights",
    "resolve": "registry",
    "save_weights": "weights",
    "write_record": "config",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
