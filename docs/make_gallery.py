"""Run every command of the gallery, draw its picture and write ``gallery.md`` from what came out.

``python docs/make_gallery.py`` runs all; ``python docs/make_gallery.py NAME …`` runs some again and
keeps the numbers of the others. Nothing in the page is typed by hand except titles and remarks.
"""

from __future__ import annotations

import json
import re
import resource
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DOCS = Path(__file__).parent
LARGE = 500_000
"""Atoms beyond which a block is not run with every check of the documentation."""
MEASURED = DOCS / "gallery" / "measured.json"


@dataclass(frozen=True)
class System:
    """One published system and the command that builds it."""

    name: str
    section: str
    title: str
    words: str
    check: str
    remark: str
    suffix: str = "extxyz"

    @property
    def command(self) -> str:
        """The command as printed."""
        files = f"-o {self.name}.{self.suffix} --figure {self.name}.png"
        return f"qdstruct build {self.words} {files}"

    @property
    def check_command(self) -> str:
        """The check as printed."""
        return f"qdstruct check {self.name}.{self.suffix} {self.check}".strip()


PBS = "CsPbBr₃ and PbS (Yang, thesis, 2024)"
CDS = "CsPbBr₃ and CdS, and their variants (Qiu et al., 2023)"
LAYERED = "PMA₂PbBr₄ and CsPbBr₃ (Yang, thesis, 2024)"
PARTICLES = "Particles"
ASSEMBLIES = "Assemblies"

PAIR_PBS = "--film PbS-galena --substrate CsPbBr3-cubic"
PAIR_CDS = "--film CdS-zincblende --substrate CsPbBr3-cubic"
PAIR_PMA = "--film CsPbBr3-cubic --substrate PMA2PbBr4"
JANUS = "--region core=CsPbBr3-Pbnm --region cap=CdS-zincblende"
LATERAL = "lateral CsPbBr3-cubic PMA2PbBr4"

SYSTEMS = (
    System(
        "cspbbr3-pbs-200", PBS, "PbS(200) on CsPbBr₃(200)",
        "interface PbS-galena CsPbBr3-cubic --film-hkl 2,0,0 --substrate-hkl 2,0,0 "
        "--film-layers 4 --substrate-layers 4 --shift closest",
        PAIR_PBS, "Neutral planes face each other. Every ion of PbS lies over the middle between a "
        "caesium and a bromide ion, where hard spheres come closest.",
    ),
    System(
        "cspbbr3-pbs-220", PBS, "PbS(220) on CsPbBr₃(220)",
        "interface PbS-galena CsPbBr3-cubic --film-hkl 2,2,0 --substrate-hkl 2,2,0 "
        "--film-layers 6 --substrate-layers 5 --shift closest",
        PAIR_PBS, "(110) of the perovskite alternates charged planes: a polar cut, to be relaxed "
        "or reconstructed before energies are trusted.",
    ),
    System(
        "cspbbr3-cds-cube", CDS, "CdS on CsPbBr₃, cube on cube",
        "interface CdS-zincblende CsPbBr3-cubic --film-hkl 2,2,0 --substrate-hkl 2,2,0 "
        "--film-direction 0,0,1 --substrate-direction 0,0,1 --film-layers 6 "
        "--substrate-layers 5 --shift closest",
        PAIR_CDS, "The reading {220} ∥ {220}, [001] ∥ [001]: the best lattice fit, not what the "
        "micrographs were indexed as.",
    ),
    System(
        "cspbbr3-cds-211", CDS, "CdS(−211) on CsPbBr₃(110), [111] ∥ [001]",
        "interface CdS-zincblende CsPbBr3-cubic --film-hkl=-2,1,1 --substrate-hkl 1,1,0 "
        "--film-direction 1,1,1 --substrate-direction 0,0,1 --film-layers 16 "
        "--substrate-layers 5 --max-area 400 --shift closest",
        PAIR_CDS, "The reading of {220} ∥ {211}, [001] ∥ [111] that is possible: three repeats of "
        "[111] on five of [001].",
    ),
    System(
        "cspbbr3-cds-202", CDS, "CdS(−202) on CsPbBr₃(110), [111] ∥ [001]",
        "interface CdS-zincblende CsPbBr3-cubic --film-hkl=-2,0,2 --substrate-hkl 1,1,0 "
        "--film-direction 1,1,1 --substrate-direction 0,0,1 --film-layers 8 "
        "--substrate-layers 5 --max-area 600 --shift closest",
        PAIR_CDS, "The other printed plane, 30° away about [111]. The parallel planes have the "
        "same spacing; within the interface nothing small fits, hence the large, sheared cell.",
    ),
    System(
        "cspbbr3-cds-pbnm", CDS, "CdS(001) on orthorhombic CsPbBr₃(001)",
        "interface CdS-zincblende CsPbBr3-Pbnm --film-hkl 0,0,1 --substrate-hkl 0,0,1 "
        "--film-layers 8 --substrate-layers 2 --shift closest",
        "--film CdS-zincblende --substrate CsPbBr3-Pbnm",
        "Cube on cube on the room-temperature cell; its octahedra are tilted.",
    ),
    System(
        "cspbbr3-zns", CDS, "ZnS(001) on CsPbBr₃(001)",
        "interface ZnS-zincblende CsPbBr3-cubic --film-hkl 0,0,1 --substrate-hkl 0,0,1 "
        "--film-layers 8 --substrate-layers 3 --shift closest",
        "--film ZnS-zincblende --substrate CsPbBr3-cubic", "",
    ),
    System(
        "cspbcl3-cds", CDS, "CdS(001) on CsPbCl₃(001)",
        "interface CdS-zincblende CsPbCl3-cubic --film-hkl 0,0,1 --substrate-hkl 0,0,1 "
        "--film-layers 8 --substrate-layers 3 --shift closest",
        "--film CdS-zincblende --substrate CsPbCl3-cubic", "",
    ),
    System(
        "cspbi3-cds", CDS, "CdS(001) on γ-CsPbI₃(001)",
        "interface CdS-zincblende CsPbI3-gamma --film-hkl 0,0,1 --substrate-hkl 0,0,1 "
        "--film-layers 8 --substrate-layers 2 --shift closest",
        "--film CdS-zincblende --substrate CsPbI3-gamma", "",
    ),
    System(
        "pma-lateral-110", LAYERED, "Lateral, (110) planes along the layers",
        f"{LATERAL} --film-hkl 0,0,1 --substrate-hkl 0,1,0 --film-direction 1,1,0",
        PAIR_PMA, "The layers of PMA₂PbBr₄ run into the interface and connect to the perovskite; "
        "where ammonium ions face it, octahedra stay open.",
    ),
    System(
        "pma-lateral-111", LAYERED, "Lateral, (111) planes along the layers",
        f"{LATERAL} --film-hkl 1,1,-2 --substrate-hkl 0,1,0 --film-direction 1,1,1 "
        "--max-area 900 --film-layers 8",
        PAIR_PMA, "Five (111) spacings fit one layer, but the lattices coincide only after three "
        "periods of the stacking axis.",
    ),
    System(
        "pma-vertical-100", LAYERED, "Vertical, CsPbBr₃(100) on the basal plane",
        "interface CsPbBr3-cubic PMA2PbBr4 --film-hkl 1,0,0 --substrate-hkl 1,0,0 "
        "--film-layers 4 --substrate-layers 1 --shift closest",
        PAIR_PMA, "What (005), (008) and (0010) as printed describe: all are the basal plane, "
        "(100) in the refined cell.",
    ),
    System(
        "pma-vertical-111", LAYERED, "Vertical, CsPbBr₃(111) on the basal plane",
        "interface CsPbBr3-cubic PMA2PbBr4 --film-hkl 1,1,1 --substrate-hkl 1,0,0 "
        "--film-layers 5 --substrate-layers 1 --max-area 600",
        PAIR_PMA, "The other vertical reading: {111} planes of the perovskite parallel to the "
        "layers.",
    ),
    System(
        "pma-ligand", LAYERED, "Benzylammonium as a ligand on CsPbBr₃(100)",
        "slab CsPbBr3-cubic --hkl 1,0,0 --layers 4 --termination CsBr --ligand benzylammonium=1",
        "", "Every caesium ion of the outermost plane is replaced: what PMA⁺ does on a nanocrystal "
        "instead of growing PMA₂PbBr₄.",
    ),
    System(
        "capped-3nm", PARTICLES, "CsPbBr₃ cube of 3 nm with oleate and oleylammonium",
        "nanocrystal CsPbBr3-cubic --cells 5 --termination CsBr --ligand oleate=0.3 "
        "--ligand oleylammonium=0.4",
        "", "Carboxylate on lead, ammonium on caesium sites, seeded at random, neutral.",
    ),
    System(
        "truncated-pbs", PARTICLES, "Truncated cube of PbS, 5 nm",
        "nanocrystal PbS-galena --shape wulff --size 5nm --energies '100=1 111=1.2'",
        "", "A Wulff form: {111} at 1.2 times the energy of {100} cuts the corners.",
    ),
    System(
        "janus-5.5nm", PARTICLES, "Janus particle, 5.5 nm",
        "janus CsPbBr3-Pbnm CdS-zincblende --core-size 5.5nm --core-facet 0,0,1 "
        "--cap-facet 0,0,1 --cap-termination S --core-termination CsBr",
        JANUS, "A hemisphere of CdS as wide as the cube (Qiu et al., 2023).",
    ),
    System(
        "janus-16.4nm", PARTICLES, "Janus particle, 16.4 nm",
        "janus CsPbBr3-Pbnm CdS-zincblende --core-size 16.4nm --core-facet 0,0,1 "
        "--cap-facet 0,0,1 --cap-termination S --core-termination CsBr",
        JANUS, "The larger published size.",
    ),
    System(
        "island-8.1nm", PARTICLES, "CsPbBr₃ cube of 8.1 nm with a PbS island of 2.9 nm",
        "janus CsPbBr3-cubic PbS-galena --core-size 8.1nm --core-facet 1,0,0 "
        "--cap-facet 1,0,0 --cap-size 2.9nm --core-termination CsBr --shift 0.25,0.25",
        "--region core=CsPbBr3-cubic --region cap=PbS-galena", "Sizes of the thesis, chapter 3.",
    ),
    System(
        "island-9.4nm", PARTICLES, "CsPbBr₃ cube of 9.4 nm with two PbS islands of 3.4 nm",
        "janus CsPbBr3-cubic PbS-galena --core-size 9.4nm --core-facet 1,0,0 --cap-facet 1,0,0 "
        "--cap-size 3.4nm --island 2,2nm --island=-2,-2nm --core-termination CsBr "
        "--shift 0.25,0.25",
        "--region core=CsPbBr3-cubic --region cap=PbS-galena",
        "The other size of the same chapter; two islands on one facet.",
    ),
    System(
        "rod", PARTICLES, "Rod of alternating segments",
        "segmented CsPbBr3-cubic PbS-galena --lengths 3,2,3,2,3nm --width 4nm "
        "--first-facet 1,0,0 --second-facet 1,0,0 --first-termination CsBr --shift 0.25,0.25",
        "--region first=CsPbBr3-cubic --region second=PbS-galena", "",
    ),
    System(
        "supraparticle", ASSEMBLIES, "Cubic supraparticle",
        "superlattice CsPbBr3-cubic --size 8nm --spacing 11.4nm --cells 4,4,4 "
        "--vacancies 0.033 --surface-vacancies 0.055 --misorientation 9.6 --termination CsBr",
        "", "Period, vacancies and misorientation of van der Burgt et al. (2018).",
    ),
    System(
        "film-8-layers", ASSEMBLIES, "Layer-by-layer film, 8 layers",
        "superlattice CsPbBr3-cubic --size 6.5nm --spacing 9.7,9.7,7.7nm --cells 3,3,8 "
        "--termination CsBr",
        "", "Periods of Enomoto et al. (2024): 9.7 nm in the plane, 7.7 nm across; a corner of "
        "the film, 3 × 3 dots wide.",
    ),
)  # fmt: skip


def processor_seconds() -> float:
    """Return the processor time of all commands run so far: other programs do not count."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(system: System, folder: Path) -> dict[str, Any]:
    """Run a system's two commands in a folder and return what they say."""
    started = processor_seconds()
    build = [*shlex.split(system.command), "--json"]
    ran = subprocess.run(build, cwd=folder, capture_output=True, text=True, check=False)
    seconds = processor_seconds() - started
    if ran.returncode:
        return {"failed": ran.stderr.strip().splitlines()[-1]}
    facts = json.loads(ran.stdout)
    checked = subprocess.run(
        [*shlex.split(system.check_command), "--json"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if checked.returncode not in (0, 1):
        return {"failed": checked.stderr.strip().splitlines()[-1]}
    picture = folder / f"{system.name}.png"
    (DOCS / "gallery" / picture.name).write_bytes(picture.read_bytes())
    (folder / f"{system.name}.{system.suffix}").unlink()
    kept = ("n_atoms", "formula", "area", "gap", "bridges", "broken_octahedra_film",
            "broken_octahedra_substrate", "removed_ions", "ligands", "particles", "size",
            "film_termination", "substrate_termination")  # fmt: skip
    measured = {key: facts[key] for key in kept if facts.get(key) not in (None, "", [])}
    if "film_strain" in facts:
        measured["strain"] = np.linalg.eigvalsh(np.array(facts["film_strain"])).tolist()
    measured["problems"] = json.loads(checked.stdout)["problems"]
    measured["processor_seconds"] = round(seconds, 1)
    return measured


def rows(measured: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the table of one system."""
    if "failed" in measured:
        return [("Result", f"**failed:** {measured['failed']}")]
    found = [("Atoms", f"{measured['n_atoms']:,} ({measured['formula']})")]
    if "particles" in measured:
        found.append(("Particles", str(measured["particles"])))
    if "area" in measured:
        found.append(("Interface area", f"{measured['area']:.1f} Å²"))
    if "strain" in measured:
        first, second = (f"{100 * value:+.2f}".replace("-", "−") for value in measured["strain"])
        found.append(("Strain of the film (principal)", f"{first} %, {second} %"))
    if "film_termination" in measured:
        faces = f"{measured['film_termination']} on {measured['substrate_termination']}"
        found.append(("Planes in contact", faces))
    if "size" in measured:
        edges = " × ".join(f"{edge / 10:.2f}" for edge in measured["size"])
        found.append(("Edges", f"{edges} nm"))
    if measured.get("gap"):
        found.append(("Gap", f"{measured['gap']:.2f} Å"))
    if "bridges" in measured:
        found.append(("Pb–Br–Pb bridges", "; ".join(measured["bridges"])))
        broken = measured["broken_octahedra_film"], measured["broken_octahedra_substrate"]
        found.append(("Open octahedra, film and substrate", f"{broken[0]} and {broken[1]}"))
    for one in measured.get("ligands", ()):
        found.append((one["ligand"].capitalize(), f"{one['placed']} on {one['sites']} sites"))
    if "removed_ions" in measured:
        found.append(("Ions taken out", measured["removed_ions"]))
    problems = [f"{one['kind']}: {one['message']}" for one in measured["problems"]]
    found.append(("`qdstruct check`", "<br>".join(problems) or "no problems found"))
    if "processor_seconds" in measured:
        seconds = measured["processor_seconds"]
        found.append(("Processor time to build and draw", f"{seconds:.0f} s"))
    return found


def wrapped(command: str) -> str:
    """Break a command over lines as a shell reads it, each option beside its value."""
    pieces = re.split(r" (?=-)", command)
    lines = [pieces[0]]
    for piece in pieces[1:]:
        if len(lines[-1]) + len(piece) > 92:
            lines.append(f"    {piece}")
        else:
            lines[-1] += f" {piece}"
    return " \\\n".join(lines)


def entry(system: System, measured: dict[str, Any]) -> str:
    """Return one system as Markdown."""
    picture = DOCS / "gallery" / f"{system.name}.png"
    lines = [f"### {system.title}", "", "```sh"]
    if measured.get("n_atoms", 0) > LARGE:
        lines += ["# needs: a minute and some gigabytes"]
    lines += [wrapped(system.command)]
    lines += [wrapped(system.check_command), "```", ""]
    if picture.exists():
        lines += [f"```{{image}} gallery/{picture.name}", f":alt: {system.title}",
                  ":width: 460px", "```", ""]  # fmt: skip
    lines += ["| | |", "| --- | --- |"]
    lines += [f"| {label} | {value} |" for label, value in rows(measured)]
    return "\n".join([*lines, "", *([system.remark, ""] if system.remark else [])])


def page(measured: dict[str, dict[str, Any]]) -> str:
    """Return the gallery."""
    faulty = [
        system.title
        for system in SYSTEMS
        if "failed" in measured[system.name] or measured[system.name]["problems"]
    ]
    verdict = (
        "Every one passes its check."
        if not faulty
        else f"Not all pass: {len(faulty)} of {len(SYSTEMS)} have findings, printed in their "
        f"tables ({'; '.join(faulty)})."
    )
    parts = [
        "# Gallery of the published systems",
        "<!-- blocks are independent -->",
        "Each system is built by one command and examined by a second. `docs/make_gallery.py` ran "
        f"them and wrote this page: the numbers are what the commands printed. {verdict} All are "
        "starting structures: nothing is relaxed, and ligands are only where they are asked for. "
        "Interfaces are seen along a cell vector or along the directions asked to be parallel, "
        "particles obliquely. Spheres have 0.55 times the "
        "covalent radius (0.9 times in particles); bonds join atoms closer than 1.2 times the sum "
        "of these radii. What the published indices mean, and where they disagree, is in "
        "[](published-caveats.md) and [](explanation/cspbbr3-cds-orientation.md).",
    ]
    for section in dict.fromkeys(system.section for system in SYSTEMS):
        parts.append(f"## {section}")
        parts += [entry(s, measured[s.name]) for s in SYSTEMS if s.section == section]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def main(names: list[str]) -> None:
    """Measure the named systems (all without names) and write the page."""
    measured = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        for system in SYSTEMS:
            if names and system.name not in names:
                continue
            measured[system.name] = measure(system, Path(folder))
            sys.stderr.write(f"{system.name}: {rows(measured[system.name])}\n")
            known = {s.name: measured[s.name] for s in SYSTEMS if s.name in measured}
            MEASURED.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n")
    (DOCS / "gallery.md").write_text(page(measured), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
