"""The class named by WORKER_CLASS, imported among the modules of its own project.

A project may well have a `config.py` or a `common/`: packages of ours have these names, too. While
the module is imported, the project's own take the place of ours, for its imports only. Then ours
are back. So an import at the top of such a module finds the project's own, and an import inside of
a function finds ours.
"""

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

import ws_server
from config.errors import SettingsError
from ws_server.worker import Worker

# Not `ws_server`, from which a Worker is imported: what a project has there is found besides ours.
MAY_STAND_IN = ("common", "config", "http_api")
HOME = Path(__file__).resolve().parents[1]  # Where our own packages are.


def load_worker_class(path: str) -> type[Worker]:
    """The class named by WORKER_CLASS, as `module:Class`.

    Raises:
        SettingsError: there is none, or it is no `Worker`.
    """
    module_name, _, class_name = path.partition(":")
    own = _find_own()
    try:
        found = getattr(_import(module_name, own), class_name)
    except (ImportError, AttributeError, SyntaxError) as problem:
        told = f"cannot load {path}: {problem}{_clash(problem, own)}"
        raise SettingsError("WORKER_CLASS", told) from problem
    if not (isinstance(found, type) and issubclass(found, Worker)):
        raise SettingsError("WORKER_CLASS", f"{path} is not a subclass of ws_server.worker:Worker")
    return found


def _find_own() -> list[str]:
    """Make the modules in the folder of the start importable; the names that ours have as well."""
    try:
        folder = Path.cwd()
    except OSError:  # It is gone, or may not be entered.
        return []
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # Last: nothing in it may stand in for a module of ours.
    if folder.resolve() == HOME:
        return []
    besides = str(folder / "ws_server")
    if besides not in ws_server.__path__:
        ws_server.__path__.append(besides)
    return [name for name in MAY_STAND_IN if _is_code(folder, name)]


def _is_code(folder: Path, name: str) -> bool:
    """Many projects have a `config/` without a line of Python."""
    return (folder / f"{name}.py").is_file() or any((folder / name).glob("*.py"))


def _import(module_name: str, own: Sequence[str]) -> ModuleType:
    """The module, with its `own` modules if it can be imported so, and else with ours."""
    if own:
        try:
            with _standing_in(own):
                return import_module(module_name)
        except ImportError:
            sys.modules.pop(module_name, None)
            try:
                return import_module(module_name)
            except ImportError:
                pass  # The first problem tells more.
            raise
    return import_module(module_name)


@contextmanager
def _standing_in(own: Collection[str]) -> Iterator[None]:
    """Let an import of one of `own` find what is in the folder of the start, not ours."""

    def held() -> dict[str, ModuleType]:
        return {
            name: module for name, module in sys.modules.items() if name.partition(".")[0] in own
        }

    ours = held()
    finder = _OwnFinder(own)
    for name in ours:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in held():
            del sys.modules[name]
        sys.modules.update(ours)


class _OwnFinder:
    """Finds some top-level names in the folder of the start only."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self._folder = os.getcwd()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is not None or name not in self._names:
            return None
        return PathFinder.find_spec(name, [self._folder], target)


def _clash(problem: Exception, own: Sequence[str]) -> str:
    """What to do about it, if a name that both have is where the problem is."""
    place = getattr(problem, "obj", None) if isinstance(problem, AttributeError) else problem
    name = getattr(place, "__name__", None) or getattr(place, "name", None) or ""
    if name.partition(".")[0] not in own:
        return ""
    names = " and ".join(own)
    return (
        f" (the folder of the start has a {names} of its own, and message-center has packages of "
        "these names: rename yours, or import it at the top of the module)"
    )
