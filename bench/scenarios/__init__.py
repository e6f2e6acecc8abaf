"""The scenarios: each measures one thing for ours, the floor and the peers, and returns tables."""

from collections.abc import Callable, Mapping

from bench.lab import Lab
from bench.plan import Plan
from bench.scenarios import (
    batches,
    coalescing,
    connects,
    dialects,
    events,
    memory,
    one_message,
    pushes,
    receipts,
    resume,
    rolling,
    series,
    slow_loris,
    slow_readers,
    storm,
    timer,
    to_users,
)
from bench.table import Table

Scenario = Callable[[Lab, Plan], list[Table]]


def scenarios() -> Mapping[str, Scenario]:
    """All by name, in the order of the report."""
    return {
        "one-message": one_message.run,
        "coalescing": coalescing.run,
        "timer": timer.run,
        "connects": connects.run,
        "memory": memory.run,
        "slow-readers": slow_readers.run,
        "slow-loris": slow_loris.run,
        "storm": storm.run,
        "events": events.run,
        "resume": resume.run,
        "rolling": rolling.run,
        "pushes": pushes.run,
        "batches": batches.run,
        "to-users": to_users.run,
        "receipts": receipts.run,
        "dialects": dialects.run,
    }


def series_scenarios() -> Mapping[str, Scenario]:
    """How cost grows."""
    return {
        "by-connections": series.by_connections,
        "by-rate": series.by_rate,
        "by-workers": series.by_workers,
        "by-slow-clients": series.by_slow_clients,
    }
