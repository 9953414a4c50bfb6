#!/usr/bin/env bash
# baseline.sh [BINARY]: measures the bundled server on SQLite beside an earlier one, in rounds that take turns, and prints a
# section of docs/performance.md. BINARY is the earlier program; without it, that of commit BASE (5466ef6) is built.
#
# Prints nothing, with exit code 1, where anything else took more than QUIET (3) % of the processors during a round.
# ROUNDS=10 pairs of SECS=5 s each for 16 kB and 1 kB of audio: some eight minutes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
new=$root/bin/rdiostress
tmp=$(mktemp -d)
cleanup() {
  [ -z "${server:-}" ] || kill -9 "$server" 2>/dev/null || true
  [ ! -d "$tmp/source" ] || git -C "$root" worktree remove --force "$tmp/source" || true
  rm -rf "$tmp"
}
trap cleanup EXIT
rounds=${ROUNDS:-10} secs=${SECS:-5} quiet=${QUIET:-3} base=${BASE:-5466ef6}
old=${1:-}
if [ -z "$old" ]; then
  old=$tmp/old
  git -C "$root" worktree add --quiet --detach "$tmp/source" "$base"
  (cd "$tmp/source" && CGO_ENABLED=0 go build -trimpath -o "$old" ./cmd/rdiostress)
fi

number() { awk -v name="\"$1\":" '$1 == name && $2 ~ /^[0-9]/ { gsub(",", "", $2); print $2; exit }' "$2"; }
ticks() { awk '{ sub(/^.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }
busy() { awk '$1 == "cpu" { print $2 + $3 + $4 + $7 + $8 }' /proc/stat; }
io() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$server/io"; }

# measure BINARY BYTES UPLOADERS prints, of one round: uploads/s, CPU in µs for an upload, bytes written for a byte of audio,
# write calls for an upload, memory in MB, and the share of the processors that something else took, in %.
measure() {
  rm -rf "$tmp/data" "$tmp/out" "$tmp/report.json"
  mkfifo "$tmp/out"
  "$1" serve --listen 127.0.0.1:0 --log-level error --data-dir "$tmp/data" >"$tmp/out" &
  server=$!
  local _ url
  read -r _ url <"$tmp/out"
  local cpu=$(ticks "$server") calls=$(io syscw) bytes=$(io write_bytes) all=$(busy) began=$(date +%s%N) self
  "$new" run --url "$url" --max-concurrent "$3" --warmup 0 --duration "$secs" --audio-size "$2" --talkgroups 1-10000 -q \
    --json "$tmp/report.json" >"$tmp/log" 2>&1 &
  local client=$!
  self=0
  while kill -0 "$client" 2>/dev/null; do
    self=$(ticks "$client" 2>/dev/null || echo "$self")
    sleep 0.05
  done
  wait "$client" || true
  local took=$(($(date +%s%N) - began))
  cpu=$(($(ticks "$server") - cpu)) calls=$(($(io syscw) - calls)) bytes=$(($(io write_bytes) - bytes)) all=$(($(busy) - all))
  local rss=$(awk '/^VmHWM/ { print $2 / 1024 }' "/proc/$server/status")
  kill "$server"
  wait "$server" || true
  server=
  local accepted=$(number accepted "$tmp/report.json" 2>/dev/null)
  [ "${accepted:-0}" -gt 0 ] || { echo "no upload was accepted in a round: $(tail -n 1 "$tmp/log")" >&2; return 1; }
  awk -v n="$accepted" -v rate="$(number uploads_per_s "$tmp/report.json")" -v cpu="$cpu" \
    -v calls="$calls" -v bytes="$bytes" -v size="$2" -v rss="$rss" -v all="$all" -v self="$self" -v took="$took" \
    -v hz="$(getconf CLK_TCK)" -v p="$(nproc)" 'BEGIN {
      others = (all - cpu - self) / hz / (took / 1e9) / p * 100
      printf "%.0f %.1f %.3f %.2f %.1f %.1f\n", rate, cpu / hz * 1e6 / n, bytes / n / size, calls / n, rss, others }'
}

# compare BYTES UPLOADERS measures pairs, old and new taking turns to be first, and prints rows of the table.
compare() {
  : >"$tmp/pairs"
  local i a b
  for i in $(seq "$rounds"); do
    if [ $((i % 2)) = 1 ]; then
      a=$(measure "$old" "$@") || return 1
      b=$(measure "$new" "$@") || return 1
    else
      b=$(measure "$new" "$@") || return 1
      a=$(measure "$old" "$@") || return 1
    fi
    echo "$a $b" >>"$tmp/pairs"
  done
  awk -v quiet="$quiet" '{ for (f = 6; f <= 12; f += 6) if ($f > quiet) { bad++; if ($f > worst) worst = $f } }
    END { if (bad) { printf "%d of %d rounds were not quiet: something else took up to %.1f %% of the processors\n", bad, 2 * NR, worst; exit 1 } }' \
    "$tmp/pairs" >&2 || return 1
  awk -v size="$1" -v n="$2" '
    function sorted(values, k,   i, j, v) { for (i = 2; i <= k; i++) { v = values[i]; for (j = i - 1; j > 0 && values[j] > v; j--) values[j + 1] = values[j]; values[j + 1] = v } }
    function middle(values, k) { return (values[int((k + 1) / 2)] + values[int(k / 2) + 1]) / 2 }
    { for (f = 1; f <= 12; f++) all[f, NR] = $f }
    END {
      split("uploads/s|CPU, µs an upload|bytes written for a byte of audio|write calls an upload|memory, MB", names, "|")
      for (f = 1; f <= 5; f++) {
        for (i = 1; i <= NR; i++) { x[i] = all[f, i]; y[i] = all[f + 6, i]; r[i] = x[i] ? y[i] / x[i] : 0 }
        sorted(x, NR); sorted(y, NR); sorted(r, NR)
        printf "| %d | %d | %s | %.4g | %.4g | %.2f | %.2f to %.2f |\n", size, n, names[f], middle(x, NR), middle(y, NR), middle(r, NR), r[1], r[NR]
      } }' "$tmp/pairs"
}

rows=$(compare 16384 100 && compare 1024 100 && compare 16384 1000)
cat <<TEXT
### Beside an earlier version

SQLite, beside the program of commit $base, which wrote audio into its rows: $rounds pairs of rounds of $secs s, taking turns to be first, with
\`run\` as the client. Medians, and of the ratios of the pairs the least and the greatest. Bytes and calls are those of \`/proc/PID/io\`; write
calls include the answers.

| bytes | uploaders | | earlier | this | ratio | of the pairs |
|---|---|---|---|---|---|---|
$rows
TEXT
