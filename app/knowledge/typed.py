"""The encoder for words that people type, in a process that serves pages: loaded with the first search."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from app.settings import Settings
from connectors.encoder import Encoder, is_prepared, load

log = logging.getLogger("deskhand.knowledge")


_loaded: dict[Path, Encoder] = {}
_lock = threading.Lock()


class TypedWords:
    """One encoder for all of a process, whoever searches in it, of the kind that loads without torch."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def encoder(self) -> Encoder | None:
        """None where the words alone have to do: another model is used that needs torch, a worker has not prepared the
        bundled one yet, or it cannot be loaded.
        """
        models = self.settings.models
        if models in _loaded and not self.settings.encoder_model:
            return _loaded[models]
        if self.settings.encoder_model or not is_prepared(models):
            return None
        with _lock:
            if models not in _loaded:
                try:
                    _loaded[models] = load(models)
                except (OSError, ValueError, RuntimeError, ImportError, MemoryError) as error:
                    log.warning("the encoder cannot be loaded for typed searches: %s", type(error).__name__)
            return _loaded.get(models)
