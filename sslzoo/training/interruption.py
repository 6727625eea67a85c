"""Ctrl-C and SIGTERM in the middle of training: a checkpoint is written first."""

import signal
import threading
from typing import Any, Self

from sslzoo.notices import notice

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """While a `with` block runs, the first signal to stop is noted, and `deliver` lets it take its
    course. A second one does so at once.

    Signals that the program ignores stay ignored, and outside the main thread nothing is noted.

    Attributes:
        came: the signal that was noted, or None.

    Example:
        >>> with Interruption() as interruption:
        ...     interruption.came is None
        True
    """

    def __init__(self) -> None:
        self.came = None
        self._handlers = {}

    def __enter__(self) -> Self:
        self.came = None
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                handler = signal.getsignal(number)
                if handler not in (None, signal.SIG_IGN):  # None: it is not Python's
                    self._handlers[number] = handler
                    signal.signal(number, self._note)
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        self._restore()
        if kind is None:
            self.deliver()

    def deliver(self) -> None:
        """Do what the noted signal does outside the block, if there is one."""
        came, self.came = self.came, None
        if came is not None:
            self._restore()
            signal.raise_signal(came)

    def _note(self, number: int, frame: Any) -> None:
        again, self.came = self.came is not None, number
        if again:
            self.deliver()
            return
        name = signal.Signals(number).name
        notice(f"{name}: a checkpoint is written after this step. A second {name} stops at once.")

    def _restore(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}
