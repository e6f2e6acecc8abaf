"""Redis: whether it answers, what it loses when it is killed, and whether it has room for the log.

What it says is judged here; `common.store` asks it.
"""

import sys
from collections.abc import Iterator

from common.errors import QueueUnavailable
from common.store.facts import Facts, ask_facts
from config.cli.doctor.finding import Finding, note, ok, problem
from config.cli.doctor.rights import rights_findings
from config.redis_url import without_password
from config.settings import Settings

OLDEST = (6, 2)
FAR = 5.0  # Milliseconds; each push and each look at the queue waits for it.
CLOCK = 2.0  # Seconds. Tokens are checked with 5 in reserve.
ROUNDED = 4 / 3  # What Redis takes for HISTORY_BYTES: it rounds what it takes for each message.
MESSAGE_BYTES = 300  # What Redis takes for a short message of the log, at most.
MIB = 1024 * 1024
LOSSES = "docs/reliability.md#settings-of-redis says what each setting loses"


def redis_findings(settings: Settings, *, embedded: bool) -> Iterator[Finding]:
    """All about it; only that it does not answer if it does not."""
    shown = without_password(settings.redis_url)
    try:
        facts = ask_facts(settings.redis_url, settings.redis_timeout, settings.message_center_key)
    except QueueUnavailable as refused:
        yield _away(shown, refused.reason, embedded=embedded)
        return
    if embedded:
        yield note(
            "redis",
            f"REDIS_URL is not set: `http` and `ws` use the one at {shown}, and `serve` starts a "
            "Valkey of its own",
            f"set REDIS_URL={shown} to use this one with `serve`, too",
        )
    yield from judged(facts, settings, shown)
    try:
        yield from rights_findings(settings, facts.version)
    except QueueUnavailable as refused:  # It has answered a moment ago.
        yield _away(shown, refused.reason, embedded=False)


def _away(shown: str, reason: str, *, embedded: bool) -> Finding:
    if embedded:
        return note(
            "redis",
            f"REDIS_URL is not set, and none answers at {shown}: `serve` starts a Valkey of its "
            "own, `http` and `ws` alone answer 503",
            "start Redis, or run `message-center serve`",
        )
    return problem(
        "redis", f"{shown} does not answer: {reason}", "start it, or set REDIS_URL right"
    )


def judged(facts: Facts, settings: Settings, shown: str) -> Iterator[Finding]:
    """What Redis has said, one thing after the other."""
    yield _distance(facts, shown)
    yield _version(facts)
    if facts.info:
        yield _role(facts)
        yield _persistence(facts)
        yield _eviction(facts)
        yield _memory(facts, settings)
    else:
        yield note("redis", "this user may not ask INFO: persistence and memory are not known")
    if facts.ahead is not None:
        yield _clock(facts.ahead)


def _distance(facts: Facts, shown: str) -> Finding:
    told = f"{shown} answers in {facts.milliseconds:.1f} ms"
    if facts.milliseconds <= FAR:
        return ok("redis", told)
    return note("redis", f"{told}, and each push waits for it", "move it nearer")


def _version(facts: Facts) -> Finding:
    if not facts.version:
        return note("version", "it does not tell its version", "it must be 6.2 or newer")
    if facts.version >= OLDEST:
        return ok("version", facts.name)
    return problem("version", f"{facts.name} is too old", "use Redis 6.2 or newer, or Valkey")


def _role(facts: Facts) -> Finding:
    if facts.info.get("role") == "slave":
        return problem(
            "role",
            "it is a replica, and takes no push",
            "name the master in REDIS_URL, or redis+sentinel://…",
        )
    return ok("role", f"master with {facts.number('connected_slaves')} replicas")


def _persistence(facts: Facts) -> Finding:
    if facts.info.get("aof_enabled") == "1":
        return _append_only(facts)
    about, do = "persistence", f"CONFIG SET appendonly yes, and in its file; {LOSSES}"
    saves = facts.settings.get("save")
    if saves == "":
        return problem(about, "none: a crash or a restart of Redis loses everything", do)
    if saves is None:
        told = "no append-only file; whether there are snapshots this user may not ask"
        return note(about, f"{told}. A crash loses everything since the last one", do)
    if facts.info.get("rdb_last_bgsave_status", "ok") != "ok":
        return problem(about, "snapshots only, and the last one failed: pushes are refused", do)
    return note(about, "snapshots only: a crash loses everything since the last one", do)


def _append_only(facts: Facts) -> Finding:
    about, fsync = "persistence", facts.settings.get("appendfsync", "")
    if facts.info.get("aof_last_write_status", "ok") != "ok":
        return problem(about, "it cannot write its append-only file", "look at its disk")
    if fsync == "always":
        return ok(about, "appendfsync always: neither a crash nor a power failure loses anything")
    if fsync == "no":
        return note(
            about,
            "appendfsync no: a power failure loses what is not on the disk yet, some 30 seconds",
            "CONFIG SET appendfsync everysec, or always",
        )
    told = f"appendfsync {fsync}" if fsync else "append-only file"
    return ok(about, f"{told}: a crash loses nothing, a power failure the last second or two")


def _eviction(facts: Facts) -> Finding:
    policy = facts.info.get("maxmemory_policy", "noeviction")
    if policy == "noeviction":
        return ok("eviction", policy)
    do = "CONFIG SET maxmemory-policy noeviction, and in its file"
    lost = "ids of pushes" if policy.startswith("volatile-") else "the queue and the log"
    told = f"{policy}: when Redis is full, it may throw away {lost}"
    if not facts.number("maxmemory"):
        return note("eviction", f"{told}; it has no maxmemory, so this never happens", do)
    return problem("eviction", told, do)


def _memory(facts: Facts, settings: Settings) -> Finding:
    most, used = facts.number("maxmemory"), facts.number("used_memory")
    bound = int(settings.history_bytes * ROUNDED) or sys.maxsize
    log = min(settings.history_size * MESSAGE_BYTES, bound)
    largest = min(settings.history_size * settings.max_content_bytes, bound)
    told = (
        f"{_size(used)} used of {_size(most) if most else 'no maxmemory'}; the log takes "
        f"{_size(log)} with short messages, {_size(largest)} with the largest (HISTORY_SIZE, "
        "HISTORY_BYTES)"
    )
    do = "set maxmemory higher, or HISTORY_BYTES lower"
    if most and used > 0.9 * most:
        return problem("memory", f"nearly full: then pushes are refused. {told}", do)
    total = most or facts.number("total_system_memory")
    if total and log > total:
        return problem("memory", f"too little for the log. {told}", do)
    if total and largest > total:
        return note("memory", told, f"{do}, unless your messages are short")
    return ok("memory", told)


def _clock(ahead: float) -> Finding:
    told = f"Redis' clock is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this one"
    if abs(ahead) <= CLOCK:
        return ok("clock", told)
    return note(
        "clock",
        f"{told}: times of messages, and the ends of tokens, differ by that",
        "run NTP (chrony, systemd-timesyncd) on both machines",
    )


def _size(count: int) -> str:
    if count >= 1024 * MIB:
        return f"{count / 1024 / MIB:.1f} GiB"
    return f"{count / MIB:.0f} MiB"
