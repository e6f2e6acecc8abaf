"""The ledger test: all is killed, stopped and cut, and no message may be missing or doubled."""
