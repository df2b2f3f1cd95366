#!/usr/bin/env bash
# Builds GPAW into an environment of its own on this machine (Debian, root), for the marked tests
# and for `qdstruct run --engine gpaw`.
#
#   tests/gpaw/install.sh [DIRECTORY]     default: $HOME/.cache/qdstruct/gpaw
#
# Takes a few minutes. Prints the line that tells qdstruct about it. Ends with 0 when GPAW can be
# imported, 1 when the build failed, 77 when it cannot be installed here (no root, no apt, no
# network). Running it again does no harm.
set -euo pipefail

target=${1:-$HOME/.cache/qdstruct/gpaw}
python="$target/bin/python"
say() { echo "export QDSTRUCT_GPAW_PYTHON=$python"; }

if [[ -x $python ]] && "$python" -c "import gpaw" 2>/dev/null; then
  say
  exit 0
fi
packages=(libxc-dev libopenblas-dev libfftw3-dev libopenmpi-dev openmpi-bin g++)
if ! dpkg -s "${packages[@]}" >/dev/null 2>&1; then
  if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "tests/gpaw/install.sh: needs root and apt-get to install ${packages[*]}" >&2
    exit 77
  fi
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "${packages[@]}"; } >/dev/null 2>&1 ||
    { echo "tests/gpaw/install.sh: ${packages[*]} cannot be installed here" >&2; exit 77; }
fi
python3 -m venv "$target"
"$python" -m pip install -q --upgrade pip ||
  { echo "tests/gpaw/install.sh: the package index cannot be reached" >&2; exit 77; }
cat >"$target/siteconfig.py" <<'CONF'
mpi = True
compiler = 'mpic++'
libraries = ['xc', 'openblas', 'fftw3']
fftw = True
scalapack = False
CONF
GPAW_CONFIG="$target/siteconfig.py" "$python" -m pip install -q gpaw >&2
"$python" -c "import gpaw"
say
