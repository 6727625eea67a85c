"""What a long run found, kept as JSON: a suite that is stopped goes on with the run that it was in."""

import json

from sslzoo.zoo.config import replace_file
from sslzoo.zoo.train import train


def kept(path, make, *arguments):
    """The JSON of `path`; without such a file, that of `make(*arguments)`, which is written there."""
    if path.exists():
        return json.loads(path.read_text())
    found = make(*arguments)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, json.dumps(found, indent=1).encode())
    return found


def trained(name, runs):
    """The record of a zoo entry that is trained from scratch in the folder `runs`, or was."""
    return kept(runs / name / "record.json", lambda: train(name, run_dir=runs / name, verbose=2))
