"""The log as this process has it in memory, encoded once for all clients."""
