"""A TCP proxy that breaks connections in the ways networks do, on loopback."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")
CHUNK = 65536
# Linger for 0 s: closing sends RST instead of FIN.
RESET = struct.pack("ii", 1, 0)


class TcpProxy:
    """Passes bytes to `host:port` until told otherwise; use it with `with`. Every method may be called at any time."""

    def __init__(self, port: int, *, host: str = "127.0.0.1") -> None:
        self.upstream = (host, port)
        self.connections: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._refuse_until = self._stall_until = self._drip_until = 0.0
        self._lose_answers = 0
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp proxy", daemon=True)

    def __enter__(self) -> TcpProxy:
        self._thread.start()
        listening = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(5)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._server.close)
        self.reset()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def reset(self) -> None:
        """Every open connection ends with RST, whatever is under way."""
        self._call(lambda: [_abort(each) for each in list(self.connections)])

    def refuse(self, seconds: float) -> None:
        """New connections end at once."""
        self._refuse_until = time.monotonic() + seconds

    def stall(self, seconds: float) -> None:
        """No byte passes in either direction until the time is over; then all of them do."""
        self._stall_until = time.monotonic() + seconds

    def drip(self, seconds: float) -> None:
        """Answers come a few bytes at a time."""
        self._drip_until = time.monotonic() + seconds

    def lose_answers(self, count: int) -> None:
        """The next requests reach the other side, and their connections end before the answer."""
        self._lose_answers = count

    def _call(self, work: Callable[[], T]) -> T:
        async def run() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(5)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.add(writer)
        try:
            if time.monotonic() < self._refuse_until:
                _abort(writer)
                return
            try:
                there, back = await asyncio.open_connection(*self.upstream)
            except OSError:
                _abort(writer)
                return
            self.connections.add(back)
            try:
                asking = asyncio.create_task(self._pass(reader, back, answers=False))
                await self._pass(there, writer, answers=True)
                asking.cancel()
            finally:
                self.connections.discard(back)
                _abort(back)
        finally:
            self.connections.discard(writer)
            _abort(writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        try:
            while data := await reader.read(CHUNK):
                if answers and self._lose_answers:
                    self._lose_answers -= 1
                    return
                while (wait_s := self._stall_until - time.monotonic()) > 0:
                    await asyncio.sleep(wait_s)
                if answers and time.monotonic() < self._drip_until:
                    for byte in range(min(len(data), 8)):
                        writer.write(data[byte : byte + 1])
                        await writer.drain()
                        await asyncio.sleep(0.1)
                    data = data[8:]
                writer.write(data)
                await writer.drain()
            if not answers:
                writer.write_eof()
        except OSError:
            return


def _abort(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock is not None and not writer.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
