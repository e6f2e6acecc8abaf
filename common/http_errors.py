"""How Flask answers on both ports: its JSON, and in our words what it refuses by itself."""

from dataclasses import dataclass

from flask import Flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed

JSON = "application/json; charset=utf-8"


def speak_json(app: Flask) -> None:
    """Let `jsonify` say how its text is encoded, and leave Chinese as it is: people read it."""
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.mimetype = JSON  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class HttpError:
    """`error` is for machines, `reason` for people; `headers` go with the answer."""

    status: int
    error: str
    reason: str
    headers: dict[str, str]

    @classmethod
    def of(cls, problem: HTTPException) -> "HttpError":
        """From werkzeug's exception; a 405 names the right methods (RFC 9110 15.5.6)."""
        allowed = problem.valid_methods if isinstance(problem, MethodNotAllowed) else None
        return cls(
            problem.code or 500,
            problem.name.lower().replace(" ", "_"),
            problem.description or problem.name,
            {"Allow": ", ".join(sorted(allowed))} if allowed else {},
        )
