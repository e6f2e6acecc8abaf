"""The root of all errors, and what stops a start; `common/errors.py` draws the whole tree.

They stand here because `config` is the ground: it imports nothing of ours.
"""


class MessageCenterError(Exception):
    """The root: catch this to catch whatever the project raises."""


class SettingsError(MessageCenterError, ValueError):
    """A setting that stops the start; `name` is the environment variable."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name, problem)
        self.name = name
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}"
