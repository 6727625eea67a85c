"""Where a benchmark ran: what its figures depend on."""

import os
import platform
import subprocess
import time
from importlib import metadata
from pathlib import Path

PEER_VERSIONS = (
    "from importlib.metadata import version as v; "
    "print(*(n + ' ' + v(n) for n in ('torch', 'lightly')), sep='\\n')"
)


def busy(seconds=2.0):
    """Share of all cores that is in use, 0..1, sampled while the benchmark itself does nothing
    (Linux; else 0).
    """
    before = _ticks()
    time.sleep(seconds)
    total, idle = (b - a for a, b in zip(before, _ticks(), strict=True))
    return 1.0 - idle / total if total else 0.0


def _ticks():
    """(all, idle) ticks of all cores since boot."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0, 0
    ticks = [int(number) for number in stat.read_text().splitlines()[0].split()[1:9]]
    return sum(ticks), ticks[3] + ticks[4]


def machine(peer_python):
    packages = {name: metadata.version(name) for name in ("tensorflow", "keras", "numpy")}
    if peer_python:
        lines = subprocess.run(
            [peer_python, "-c", PEER_VERSIONS], capture_output=True, text=True, check=True
        ).stdout
        packages |= dict(line.split() for line in lines.splitlines())
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True)
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        # of the last 1, 5, 15 minutes: an idle machine's is about the cores used here
        "load_average": os.getloadavg(),
        "python": platform.python_version(),
        "packages": packages,
        "commit": commit.stdout.strip() or None,
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _cpu():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
