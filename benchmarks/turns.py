"""Programs that take turns on one machine: each computes only in its own windows.

Two programs that compute at once slow each other by far more than two, and a machine's speed drifts
by the minute. So
rates are compared pair by pair: a window of the one, a window of the other, and so on, in processes
that stay alive. A program in turn waits for a line on its standard input, which holds the length of
its window in seconds; while it waits it is stopped (SIGSTOP) with its threads and child processes,
so that no loader works ahead.

Standard library alone: the peers import it too.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time


class Turns:
    """In the program: call `step` after every step of the work; it returns when the next step may
    begin.

    Args:
        amount: how much a step does (views, images); the reported rate is in amount / s.
        warmup: steps before the first window: tracing, caches, loaders' queues.
        facts: printed and compared by the one who started the program, for example the number of
        parameters.
    """

    def __init__(self, amount, warmup, **facts):
        self.amount = amount
        self.warmup = warmup
        self.facts = facts
        self.out = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # what libraries print goes elsewhere
        self.end = None

    def step(self, synchronize=lambda: None):
        """`synchronize` waits for the device; it is called at the end of a window only."""
        if self.end is None:
            self.warmup -= 1
            if self.warmup <= 0:
                synchronize()
                self._tell(self.facts)
            return
        self.steps += 1
        if time.perf_counter() >= self.end:
            synchronize()
            seconds = time.perf_counter() - self.start
            self._tell(
                {
                    "steps": self.steps,
                    "seconds": seconds,
                    "rate": self.steps * self.amount / seconds,
                }
            )

    def _tell(self, message):
        print(json.dumps(message), file=self.out, flush=True)
        line = sys.stdin.readline()
        if not line:
            os._exit(0)  # nothing here is worth a clean shutdown of loaders and thread pools
        self.steps = 0
        self.start = time.perf_counter()
        self.end = self.start + float(line)


class Program(contextlib.AbstractContextManager):
    """A running program that takes turns; `with Program(...) as p: p.window(10)` -> its rate in
    amount / s.

    Raises:
        RuntimeError: it ended; the message holds the last lines it printed.
    """

    def __init__(self, command, **environment):
        self.command = [str(part) for part in command]
        self.log = os.memfd_create("log")
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=os.environ | environment,
            start_new_session=True,
        )
        try:
            self.facts = self._answer()  # after the warm-up
        except BaseException:
            self.close()
            raise

    def window(self, seconds):
        self._signal(signal.SIGCONT)
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return self._answer()["rate"]

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            os.lseek(self.log, 0, os.SEEK_SET)
            with os.fdopen(os.dup(self.log), errors="replace") as log:
                last = "".join(log.readlines()[-15:])
            raise RuntimeError(
                f"{' '.join(self.command)} ended with {self.process.returncode}:\n{last}"
            )
        self._signal(signal.SIGSTOP)
        return json.loads(line)

    def _signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def close(self):
        """Kill it; a second time does nothing."""
        if self.process.stdout.closed:
            return
        self._signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        os.close(self.log)

    def __exit__(self, *_):
        self.close()


def alternate(first, second, pairs, seconds):
    """`pairs` windows of each, A B A B ... -> (rates of the first, rates of the second)."""
    rates = [(first.window(seconds), second.window(seconds)) for _ in range(pairs)]
    return [a for a, _ in rates], [b for _, b in rates]
