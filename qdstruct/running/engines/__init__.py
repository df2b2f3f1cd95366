"""Engines that calculate for real, each a program of its own in a job's directory.

``python -m qdstruct.running.engines NAME`` reads INCAR, KPOINTS and POSCAR where it stands, and
writes vasprun.xml, OUTCAR, CONTCAR and the grids that INCAR asks for, stamped with the name of the
program that calculated, and ``qdstruct-engine.json``, which says exactly what was done.
"""
