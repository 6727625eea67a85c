"""Requests that wait at the same time are computed together."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sslzoo.serving.server.status import Refused

FULL = "The batch scheduling queue to which this task was submitted is full"  # TensorFlow Serving
Tensors = Mapping[str, NDArray]


class _Waiting(NamedTuple):
    inputs: Tensors
    answer: asyncio.Future

    @property
    def rows(self) -> int:
        return len(next(iter(self.inputs.values())))

    @property
    def form(self) -> list:
        """What must be equal in one batch."""
        return [(name, array.dtype, array.shape[1:]) for name, array in self.inputs.items()]


class Batches:
    """Calls `function` for the requests that wait, together.

    An idle function is called at once. What arrives meanwhile waits, and is the next batch: nobody
    waits for a batch to fill. Of a batch that fails each request is computed alone, so that one bad
    image is the error of its request and of nobody else.

    Args:
        function: {name: array} -> {name: array}; the first axis of each is the rows.
        executor: where it runs.
        rows: at most so many in a batch. A request of more is a batch of its own.
        queue: requests that may wait.
        seen: called with the rows of each batch.

    Example:
        >>> import asyncio
        >>> import numpy as np
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> from sslzoo.serving.server.batches import Batches
        >>> async def double(executor):
        ...     batches = Batches(lambda x: {"y": 2 * x["x"]}, executor, rows=8, queue=8)
        ...     return await batches({"x": np.array([1, 2])})
        >>> with ThreadPoolExecutor(1) as executor:
        ...     asyncio.run(double(executor))
        {'y': array([2, 4])}
    """

    def __init__(
        self,
        function: Callable[[Tensors], Tensors],
        executor: Executor,
        rows: int,
        queue: int,
        seen: Callable[[int], None] = lambda rows: None,
    ) -> None:
        self.function, self.executor = function, executor
        self.rows, self.queue = rows, queue
        self.seen = seen
        self.waiting: deque[_Waiting] = deque()
        self.work: asyncio.Task | None = None

    async def __call__(self, inputs: Tensors) -> Tensors:
        """The outputs of a request.

        Raises:
            Refused: the queue is full. Whatever the function raises.
        """
        if len(self.waiting) >= self.queue:
            raise Refused("UNAVAILABLE", FULL)
        loop = asyncio.get_running_loop()
        request = _Waiting(inputs, loop.create_future())
        self.waiting.append(request)
        if self.work is None or self.work.done():
            self.work = loop.create_task(self._work())
        return await request.answer

    async def _work(self) -> None:
        while self.waiting:
            await self._compute(self._next())

    def _next(self) -> list[_Waiting]:
        """The first request, and those of its form that fit beside it, in their order."""
        batch, rest = [], deque()
        rows = 0
        for request in self.waiting:
            if request.answer.done():  # nobody waits for it any more
                continue
            fits = not batch or (request.form == batch[0].form and rows + request.rows <= self.rows)
            if fits:
                batch.append(request)
                rows += request.rows
            else:
                rest.append(request)
        self.waiting = rest
        return batch

    async def _compute(self, batch: list[_Waiting]) -> None:
        if not batch:
            return
        try:
            outputs = await self._call(_joined([request.inputs for request in batch]))
        except Exception as error:
            await self._one_by_one(batch, error)
            return
        start = 0
        for request in batch:
            part = {name: array[start : start + request.rows] for name, array in outputs.items()}
            _answer(request, part)
            start += request.rows

    async def _one_by_one(self, batch: list[_Waiting], error: Exception) -> None:
        if len(batch) == 1:
            _fail(batch[0], error)
            return
        for request in batch:
            await self._compute([request])

    async def _call(self, inputs: Tensors) -> Tensors:
        self.seen(len(next(iter(inputs.values()))))
        return await asyncio.get_running_loop().run_in_executor(
            self.executor, self.function, inputs
        )


def _joined(parts: list[Tensors]) -> Tensors:
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _answer(request: _Waiting, outputs: Tensors) -> None:
    if not request.answer.done():
        request.answer.set_result(outputs)


def _fail(request: _Waiting, error: Exception) -> None:
    if not request.answer.done():
        request.answer.set_exception(error)
