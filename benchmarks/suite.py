"""Are the targets of a family reached? `python -m benchmarks.suite
equal_budget|few_labels|few_shot|incremental|super_resolution`

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

SUITES = ("equal_budget", "few_labels", "few_shot", "incremental", "super_resolution")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--json", type=Path, help="default benchmarks/results/<suite>.json")
    parser.add_argument(
        "--runs",
        type=Path,
        help="folder that keeps finished runs; default: a temporary one, all anew",
    )
    options = parser.parse_args()
    path = options.json or Path(__file__).parent / "results" / f"{options.suite}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    where = machine(None)
    with tempfile.TemporaryDirectory() as folder:
        result = importlib.import_module(f"benchmarks.{options.suite}").run(
            options.runs or Path(folder)
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
