"""Which version of the package runs."""

from importlib.metadata import PackageNotFoundError, version

PACKAGE = "message-center"
UNKNOWN = "unknown"  # It runs from a folder, and is not installed.


def running_version() -> str:
    """Of the package that is installed."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return UNKNOWN
