#!/usr/bin/env bash
# Runs a bundle's self-test from an empty folder while SOURCE is hidden: try_bundle.sh PROGRAM SOURCE
#
# In a process group of its own, under a time and a process limit: a build that starts itself without end would
# take the machine down. (ulimit -u does not hold root back, so the processes are counted.)
set -euo pipefail
program=$(realpath "$1")
source=$(realpath "$2")
most_processes=12
seconds=900
elsewhere=$(mktemp -d)
mv "$source" "$source-hidden"
cd "$elsewhere"
setsid env -i HOME="$elsewhere" PATH=/usr/bin:/bin LANG=C.UTF-8 xvfb-run -a "$program" --self-test &
group=$!
reason=
while kill -0 "$group" 2>/dev/null; do
  [ "$(pgrep -c -f "^$program" || true)" -le "$most_processes" ] || reason="it starts itself without end"
  [ "$SECONDS" -le "$seconds" ] || reason="it takes longer than $seconds s"
  if [ -n "$reason" ]; then
    kill -9 -- "-$group"
    break
  fi
  sleep 0.2
done
status=0
wait "$group" || status=$?
mv "$source-hidden" "$source"
rm -rf "$elsewhere"
[ -z "$reason" ] || echo "The bundle was stopped: $reason."
exit "$status"
