"""How fast does it train and encode, alone and beside others? `python -m benchmarks.throughput`

1. training: views / s of `model.fit` with SimCLR, from uint8 arrays to updated weights, 32 px
2. the share of the augmentation in that step
3. lightly's SimCLR doing the same, pair by pair
4. `model.encode` from uint8 to embeddings, beside torch eager and beside `model.predict`, pair by
  pair

3 and half of 4 need torch and lightly in an environment of their own (`make peer-env`), found by
--peer-python, then by SSLZOO_PEER_PYTHON, then in .venv-peer; without it they are left out. Run it
on an idle machine: a figure here is the median of its windows, a ratio the median of its pairs.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.machine import busy, machine
from benchmarks.settings import NETWORKS, settings
from benchmarks.turns import Program, alternate

SHARE_TARGET = 0.05  # of the augmentation in the step of ResNet-20
FIT_TARGETS = {"resnet20": 1.5, "resnet18": 1.3}  # times lightly
ENCODE_TARGET = 1.6  # times torch eager
LOADER_WORKERS = (2, 0)
# of the machine, by others: torch's threads wait for each other and suffer from company more than
# TensorFlow's
MOST_BUSY = 0.1


def ours(workload, network):
    return Program(
        [sys.executable, "-m", "benchmarks.workloads", workload, network], TF_CPP_MIN_LOG_LEVEL="3"
    )


def peer(python, workload, network, *options):
    command = [
        python,
        "-W",
        "ignore",
        "-m",
        "benchmarks.peers.lightly_simclr",
        workload,
        network,
        *options,
    ]
    return Program([*command, "--settings", json.dumps(settings(workload, network))])


def median_of(values):
    return {
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "windows": values,
    }


def compare(name, unit, first, second, pairs, seconds, **limits):
    """Windows of two programs in turns -> a row; its ratio is that of the first to the second, pair
    by pair.
    """
    if first.facts["backbone"] != second.facts["backbone"]:
        raise RuntimeError(
            f"{name}: backbones of {first.facts['backbone']} and {second.facts['backbone']} "
            "parameters."
        )
    a, b = alternate(first, second, pairs, seconds)
    ratio = median_of([x / y for x, y in zip(a, b, strict=True)])
    row = {
        "name": name,
        "unit": unit,
        "ours": median_of(a),
        "other": median_of(b),
        "ratio": ratio,
        **limits,
    }
    return row | {"parameters": {"ours": first.facts, "other": second.facts}}


def fastest(stack, python, workload, network, variants, seconds):
    """Start the peer in several variants, keep the fastest, say what each did in one window."""
    programs = {
        name: stack.enter_context(peer(python, workload, network, *opts))
        for name, opts in variants.items()
    }
    rates = {name: program.window(seconds) for name, program in programs.items()}
    best = max(rates, key=rates.get)
    for name, program in programs.items():
        if name != best:
            program.close()
    return programs[best], {"variant": best, "tried": rates}


def measure(python, pairs, seconds, say):
    """All rows, each said as soon as it is there."""
    for network, options in NETWORKS.items():
        batch = options["batch"]
        with contextlib.ExitStack() as stack:
            fit = stack.enter_context(ours("fit", network))
            views = stack.enter_context(ours("views", network))
            limit = {"target": SHARE_TARGET, "at_most": True} if network == "resnet20" else {}
            row = compare(
                f"fit / augmentation alone, {network}, batch {batch}",
                "views/s",
                fit,
                views,
                pairs,
                seconds,
                **limit,
            )
            say(row)  # rates of the same views: the ratio of the rates is the share of the time
            views.close()
            if python:
                variants = {
                    f"{count} workers": ("--workers", str(count)) for count in LOADER_WORKERS
                }
                variants |= {
                    f"{name}, channels last": (*opts, "--channels-last")
                    for name, opts in variants.items()
                }
                other, chosen = fastest(stack, python, "fit", network, variants, seconds)
                name = f"fit / lightly, {network}, batch {batch}"
                limit = {"target": FIT_TARGETS[network]}
                say(compare(name, "views/s", fit, other, pairs, seconds, **limit) | chosen)
    network = "resnet20"
    with contextlib.ExitStack() as stack:
        encode = stack.enter_context(ours("encode", network))
        if python:
            variants = {"contiguous": (), "channels last": ("--channels-last",)}
            other, chosen = fastest(stack, python, "encode", network, variants, seconds)
            name = f"encode / torch eager, {network}"
            say(
                compare(name, "images/s", encode, other, pairs, seconds, target=ENCODE_TARGET)
                | chosen
            )
            other.close()
        predict = stack.enter_context(ours("predict", network))
        say(
            compare(
                f"encode / model.predict, {network}", "images/s", encode, predict, pairs, seconds
            )
        )


def met(row):
    """None without a target."""
    if "target" not in row:
        return None
    value = row["ratio"]["median"]
    return value <= row["target"] if row.get("at_most") else value >= row["target"]


def find_peer(given, required):
    """The peers' interpreter, or None."""
    given = given or os.environ.get("SSLZOO_PEER_PYTHON")
    python = Path(given or ".venv-peer/bin/python")
    works = (
        python.exists()
        and not subprocess.run(
            [python, "-c", "import lightly_utils, torch"], capture_output=True
        ).returncode
    )
    if works:
        return str(python)
    if given or required:
        raise SystemExit(
            f"--peer-python: {python} is no Python with torch and lightly; `make peer-env` "
            "builds one."
        )
    return None


def table(rows):
    from rich.table import Table

    out = Table("what", "unit", "sslzoo", "other", "ratio", "pairs", "target", "")
    for row in rows:
        low, high = row["ratio"]["min"], row["ratio"]["max"]
        target = (
            ""
            if "target" not in row
            else f"{'<=' if row.get('at_most') else '>='} {row['target']:.2f}"
        )
        variant = f" ({row['variant']})" if "variant" in row else ""
        out.add_row(
            row["name"] + variant,
            row["unit"],
            f"{row['ours']['median']:,.0f}",
            f"{row['other']['median']:,.0f}",
            f"{row['ratio']['median']:.3f}",
            f"{low:.3f} .. {high:.3f}",
            target,
            {None: "", True: "met", False: "MISSED"}[met(row)],
        )
    return out


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seconds-per-measurement", type=float, default=15, metavar="S", help="of a window"
    )
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--peers", action="store_true", help="fail where the peers are missing")
    parser.add_argument("--peer-python", metavar="PATH")
    parser.add_argument(
        "--json", type=Path, metavar="PATH", help="where to write every window (default: nowhere)"
    )
    parser.add_argument("--check", action="store_true", help="end with 1 when a target is missed")
    arguments = parser.parse_args()
    # the programs in turn are stopped: leave none behind
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    python = find_peer(arguments.peer_python, arguments.peers)

    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 160)
    rows = []

    def say(row):
        rows.append(row)
        console.print(f"{row['name']}: {row['ratio']['median']:.3f}", style="dim", highlight=False)

    others = busy()
    if others > MOST_BUSY:
        warning = (
            f"Other programs use {others:.0%} of this machine: the ratios to torch below flatter "
            "sslzoo."
        )
        if arguments.check:
            raise SystemExit(f"--check: {warning}")
        console.print(warning, style="bold red")
    measure(python, arguments.pairs, arguments.seconds_per_measurement, say)
    console.print(table(rows))
    if not python:
        console.print("torch and lightly are not installed: `make peer-env`.")
    if arguments.json:
        settings_used = {"pairs": arguments.pairs, "seconds": arguments.seconds_per_measurement}
        report = {
            "machine": machine(python) | {"busy": others},
            "settings": settings_used,
            "rows": [row | {"met": met(row)} for row in rows],
        }
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    if arguments.check and any(met(row) is False for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
