"""How long sslzoo takes to start: `python -m benchmarks.start`

Processor seconds (user and system) of whole processes that take turns, so that a machine whose
speed drifts slows them alike. The first run of each fills the disk's cache and is left out.
Targets: `sslzoo list` 0.3 s; to load a small model and embed one image, 1.5 times `import keras`.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.machine import machine

FIRST_EMBEDDING = """\
import sslzoo
model = sslzoo.load("simclr_resnet20.digits")
model.encode(sslzoo.data.load("digits").images[:1])
"""
COMMANDS = {
    "python": ["-c", "pass"],
    "list": ["-m", "sslzoo", "list"],
    "import keras": ["-c", "import keras"],
    "first embedding": ["-c", FIRST_EMBEDDING],
}


def processor_seconds(arguments):
    """What one process of this Python costs, with its threads."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(rounds):
    """{command: [seconds of each round]}, and the ratio of each round."""
    for arguments in COMMANDS.values():
        processor_seconds(arguments)
    seconds = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, arguments in COMMANDS.items():
            seconds[name].append(processor_seconds(arguments))
    pairs = zip(seconds["first embedding"], seconds["import keras"], strict=True)
    return {"seconds": seconds, "ratios": [ours / keras for ours, keras in pairs]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, help="where to write the figures of every round")
    options = parser.parse_args()
    result = {"machine": machine(None), **measure(options.rounds)}
    for name, seconds in result["seconds"].items():
        print(f"{name}: {statistics.median(seconds):.3f} s (least {min(seconds):.3f} s)")
    print(f"first embedding / import keras: {statistics.median(result['ratios']):.2f}")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
