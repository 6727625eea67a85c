"""Entries whose weights other people published, measured beside the published figures.

`python -m benchmarks.suite official --data tiny_imagenet40` encodes that set with every entry whose
checkpoint can be had (kNN and linear probe), and repeats the evaluations of the entry's own config
whose data are here. A checkpoint was imported before, lies in the folder --checkpoints, or is
downloaded. What could not be run here is named with its reason.
"""

import json
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import sslzoo
from benchmarks.kept import kept
from sslzoo import evaluate
from sslzoo.data.sources import find
from sslzoo.methods import method_family
from sslzoo.zoo import list_models
from sslzoo.zoo.download import WeightsError
from sslzoo.zoo.entry import Entry, load_config
from sslzoo.zoo.imported import import_checkpoint, weights_path
from sslzoo.zoo.sources import evaluation_sets, load_sets, names_of
from sslzoo.zoo.strict import Source

HOLD_OUT = 0.25  # of each class of a set without a test split
SECONDS = 5  # to reach a host


def run(runs, data=None, checkpoints=None):
    """{"rows": one of each entry that was measured, "not_run": {entry: why}, "targets": []}.

    The published figures have other data and settings than ours, so they are no targets.
    """
    rows, missing, hosts = [], {}, {}
    for name in official():
        try:
            at_hand(name, checkpoints, hosts)
            settings = {"data": data, "config": load_config(name).model_dump(mode="json")}
            found = kept(Path(runs) / f"official/{name}.json", settings, row, name, data)
        except WeightsError as error:
            missing[name] = str(error)
            print(f"{name}: could not be run here: {error}", flush=True)
            continue
        print(json.dumps(found), flush=True)
        rows.append(found)
    print(f"{len(rows)} entries measured, {len(missing)} could not be run here.")
    return {"rows": rows, "not_run": missing, "targets": []}


def official():
    """The entries with a published checkpoint."""
    return [name for name in list_models() if load_config(name).checkpoint is not None]


def at_hand(name, checkpoints, hosts):
    """Import the checkpoint of an entry from a folder. Raises WeightsError where there is none and
    its host is not reached, before the network is built.
    """
    entry = Entry.find(name)
    known = entry.config.checkpoint
    if weights_path(entry).is_file():
        return
    files = [] if checkpoints is None else sorted(Path(checkpoints).iterdir())
    for file in files:
        if fits(known, file):
            import_checkpoint(file, name)
            return
    host = urlsplit(known.url or "").netloc
    if host not in hosts:
        hosts[host] = unreached(known.url)
    if hosts[host]:
        raise WeightsError(f"its checkpoint is not here, and {hosts[host]}")


def fits(checkpoint, file):
    """Whether a file has the length of a checkpoint, or else its name; its import is strict."""
    if checkpoint.bytes is not None:
        return file.stat().st_size == checkpoint.bytes
    return file.name == (checkpoint.url or "").rsplit("/", 1)[-1]


def unreached(url):
    """Why a file cannot be downloaded, or None."""
    if not url:
        return "no download is known"
    try:
        urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=SECONDS).close()
    except urllib.error.HTTPError:
        return None  # the host answers
    except OSError as error:
        return f"{urlsplit(url).netloc} is not reached ({getattr(error, 'reason', error)})"
    return None


def row(name, data):
    """What is reported of an entry: the published figures, and its records on this machine."""
    config, model = load_config(name), sslzoo.load(name)
    records, absent = [], []
    for protocol in config.evaluate:
        needed = [each for each in names_of(protocol.sources()) if find(each) is None]
        if needed:
            absent += needed
            continue
        sets = evaluation_sets(protocol.protocol, protocol.sources(), config.image_size)
        records.append(getattr(evaluate, protocol.protocol)(model, *sets, **protocol.settings()))
    if data is not None and method_family(config.method) != "restoring":
        splits = own_splits(data)
        probes = evaluate.knn, evaluate.linear_probe
        records += [each(model, *splits, baselines=False) for each in probes]
    published = [known.model_dump() for known in config.reference]
    return {"entry": name, "published": published, "measured": records, "data_not_here": absent}


def own_splits(name):
    """(train, test) of the user's data set."""
    try:
        return load_sets([Source(name=name, split=split) for split in ("train", "test")])
    except ValueError:  # no test split
        parts = [Source(name=name, split=each, hold_out=HOLD_OUT) for each in ("train", "test")]
        return load_sets(parts)
