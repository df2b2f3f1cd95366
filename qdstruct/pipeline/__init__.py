"""The main job, the only place where the rooms are joined.

study → match → build → prepare → run → analyse → report
"""
