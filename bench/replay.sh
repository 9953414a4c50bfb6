#!/usr/bin/env bash
# replay.sh: measures what a replay of 100,000 recordings takes, and prints its section of docs/performance.md.
#
# Needs go, cc and /usr/bin/time, 300 MB of disk space, and three quiet minutes. RECORDINGS and RATE are set by variables.
set -euo pipefail
for needed in go cc /usr/bin/time; do
  command -v $needed >/dev/null || { echo "replay.sh: needs $needed" >&2; exit 1; }
done
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
bin=$root/bin/rdiostress
recordings=${RECORDINGS:-100000}
rate=${RATE:-1000} # calls/s: recordings are a second apart
port=${PORT:-8097}
tmp=$(mktemp -d)
trap 'kill "${sink:-}" 2>/dev/null; rm -rf "$tmp"' EXIT
(cd "$root" && go run ./bench/archive "$tmp/calls" "$recordings")
cc -O2 -o "$tmp/sink" "$here/sink.c"
"$tmp/sink" "$port" & sink=$!
until (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  kill -0 "$sink" || exit 1 # it has said why
  sleep 0.02
done

measure() { # NAME ARGS...: wall-clock seconds and peak memory in MB
  local name=$1
  shift
  local code=0
  /usr/bin/time -f '%e %M' -o "$tmp/$name" "$bin" run --url "http://127.0.0.1:$port" --api-key k --replay "$tmp/calls" \
    --speed "$rate" --watch none --verify none -q "$@" >"$tmp/$name.out" 2>&1 || code=$?
  if [ $code -gt 1 ] && [ $code -ne 5 ]; then
    cat "$tmp/$name.out" >&2
    exit 1
  fi
}
measure short --duration 5
measure whole
start=$(tail -n 1 "$tmp/short" | awk '{ printf "%.1f", $1 - 5 }')
peak=$(tail -n 1 "$tmp/whole" | awk '{ printf "%.0f", $2 / 1024 }')
check=$( { /usr/bin/time -f '%e %M' "$bin" replay check "$tmp/calls" --json - >"$tmp/check.json"; } 2>&1 | tail -n 1 )

cat <<TEXT
Measured by \`make bench-replay\` on $(date -u +%Y-%m-%d): $(nproc) processors ($(lscpu | sed -n 's/^Model name: *//p')), $(go version | cut -d' ' -f3).
$recordings recordings, half by trunk-recorder, half by SDRTrunk, were sent $rate times as fast as recorded to \`bench/sink.c\`.

| | |
|---|---|
| from the start of the program to the first call, and its end | $start s |
| peak memory of the replay of all recordings | $peak MB |
| \`rdiostress replay check\` | $(echo "$check" | awk '{ printf "%.1f s, %.0f MB", $1, $2 / 1024 }') |
TEXT
