"""Settings compared on data kept out of the training split: rows of a JSON file that are trained
once.
"""

import argparse
import json
from pathlib import Path

from benchmarks.machine import machine
from sslzoo.zoo.entry import load_config
from sslzoo.zoo.registry import resolve


def changed(entry, changes):
    """The config of an entry with other values: {hyperparameter or key of the config: value}."""
    config = load_config(resolve(entry))
    keys = {key: value for key, value in changes.items() if key in type(config).model_fields}
    own = {key: value for key, value in changes.items() if key not in keys}
    return config.model_copy(update={**keys, "hyperparameters": {**config.hyperparameters, **own}})


def main(what, variants, row, path):
    """The command line: `row(*variants[name])` of each name that the JSON file has not."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--json", type=Path, default=Path(path))
    parser.add_argument("--only", nargs="*", choices=list(variants), default=list(variants))
    options = parser.parse_args()
    options.json.parent.mkdir(parents=True, exist_ok=True)
    done = json.loads(options.json.read_text())["rows"] if options.json.exists() else {}
    for name in options.only:
        if name not in done:
            done[name] = row(*variants[name])
            print(json.dumps({name: done[name]}), flush=True)
            options.json.write_text(
                json.dumps({"machine": machine(None), "rows": done}, indent=1) + "\n"
            )
