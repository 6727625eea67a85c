"""`python -m benchmarks.fuzz SUBJECT [--count N]`: feed one subject with broken input, print what
became of it; ends with 1 after a raw error or other values.
"""

import argparse
import logging
import sys

from rich.console import Console
from rich.table import Table

from benchmarks import fuzz

RESULTS = (fuzz.REFUSED, fuzz.HARMLESS, fuzz.UNSEEN, fuzz.RAW, fuzz.SILENT)


def main() -> int:
    parser = argparse.ArgumentParser(description="Read broken input.")
    parser.add_argument("subject", choices=fuzz.subjects())
    parser.add_argument("--count", type=int, help="number of cases; default: the subject's own")
    options = parser.parse_args()
    logging.getLogger("sslzoo").setLevel(logging.WARNING)  # no notices of each case
    results = fuzz.outcomes(options.subject, options.count)
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(shown(options.subject, fuzz.table(results)))
    bad = [result for result in results if result.result in (fuzz.RAW, fuzz.SILENT)]
    for result in bad:
        error = " ".join(result.error.split())[:100]
        console.print(f"{result.kind}: {result.result} {error}", markup=False)
    return int(bool(bad))


def shown(name: str, counts: dict) -> Table:
    table = Table(*(f"{name}", *RESULTS))
    for kind, row in sorted(counts.items()):
        table.add_row(kind, *(str(row[result]) for result in RESULTS))
    total = [sum(row[result] for row in counts.values()) for result in RESULTS]
    table.add_section()
    table.add_row(f"all {sum(total)}", *map(str, total))
    return table


if __name__ == "__main__":
    sys.exit(main())
