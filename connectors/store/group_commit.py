"""Rows of requests that arrive together share one commit: syncing to disk is what a durable insert costs."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from connectors.crash import crash_point
from connectors.store.database import Database


@dataclass(slots=True, eq=False)
class _Waiting:
    row: dict[str, Any]
    settled: bool = False
    error: SQLAlchemyError | None = None


class GroupCommit:
    """Threads queue their row; whoever gets to write takes all that wait along. Alone, a row waits for nobody."""

    def __init__(self, database: Database, insert: Any) -> None:
        self.database = database
        self.insert = insert
        self._queue: deque[_Waiting] = deque()
        self._writer = threading.Lock()

    def store(self, row: dict[str, Any]) -> None:
        """Insert one row. Committed when this returns; raises `SQLAlchemyError` when it is not."""
        mine = _Waiting(row)
        self._queue.append(mine)
        with self._writer:
            if not mine.settled:
                self._write([self._queue.popleft() for _ in range(len(self._queue))])
        if mine.error is not None:
            raise mine.error

    def _write(self, batch: list[_Waiting]) -> None:
        try:
            with self.database.write() as connection:
                connection.execute(self.insert, [each.row for each in batch])
                crash_point("receive.before_commit")
        except SQLAlchemyError as error:
            for each in batch:
                each.error = error
        finally:
            for each in batch:
                each.settled = True
