"""Where every number of a tree comes from: nodes and links with hashes, as AiiDA thinks of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from qdstruct.model import Job, JobTree
from qdstruct.pipeline.prepare import load_tree

__all__ = ["provenance"]

INPUTS = ("INCAR", "KPOINTS", "POSCAR", "POTCAR.spec")
CHUNK = 1 << 20


def provenance(root: Path) -> dict[str, Any]:
    """Describe a tree as a graph of calculations and files.

    Every job is a node of type ``calculation``, every file one of type ``data`` with size and
    SHA-256; links say ``input``, ``output`` or ``called after``. POTCAR, which is licensed, is
    named by its hash alone and never copied.

    Parameters
    ----------
    root : Path
        A prepared tree; what has not run has no outputs yet.

    Returns
    -------
    dict
        Plain JSON values: ``format``, ``study``, ``versions``, ``nodes``, ``links``.

    Raises
    ------
    InputError
        If `root` is no tree.
    """
    tree = load_tree(root)
    nodes: list[dict[str, Any]] = []
    links: list[dict[str, str]] = []
    for job in tree.jobs:
        nodes.append(_calculation(root, job))
        for name in (*INPUTS, "POTCAR"):
            _add(root, job, name, "input", nodes, links)
        for name in job.provides:
            _add(root, job, name, "output", nodes, links)
        links += [
            {"from": parent, "to": job.name, "label": "called after"} for parent in job.parents
        ]
    return {
        "format": "qdstruct provenance 1",
        "study": tree.study,
        "versions": tree.versions,
        "structures_as_prepared": _prepared(tree),
        "nodes": nodes,
        "links": links,
    }


def _prepared(tree: JobTree) -> dict[str, str]:
    return {name: f"sha256:{digest}" for name, digest in tree.structure_hashes.items()}


def _calculation(root: Path, job: Job) -> dict[str, Any]:
    record: dict[str, Any] = {}
    path = root / job.name / "run.json"
    if path.is_file():
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            record = {"state": "unreadable"}
    kept = ("state", "engine", "attempts", "started", "finished", "energy", "corrections")
    return {
        "id": job.name,
        "type": "calculation",
        "kind": job.kind,
        "subject": job.subject,
        **{name: record[name] for name in kept if name in record},
    }


def _add(
    root: Path,
    job: Job,
    name: str,
    label: str,
    nodes: list[dict[str, Any]],
    links: list[dict[str, str]],
) -> None:
    path = root / job.name / name
    if not path.is_file():
        return
    identity = f"{job.name}/{name}"
    nodes.append(
        {
            "id": identity,
            "type": "data",
            "size": path.stat().st_size,
            "sha256": _digest(path),
        }
    )
    ends = (identity, job.name) if label == "input" else (job.name, identity)
    links.append({"from": ends[0], "to": ends[1], "label": label})


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
