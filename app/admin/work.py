"""Work that a person waits for: it runs beside the answer, which tells each step as it comes.

Everything happens inside the one request, so that any web process can take it; a browser that goes away does not stop
the work, and what it did is on the Connect page.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

from app.install.nouns import ConnectFailed, Progress, Step, StepState
from connectors.errors import ConnectorError

log = logging.getLogger("deskhand.web")


class Work:
    """Iterate once for the steps; afterwards `tenant` is the helpdesk, or `failed` the step where it ended."""

    def __init__(self, run: Callable[[Progress], str]) -> None:
        self._run = run
        self._told: SimpleQueue[Step | None] = SimpleQueue()
        self._last: Step | None = None
        self.tenant: str | None = None
        self.failed: Step | None = None

    def __iter__(self) -> Iterator[Step]:
        threading.Thread(target=self._work, name="console-work", daemon=True).start()
        while (step := self._told.get()) is not None:
            yield step

    def _tell(self, step: Step) -> None:
        self._last = step
        self._told.put(step)

    def _work(self) -> None:
        try:
            self.tenant = self._run(self._tell)
        except ConnectFailed as failed:
            self._fail(failed.step)
        except ConnectorError as error:
            self._fail(self._at(str(error), "Try again in a minute: nothing is made twice."))
        except Exception:
            log.exception("work for the console failed")
            self._fail(self._at("Something failed here. It is in the log.", "Try again: nothing is made twice."))
        finally:
            self._told.put(None)

    def _at(self, detail: str, fix: str) -> Step:
        """The end of the step that was under way."""
        key = self._last.key if self._last else "address"
        return Step(key=key, state=StepState.FAILED, detail=detail, fix=fix)

    def _fail(self, step: Step) -> None:
        self.failed = step
        if step != self._last:
            self._tell(step)
