"""The queue of the crash tests: files, which outlive a process as Redis does."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

from connectors.queue import MAX_QUEUED

MARK = "mark"


class Spool:
    """Takes jobs like the queue; what is taken out is gone, as there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(exist_ok=True)
        self.count = max((int(path.name) for path in self._waiting()), default=0)
        self.lock = threading.Lock()

    def room(self) -> int:
        return MAX_QUEUED

    def forgot(self) -> bool:
        """Whether the queue was lost since this was last asked."""
        mark = self.folder / MARK
        lost = not mark.exists()
        mark.touch()
        return lost

    def wake(self, job: str, row_id: int, token: str) -> None:
        self.count += 1
        half = self.folder / "half"
        half.write_text(json.dumps([job, row_id, token]))
        half.rename(self.folder / f"{self.count:06}")

    def take(self) -> tuple[str, int, str] | None:
        with self.lock:
            for path in self._waiting():
                job, row_id, token = json.loads(path.read_text())
                path.unlink()
                return job, row_id, token
        return None

    def _waiting(self) -> list[Path]:
        return sorted(path for path in self.folder.iterdir() if path.name.isdecimal())

    @staticmethod
    def clear(folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
