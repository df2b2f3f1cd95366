"""The study file a user writes."""
