"""Slabs and interfaces, atom by atom."""
