"""VASP's file formats as an engine in a job directory needs them: inputs read, outputs written.

Shared by the mock and by the engines that calculate; every file says by its `Stamp` who made it.
"""
