"""Spending credit: the one path that does, what guards it, and what becomes of an order."""
