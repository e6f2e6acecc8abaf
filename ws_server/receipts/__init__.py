"""Who has got the messages whose receipts are asked for, and what Redis is told of it."""
