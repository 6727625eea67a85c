"""The steps of the demo, as a person watches them, and what each leaves for the page."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@dataclass(frozen=True)
class Chapter:
    """One experiment on the page.

    Example:
        >>> from sslzoo.demo.steps import Chapter
        >>> Chapter("few_labels", "40 labels", "right", "92 %", "97 %", [], "", [], {}, []).within
        '97 %'
    """

    name: str  # its key in results.json, and the name of its pictures
    title: str
    measured: str  # what is compared, in words
    without: str  # the result of the plain way
    within: str  # that of the zoo
    text: list[str]  # paragraphs
    code: str  # how a user gets the same
    pictures: list[tuple[str, bytes]]  # (caption, PNG)
    results: dict  # all that was measured
    checks: list[tuple[str, bool]]  # (sentence, whether it holds)


class Steps:
    """Steps with a spinner or a bar while they run and a line when they are done; the checks made
    on the way.

    Example:
        >>> from sslzoo.demo.steps import Steps
        >>> steps = Steps()
        >>> with steps("Models") as say:  # doctest: +ELLIPSIS
        ...     say("4 models")
        ✓ Models        4 models  0... s
    """

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self.checks = []
        self.began = time.monotonic()

    @contextlib.contextmanager
    def __call__(self, title: str) -> Iterator[Callable]:
        """A step, while a `with` block runs: it gives a function that takes what was done, in
        words.
        """
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(40))
        self.bar = Progress(
            *columns,
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        began = time.monotonic()
        with self.bar:
            self.task = self.bar.add_task(title, total=None)
            said = []
            yield said.append
        line = f"[green]✓[/] [bold]{title:<14}[/]{' '.join(said)}"
        self.console.print(f"{line}  [dim]{time.monotonic() - began:.1f} s[/]", soft_wrap=True)

    def chapter(self, title: str, tell: Callable[..., Chapter], *given: Any) -> Chapter:
        """Run `tell(*given)` as a step, and keep its checks."""
        with self(title) as say:
            chapter = tell(*given)
            say(f"{chapter.measured}: {chapter.without}, here {chapter.within}")
        self.checks += chapter.checks
        return chapter

    def advance(self, share: float) -> None:
        """Show `share` (0..1) of the running step as done."""
        self.bar.update(self.task, total=1.0, completed=share)

    def finish(self, path: Path) -> bool:
        """Say where the report is and which checks failed; return whether none did."""
        failed = [sentence for sentence, passed in self.checks if not passed]
        self.console.print(f"Report: {path}", soft_wrap=True)
        for sentence in failed:
            self.console.print(f"[red]✗[/] not so: {sentence}", soft_wrap=True)
        count, took = len(self.checks), time.monotonic() - self.began
        passed = f"{len(failed)} of {count} checks failed" if failed else f"{count} checks passed"
        self.console.print(f"Demo finished: {passed} in {took:.0f} s")
        return not failed
