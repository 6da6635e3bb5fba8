#!/usr/bin/env bash
# Builds wheel and sdist, and tries the wheel in a new environment while SOURCE is hidden: try_wheel.sh SOURCE
set -euo pipefail
source=$(realpath "$1")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
[ -z "${PIP_CONSTRAINT:-}" ] || { cp "$PIP_CONSTRAINT" "$place/constraints.txt"; export PIP_CONSTRAINT=$place/constraints.txt; }
python3 -m venv "$place/build"
"$place/build/bin/python" -m pip install -q build
"$place/build/bin/python" -m build -q --outdir "$place/from-sdist" "$source"         # the wheel out of the sdist
"$place/build/bin/python" -m build -q --wheel --outdir "$place/direct" "$source"
cmp "$place"/from-sdist/*.whl "$place"/direct/*.whl
python3 -m venv "$place/new"
"$place/new/bin/python" -m pip install -q "$place"/direct/*.whl
"$place/new/bin/python" -m pip check
mv "$source" "$source-hidden"
status=0
(
  cd "$place"
  "$place/new/bin/python" -m deepimagetranslator --version
  "$place/new/bin/deepimagetranslator" --version
  timeout 300 xvfb-run -a "$place/new/bin/deepimagetranslator" self-test
  "$place/new/bin/python" -c 'from deepimagetranslator.core.system import paths; assert (paths.assets() / "icon.png").is_file()'
) || status=$?
mv "$source-hidden" "$source"
exit "$status"
