"""ModelStore: models by name, the newest version of each, and new ones as they appear."""

import contextlib
import logging
import os
import pathlib
import threading
from collections.abc import Iterator, Mapping

import grpc

from comrec_tf.server.errors import RequestError
from comrec_tf.server.servable import Servable

__all__ = ["ModelStore"]

_log = logging.getLogger(__name__)


class _Entry:
    """A servable and how many requests it is busy with."""

    def __init__(self, servable: Servable) -> None:
        self.servable = servable
        self.users = 0
        self.retired = False


class ModelStore:
    """Serves the largest version of each model and watches for larger ones.

    A new version is loaded and warmed up beside the old one, then takes its place; the old one is
    closed when its last request is done, so that none fails.

    Args:
        base_paths: folders by model name; versions are the folders in them whose names are
            numbers.
        poll_seconds: how often to look for new versions.
        max_in_flight: requests that run at the same time; more wait.
        max_waiting: requests that wait; more are refused.

    Raises:
        FileNotFoundError: a model has no version.
        OSError, RuntimeError: a version cannot be loaded.
    """

    def __init__(
        self,
        base_paths: Mapping[str, str | os.PathLike[str]],
        *,
        poll_seconds: float = 1.0,
        max_in_flight: int = 2,
        max_waiting: int = 32,
    ) -> None:
        self._base_paths = {name: pathlib.Path(path) for name, path in base_paths.items()}
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._broken: set[tuple[str, int]] = set()
        self._running = threading.Semaphore(max_in_flight)
        self._admitted = threading.Semaphore(max_in_flight + max_waiting)
        for name, path in self._base_paths.items():
            version = _newest(path)
            if version is None:
                raise FileNotFoundError(
                    f"expected versions (folders with numbers as names) in {path}. Received: none"
                )
            self._entries[name] = _Entry(Servable(path / str(version), version))
            _log.info("serving %s, version %d", name, version)
        self._stopped = threading.Event()
        self._watcher = threading.Thread(target=self._watch, args=[poll_seconds], daemon=True)
        self._watcher.start()

    @contextlib.contextmanager
    def use(
        self, name: str, version: int | None = None, label: str = "", timeout: float | None = None
    ) -> Iterator[Servable]:
        """Hold a model for one request, in turn with others.

        Args:
            name: of the model.
            version: which; the newest if None.
            label: a version's label; none are known here.
            timeout: seconds to wait for a turn at most.

        Returns:
            A context that gives the servable.

        Raises:
            RequestError: NOT_FOUND, RESOURCE_EXHAUSTED where too many wait already, or
                DEADLINE_EXCEEDED.
        """
        with self.borrow(name, version, label) as servable:
            if not self._admitted.acquire(blocking=False):
                raise RequestError(
                    grpc.StatusCode.RESOURCE_EXHAUSTED, "too many requests wait: try again later"
                )
            try:
                if not self._running.acquire(timeout=timeout):
                    raise RequestError(
                        grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline passed while waiting"
                    )
                try:
                    yield servable
                finally:
                    self._running.release()
            finally:
                self._admitted.release()

    @contextlib.contextmanager
    def borrow(self, name: str, version: int | None = None, label: str = "") -> Iterator[Servable]:
        """Hold a model without running it; see `use`.

        Args:
            name: of the model.
            version: which; the newest if None.
            label: a version's label.

        Returns:
            A context that gives the servable.

        Raises:
            RequestError: NOT_FOUND.
        """
        with self._lock:
            entry = self._entries.get(name)
            if entry is None or label or version not in (None, entry.servable.version):
                wanted = label or version
                told = name if wanted is None else f"{name}, version {wanted}"
                raise RequestError(
                    grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {told}"
                )
            entry.users += 1
        try:
            yield entry.servable
        finally:
            with self._lock:
                entry.users -= 1
                unused = entry.retired and not entry.users
            if unused:
                entry.servable.close()

    def names(self) -> list[str]:
        """All models."""
        return list(self._base_paths)

    def refresh(self) -> None:
        """Look for larger versions now."""
        for name, path in self._base_paths.items():
            version = _newest(path)
            current = self._entries[name]
            if version is None or version <= current.servable.version:
                continue
            if (name, version) in self._broken:
                continue
            try:
                entry = _Entry(Servable(path / str(version), version))
            except Exception:  # a broken version must not take the server down
                _log.exception("%s, version %d, cannot be loaded", name, version)
                self._broken.add((name, version))
                continue
            with self._lock:
                self._entries[name] = entry
                current.retired = True
                unused = not current.users
            if unused:
                current.servable.close()
            _log.info("serving %s, version %d", name, version)

    def _watch(self, poll_seconds: float) -> None:
        while not self._stopped.wait(poll_seconds):
            self.refresh()

    def close(self) -> None:
        """Stop watching and close all models; nothing may be running."""
        self._stopped.set()
        self._watcher.join()
        for entry in self._entries.values():
            entry.servable.close()


def _newest(path: pathlib.Path) -> int | None:
    versions = [
        int(folder.name)
        for folder in path.glob("[0-9]*")
        if folder.name.isdecimal() and (folder / "saved_model.pb").exists()
    ]
    return max(versions, default=None)
