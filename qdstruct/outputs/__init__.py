"""Finished calculations, read into model types."""
