"""What Flask refuses by itself, in the project's words: the same on both ports."""

from dataclasses import dataclass

from werkzeug.exceptions import HTTPException, MethodNotAllowed


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
