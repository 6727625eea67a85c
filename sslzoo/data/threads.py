"""Pools of threads in objects that are copied, pickled and forked."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class Threads:
    """A pool of threads that is made when it is first asked for.

    It is made anew in a forked process, which has none of its parent's threads, and in a copy that
    was pickled.

    >>> threads = Threads(2, "sslzoo")
    >>> threads.pool() is threads.pool(), list(threads.pool().map(abs, [-1, 2]))
    (True, [1, 2])
    """

    def __init__(self, count: int | None, name: str) -> None:
        self.count, self.name = count, name
        self._pool = None
        self._process = None

    def pool(self) -> ThreadPoolExecutor:
        """The pool of this process."""
        if self._process != os.getpid():
            self._pool = ThreadPoolExecutor(self.count, thread_name_prefix=self.name)
            self._process = os.getpid()
        return self._pool

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_pool": None, "_process": None}
