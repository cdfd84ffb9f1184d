"""Starting an engine when the first question needs it, with the GPUs it may use."""

import asyncio
from contextlib import AsyncExitStack

from sce.engines import Engine
from sce.running.devices import claim


class Starter:
    """Starts an engine once, for all who wait for it. ``ready``: it was started; ``gpus``: claimed first."""

    def __init__(self, engine: Engine, gpus: int = 0):
        self.ready = False
        self._engine, self._gpus = engine, gpus
        self._start: asyncio.Task | None = None
        self._devices = AsyncExitStack()

    async def start(self) -> None:
        """The engine is started when this returns. Raises whatever its start raises, to all who wait."""
        if self._start is None:
            self._start = asyncio.create_task(self._start_engine())
        await asyncio.shield(self._start)
        self.ready = True

    async def close(self) -> None:
        """Break off a start that is under way, close the engine and give its GPUs back."""
        if self._start is not None:
            self._start.cancel()
            await asyncio.gather(self._start, return_exceptions=True)
            await self._engine.close()
        await self._devices.aclose()

    async def _start_engine(self):
        await self._devices.enter_async_context(claim(self._gpus))
        await self._engine.start()
