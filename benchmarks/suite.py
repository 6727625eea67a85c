"""Are the targets of a family reached? `python -m benchmarks.suite
adaptation|adapters|dense|embedding|equal_budget|few_labels|few_shot|fine_tuning|
generalisation|incremental|official|safety|serving|super_resolution|time_series|two_moons`

Trains what the family's module says (benchmarks/<name>.py) and evaluates it on the test data,
writes rows and targets as JSON, and ends with 1 when a target is missed;
benchmarks/results/README.md shows them as tables. The data sets are found in the folder
SSLZOO_DATA. With --runs, what each run found is kept in a folder: the same command again goes on
where it was stopped, and takes the runs of `sslzoo train --run-dir` as well.
"""

import argparse
import importlib
import json
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import report
from benchmarks.machine import machine

SUITES = (
    *("adaptation", "adapters", "dense", "embedding"),
    *("equal_budget", "few_labels", "few_shot", "fine_tuning", "generalisation", "incremental"),
    *("official", "safety", "serving", "super_resolution", "time_series", "two_moons"),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--json", type=Path, help="default benchmarks/results/<suite>.json")
    parser.add_argument(
        "--runs",
        type=Path,
        help="folder that keeps finished runs; default: a temporary one, all anew",
    )
    parser.add_argument("--data", help="official: your data set, for kNN and the linear probe")
    parser.add_argument("--checkpoints", type=Path, help="official: folder of downloaded files")
    options = parser.parse_args()
    own = {"data": options.data, "checkpoints": options.checkpoints}
    own = {name: value for name, value in own.items() if value is not None}
    if own and options.suite != "official":
        parser.error(f"--{next(iter(own))} is for the suite official")
    path = options.json or Path(__file__).parent / "results" / f"{options.suite}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    where = machine(None)
    with tempfile.TemporaryDirectory() as folder:
        result = importlib.import_module(f"benchmarks.{options.suite}").run(
            options.runs or Path(folder), **own
        )
    path.write_text(
        json.dumps({"suite": options.suite, "machine": where, **result}, indent=1) + "\n"
    )
    table = Table("target", "needed", "reached", "", title=options.suite)
    for target in result["targets"]:
        verdict = "[green]met[/]" if target["met"] else "[red]missed[/]"
        table.add_row(target["what"], f"{target['target']:g}", f"{target['value']:.4g}", verdict)
    Console().print(table)
    print(path)
    if path.parent == report.RESULTS:
        report.write()
    return 0 if all(target["met"] for target in result["targets"]) else 1


if __name__ == "__main__":
    sys.exit(main())
