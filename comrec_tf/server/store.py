"""ModelStore: models by name, the newest version of each, and new ones as they appear."""

import contextlib
import dataclasses
import logging
import os
import pathlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping

import grpc

from comrec_tf.server.errors import RequestError
from comrec_tf.server.servable import Servable

__all__ = ["ModelStore"]

_log = logging.getLogger(__name__)
_VERSION = re.compile(r"[0-9]{1,19}")
_MAX_VERSION = 2**63 - 1
_LONGEST_PAUSE_SECONDS = 60.0


class _Entry:
    """A servable and how many requests it is busy with."""

    def __init__(self, servable: Servable) -> None:
        self.servable = servable
        self.users = 0
        self.retired = False


@dataclasses.dataclass
class _Attempt:
    """A version that has been seen and is not served yet.

    Attributes:
        stamp: the state of its folder; it is loaded once the state was the same twice.
        pause: seconds to wait after a failure if nothing in it changes.
        after: time (`time.monotonic`) of the next attempt.
        error: of the last attempt.
    """

    stamp: object
    pause: float
    after: float = 0.0
    error: Exception | None = None


class ModelStore:
    """Serves the largest version of each model that loads, and watches for larger ones.

    A new version is loaded and warmed up while the old one serves, then takes its place; the old
    one is closed when its last request is done, so that none fails. A version that cannot be
    loaded, say because it is still being copied, is tried again when its folder changes, and from
    time to time if it does not; meanwhile the next smaller one is served. What is wrong with one
    model does not touch the others. Only at the start one version of each model must load.

    Args:
        base_paths: folders by model name; versions are the folders in them whose names are
            numbers.
        poll_seconds: how often to look for new versions.
        load: makes a servable of a folder and a version.

    Raises:
        FileNotFoundError: a model has no folder, or no version in it.
        OSError: no version of a model can be loaded.
        ModuleNotFoundError: nor can it, and the engine is not installed.
    """

    def __init__(
        self,
        base_paths: Mapping[str, str | os.PathLike[str]],
        *,
        poll_seconds: float = 1.0,
        load: Callable[[pathlib.Path, int], Servable] = Servable,
    ) -> None:
        self._base_paths = {name: pathlib.Path(path) for name, path in base_paths.items()}
        self._load = load
        self._poll_seconds = poll_seconds
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._attempts: dict[tuple[str, int], _Attempt] = {}
        self._failures: dict[str, str] = {}
        for name in self._base_paths:
            self._start(name)
        self._stopped = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._watcher.start()

    @contextlib.contextmanager
    def borrow(self, name: str, version: int | None = None, label: str = "") -> Iterator[Servable]:
        """Hold a model for a request.

        Args:
            name: of the model.
            version: which; the newest if None, or if 0, which is what ovmsclient sends.
            label: a version's label; none are known here.

        Returns:
            A context that gives the servable.

        Raises:
            RequestError: NOT_FOUND.
        """
        with self._lock:
            entry = self._entries.get(name)
            if entry is None or label or version not in (None, 0, entry.servable.version):
                wanted = label or version
                told = f"{name}, version {wanted}" if wanted else name
                raise RequestError(
                    grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {told[:200]}"
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
        """List the models.

        Returns:
            Their names.
        """
        return list(self._base_paths)

    def refresh(self) -> None:
        """Look for larger versions now."""
        for name in self._base_paths:
            try:
                self._refresh(name)
                self._failures.pop(name, None)
            except Exception as error:  # no folder, descriptors or memory: later there may be some
                if str(error) != self._failures.get(name):
                    _log.error("%s: cannot look for new versions now: %s", name, error)
                self._failures[name] = str(error)

    def _start(self, name: str) -> None:
        """Load the largest version that can be loaded."""
        path = self._base_paths[name]
        versions = _versions(path) if path.is_dir() else []
        if not versions:
            received = "none" if path.is_dir() else "no folder"
            raise FileNotFoundError(
                f"expected versions (folders with numbers as names) in {path}. Received: {received}"
            )
        for version, folder in versions:  # what is there at the start is taken for whole
            self._attempts[name, version] = _Attempt(_stamp(folder), self._poll_seconds)
        self._refresh(name)
        if name not in self._entries:
            largest = versions[0][0]
            error = self._attempts[name, largest].error
            if isinstance(error, ModuleNotFoundError):  # it says what to install
                raise error
            raise OSError(
                f"no version of {name} can be loaded; version {largest}: {error}"
            ) from error

    def _refresh(self, name: str) -> None:
        """Let the largest version take over that can be loaded now."""
        current = self._entries[name].servable.version if name in self._entries else -1
        for version, folder in _versions(self._base_paths[name]):
            if version <= current:
                return
            entry = self._tried(name, version, folder)
            if entry is not None:
                self._take_over(name, entry)
                _log.info("serving %s, version %d", name, version)
                return

    def _tried(self, name: str, version: int, folder: pathlib.Path) -> _Entry | None:
        """Load a version if it is time to."""
        stamp = _stamp(folder)
        attempt = self._attempts.get((name, version))
        if attempt is None or attempt.stamp != stamp:
            # It may be half copied: wait until it has stopped changing.
            self._attempts[name, version] = _Attempt(stamp, self._poll_seconds)
            return None
        if time.monotonic() < attempt.after:
            return None
        try:
            entry = _Entry(self._load(folder, version))
        except Exception as error:  # whatever is wrong with it, the server goes on
            if not attempt.after:
                _log.error("%s, version %d, cannot be loaded: %s", name, version, error)
            attempt.error = error
            attempt.pause = min(_LONGEST_PAUSE_SECONDS, 2 * attempt.pause)
            attempt.after = time.monotonic() + attempt.pause
            return None
        return entry

    def _take_over(self, name: str, entry: _Entry) -> None:
        version = entry.servable.version
        for key in [key for key in self._attempts if key[0] == name and key[1] <= version]:
            del self._attempts[key]
        with self._lock:
            current = self._entries.get(name)
            self._entries[name] = entry
            unused = False
            if current is not None:
                current.retired = True
                unused = not current.users
        if current is not None and unused:
            current.servable.close()

    def _watch(self) -> None:
        while not self._stopped.wait(self._poll_seconds):
            self.refresh()

    def close(self) -> None:
        """Stop watching and close all models; nothing may be running."""
        self._stopped.set()
        self._watcher.join()
        for entry in self._entries.values():
            entry.servable.close()


def _versions(path: pathlib.Path) -> list[tuple[int, pathlib.Path]]:
    """The versions of a model and their folders, the largest first."""
    versions = [
        (int(folder.name), folder)
        for folder in path.iterdir()
        if _VERSION.fullmatch(folder.name)
        and int(folder.name) <= _MAX_VERSION
        and (folder / "saved_model.pb").exists()
    ]
    return sorted(versions, reverse=True)


def _stamp(folder: pathlib.Path) -> object:
    """What differs between two states of a folder."""
    stats = ((file, file.stat()) for file in folder.rglob("*") if file.is_file())
    return sorted((str(file), stat.st_size, stat.st_mtime_ns) for file, stat in stats)
