"""Tokens of listeners, and the list of paths that the load client reads."""

from pathlib import Path
from tempfile import mkdtemp

import jwt

from bench.lab import Lab

SECRET = "the secret of the measurements, nobody else's"  # noqa: S105
PATH = "/?token=%s"


def paths(lab: Lab, users: int, path: str = PATH) -> Path:
    """A file with `path` for each user, `%s` in it the token (HS256) of that user alone."""
    target = Path(mkdtemp(dir=lab.folder)) / "paths"
    tokens = (jwt.encode({"sub": str(user)}, SECRET, "HS256") for user in range(users))
    target.write_text("".join(f"{path.replace('%s', token)}\n" for token in tokens))
    return target
