"""What of an error of Redis may be told: its code, and words that are known.

Redis, or a proxy before it, may quote the arguments of a command that it refuses: messages, ids
and names. So nothing else of an error's text gets into a log or an exception of ours. No I/O here.
"""

import re

LONGEST = 1000  # Characters of what our own side says: of a socket that is closed, and the like.

# Codes that redis-py takes away from the text of an error for which it has a class.
CODES = {
    "AskError": "ASK",
    "BusyLoadingError": "LOADING",
    "ClusterCrossSlotError": "CROSSSLOT",
    "ClusterDownError": "CLUSTERDOWN",
    "ExecAbortError": "EXECABORT",
    "MasterDownError": "MASTERDOWN",
    "MovedError": "MOVED",
    "NoPermissionError": "NOPERM",
    "NoScriptError": "NOSCRIPT",
    "OutOfMemoryError": "OOM",
    "ReadOnlyError": "READONLY",
    "TryAgainError": "TRYAGAIN",
}

CODE = re.compile(
    r"(BUSY|CLUSTERDOWN|CROSSSLOT|DENIED|ERR|EXECABORT|LOADING|MASTERDOWN|MISCONF|MOVED|NOAUTH"
    r"|NOGOODSLAVE|NOPERM|NOPROTO|NOREPLICAS|NOSCRIPT|OOM|READONLY|TRYAGAIN|UNBLOCKED|WRONGPASS"
    r"|WRONGTYPE)(?= )"
)

# As Redis 6.2 to 8 and Valkey say it; names of commands and of the user of Redis may stand in it.
COMMAND = r"['`][A-Za-z|_-]{1,40}['`]"
KNOWN = re.compile(
    "|".join(
        (
            rf"unknown (sub)?command {COMMAND}",
            r"Unknown (Redis )?command called from script",
            r"This (Redis )?command is not allowed from script",
            rf"wrong number of arguments for {COMMAND}( command)?",
            r"(this user|User [\w.@-]{1,64}) has no permissions to "
            rf"(run the {COMMAND} command( or its subcommand)?"
            r"|access one of the keys used as arguments)",
            r"No permissions to access a (key|channel)",
            r"The user executing the script can't (run this command or subcommand"
            r"|access at least one of the keys mentioned in the command arguments)",
            r"command not allowed when used memory > 'maxmemory'",
            r"Operation against a key holding the wrong kind of value",
            r"You can't write against a read only (replica|slave)",
            r"Not enough good (replicas|slaves) to write",
            r"(Redis|Valkey) is configured to save RDB snapshots, but it('s| is) currently "
            r"(unable|not able) to persist on disk",
            r"Errors writing to the AOF file",
            r"(Redis|Valkey) is loading the dataset in memory",
            r"(Redis|Valkey) is busy running a (script|function)",
            r"Link with MASTER is down and replica-serve-stale-data is set to 'no'",
            r"The stream has exhausted the last possible ID",
            r"The ID specified in XADD is equal or smaller than the target stream top item",
            r"Elements are too large to be stored",
            r"max number of clients( \+ cluster connections)? reached",
            r"Authentication required",
            r"invalid username-password pair or user is disabled",
            r"invalid password",
            r"Client sent AUTH, but no password is set",
            r"AUTH <password> called without any password configured for the default user",
            r"(DB index is out of range|invalid DB index)",
            r"SELECT is not allowed in cluster mode",
            r"This instance has cluster support disabled",
            r"The cluster is down",
            r"Hash slot not served",
            r"CROSSSLOT Keys in request don't hash to the same slot",
            r"No such master with that name",
            r"No matching script",
            r"the server is running in protected mode",
            r"Transaction discarded because of previous errors",
            r"syntax error",
            r"value is not an integer or out of range",
            r"Invalid stream ID specified as stream command argument",
            r"timeout is (negative|out of range|not a float or out of range)",
        )
    ),
    re.IGNORECASE,
)
NOT_SHOWN = "an error whose text is not shown, as it may quote a message"


def known_words(text: str, kind: str = "") -> str:
    """What may be told of an error that Redis has answered; `kind` is redis-py's class of it."""
    code = CODE.match(text)
    name = CODES.get(kind) or (code[0] if code else "")
    words = KNOWN.search(text)
    said = words[0] if words else NOT_SHOWN
    return said if name in ("", "ERR") and words else f"{name} {said}".strip()


def own_words(text: str) -> str:
    """What our own side of the connection says, in one line of some length."""
    return "".join(each if each.isprintable() else " " for each in text)[:LONGEST]
