"""A server as its clients see it, from here through everything that is in between."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from config.cli.doctor.finding import Finding
from config.cli.doctor.route import Broken, Target, route_findings
from config.cli.doctor.silence import Progress, silence_findings
from config.cli.doctor.stream import stream_findings
from config.cli.doctor.through import Pushing, through_findings
from config.cli.doctor.upgrade import origin_findings, upgrade_findings
from config.cli.doctor.websocket import headers_for


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What is looked at, as whom."""

    target: Target
    token: str | None = None
    origin: str | None = None
    pushing: Pushing | None = None
    silence: float = 0.0


def outside_findings(visit: Visit, progress: Progress) -> Iterator[Finding]:
    """All of it, the longest last; nothing more after what leaves no hope for the rest."""
    target, headers = visit.target, headers_for(visit.token, visit.origin)
    with suppress(Broken):
        yield from route_findings(target)
        yield from upgrade_findings(target, headers)
        yield from origin_findings(target, visit.token)
        yield from stream_findings(target, headers)
        yield from through_findings(target, headers, visit.pushing)
        if visit.silence:
            yield from silence_findings(target, headers, visit.silence, progress)
