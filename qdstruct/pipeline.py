"""The main job: study → match → build → prepare → run → analyse → report."""
