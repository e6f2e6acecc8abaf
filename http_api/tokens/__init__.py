"""Listeners' tokens, signed for backends that do not sign them themselves."""
