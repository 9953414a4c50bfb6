#!/usr/bin/env bash
# transcribe.sh: measures what background transcription costs uploads, and prints its section of docs/performance.md. Client,
# server and PostgreSQL share the machine.
#
# Two questions, each for SQLite and PostgreSQL, and each answered by PAIRS (20) pairs of runs, in the order off, on, on, off:
#   - how fast calls are stored when each is queued, against --transcribe off;
#   - the 95th percentile of the response time at RATE (500) calls/s with DEPTH (100,000) calls waiting and simulated workers
#     busy, against --transcribe off on the same database.
# The median of the pairs' ratios has an interval that holds with 95 % by the order of the ratios alone: six pairs at least.
#
# Needs two processors with nothing else to do, curl and, for PostgreSQL, its server's programs. Takes about 25 minutes with runs
# of SECS (5) seconds. STORES="SQLite" measures one store alone. Where something else uses the processors, it ends, or with
# ANYWAY=1 says so in what it prints: PAIRS=1 SECS=2 DEPTH=1000 ANYWAY=1 shows in a minute that it works.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
bin=${BIN:-$root/bin/rdiostress}
tmp=$(mktemp -d)
cleanup() {
  stop_server
  stop_postgres
  rm -rf "$tmp"
}
trap cleanup EXIT
secs=${SECS:-5} pairs=${PAIRS:-20} depth=${DEPTH:-100000} rate=${RATE:-500} factor=${FACTOR:-0.01} bytes=${BYTES:-16384}
ulimit -n "$(ulimit -Hn)"

# PostgreSQL does not run as root.
as_postgres() { if [ "$(id -u)" = 0 ]; then su postgres -s /bin/sh -c "$1"; else sh -c "$1"; fi }
pgbin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
pgport=${PGPORT:-5498}
stores=${STORES:-SQLite${pgbin:+ PostgreSQL}}
start_postgres() {
  pgdir=$(mktemp -d)
  [ "$(id -u)" != 0 ] || chown postgres "$pgdir"
  (cd / && as_postgres "$pgbin/initdb -D $pgdir/data -U postgres -A trust -E UTF8 --locale=C >/dev/null && \
    $pgbin/pg_ctl -D $pgdir/data -l $pgdir/log -o '-p $pgport -k $pgdir -c listen_addresses=127.0.0.1' -w start >/dev/null")
}
stop_postgres() {
  [ -n "${pgdir:-}" ] || return 0
  (cd / && as_postgres "$pgbin/pg_ctl -D $pgdir/data -m immediate -w stop >/dev/null") || true
  rm -rf "$pgdir"
  pgdir=
}
pg() { (cd / && as_postgres "$pgbin/$1 -h $pgdir -p $pgport -U postgres $2"); }

# start_server STORE ARGUMENT... starts the server on $tmp/data, and the database bench, and waits for its address.
start_server() {
  local args=(--data-dir "$tmp/data")
  [ "$1" = SQLite ] || args+=(--database-url "postgres://postgres@127.0.0.1:$pgport/bench")
  shift
  mkfifo "$tmp/out"
  "$bin" serve --listen 127.0.0.1:0 --log-level error "${args[@]}" "$@" >"$tmp/out" &
  server=$!
  read -r _ url <"$tmp/out"
  rm "$tmp/out"
}
# A stop would wait for the workers.
stop_server() {
  [ -n "${server:-}" ] || return 0
  kill -9 "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=
}

# fresh STORE makes empty data; save STORE keeps it as it is, and restore STORE brings it back.
fresh() {
  rm -rf "$tmp/data"
  [ "$1" = SQLite ] || { pg dropdb "--if-exists --force bench" 2>/dev/null && pg createdb bench; }
}
save() {
  rm -rf "$tmp/saved" && cp -a "$tmp/data" "$tmp/saved"
  [ "$1" = SQLite ] || { pg dropdb "--if-exists saved" 2>/dev/null && pg createdb "-T bench saved"; }
}
restore() {
  rm -rf "$tmp/data" && cp -a "$tmp/saved" "$tmp/data"
  [ "$1" = SQLite ] || { pg dropdb "--if-exists --force bench" 2>/dev/null && pg createdb "-T saved bench"; }
  sync
}

# number NAME FILE is the first number of that name in a JSON document.
number() { grep -o "\"$1\": *[0-9.e+-]*" "$2" | head -n 1 | sed 's/.*: *//'; }

upload() { "$bin" run --url "$url" --audio-size "$bytes" --talkgroups 1-10000 --watch none --verify none -q --json "$tmp/report.json" "$@" >/dev/null 2>&1 || true; }

# stored STORE ARGUMENT... prints how many calls a second are stored by a server with the arguments.
stored() {
  fresh "$1"
  start_server "$@"
  upload --max-concurrent 100 --warmup 1 --duration "$secs"
  stop_server
  number uploads_per_s "$tmp/report.json"
}

# p95 STORE ARGUMENT... prints the 95th percentile at a fixed rate, with the filled queue. While the server transcribes, the queue
# must stay deep and the workers busy.
p95() {
  restore "$1"
  start_server "$@"
  upload --max-concurrent 100 --rate "$rate" --warmup 1 --duration "$secs"
  if [ "${3:-off}" != off ]; then
    curl -sf -H 'Accept: application/json' "$url/metrics" >"$tmp/metrics.json"
    grep -o '"transcription":{[^}]*}' "$tmp/metrics.json" >"$tmp/transcription.json"
    number done "$tmp/transcription.json" >>"$tmp/done"
    number queue_depth "$tmp/transcription.json" >>"$tmp/left"
  fi
  stop_server
  number p95_s "$tmp/report.json"
}

# busy is how many hundredths of the processors' time are used, over two seconds.
busy() {
  { head -n 1 /proc/stat; sleep 2; head -n 1 /proc/stat; } |
    awk '{ all = 0; for (i = 2; i <= 9; i++) all += $i; idle = $5 + $6; if (NR == 2) printf "%.0f\n", 100 * (1 - (idle - i0) / (all - a0)); i0 = idle; a0 = all }'
}

# need_quiet ends the script where the machine is not quiet, or notes it.
need_quiet() {
  local used
  used=$(busy)
  [ "$used" -gt 5 ] || return 0
  echo "transcribe.sh: before $1, other processes used $used % of the processors" >&2
  if [ -z "${ANYWAY:-}" ]; then
    echo "transcribe.sh: stop them, or set ANYWAY=1 to measure all the same" >&2
    exit 1
  fi
  noise+=("before $1, other processes used $used % of the processors")
}
noise=()

# compare MEASURE STORE ENGINE prints the median ratio of on to off over all pairs, its interval, and both medians.
compare() {
  : >"$tmp/pairs"
  local i off on
  for i in $(seq "$pairs"); do
    if ((i % 2)); then
      off=$($1 "$2" --transcribe off)
      on=$($1 "$2" --transcribe "$3")
    else
      on=$($1 "$2" --transcribe "$3")
      off=$($1 "$2" --transcribe off)
    fi
    echo "$off $on" >>"$tmp/pairs"
    echo "transcribe.sh: $1, $2, pair $i of $pairs: off $off, on $on" >&2
  done
  awk '
    function sort(v, n,  i, j, t) { for (i = 2; i <= n; i++) for (j = i; j > 1 && v[j - 1] > v[j]; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t } }
    function median(v, n) { return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2 }
    { n++; off[n] = $1; on[n] = $2; ratio[n] = $2 / $1 }
    END {
      sort(off, n); sort(on, n); sort(ratio, n)
      # The ranks between which the median lies with 95 %: at least six pairs are needed.
      k = 0; tail = p = 0.5 ^ n
      for (; n >= 6 && tail + p * (n - k) / (k + 1) <= 0.025; k++) { p *= (n - k) / (k + 1); tail += p }
      interval = n >= 6 ? sprintf("%.3f to %.3f", ratio[k + 1], ratio[n - k]) : "too few pairs"
      printf "%.6g %.6g %.3f %s\n", median(off, n), median(on, n), median(ratio, n), interval
    }' "$tmp/pairs"
}

# A run takes its seconds, the one of its warm-up, and one to start; a queue's copy takes three more.
set -- $stores
minutes=$(((pairs * 2 * $# * (2 * (secs + 2) + 3) + $# * depth / 2000) / 60 + 1))
echo "transcribe.sh: $pairs pairs for each of: $stores; done in about $minutes minutes" >&2
need_quiet "the runs"

cat <<TEXT
## Background transcription

Measured by \`bench/transcribe.sh\` on $(date -u +%Y-%m-%d): $(nproc) processors ($(lscpu | sed -n 's/^Model name: *//p')), Linux $(uname -r | cut -d- -f1),
$(go version | cut -d' ' -f3). \`run\` and \`serve\` share the processors, and PostgreSQL too. $pairs pairs of runs of $secs s in the order off, on, on, off, with
calls of $bytes bytes from 100 uploaders. The interval holds the median ratio with 95 %.

Stored calls/s, with every call queued for transcription against \`--transcribe off\`:

| store | off, calls/s | queued, calls/s | ratio | interval |
|---|---|---|---|---|
TEXT
for store in $stores; do
  need_quiet "the stored rate of $store"
  [ "$store" = SQLite ] || start_postgres
  compare stored "$store" simulate:1000 |
    awk -v s="$store" '{ a = $1; b = $2; r = $3; $1 = $2 = $3 = ""; sub(/^ +/, ""); printf "| %s | %.0f | %.0f | %s | %s |\n", s, a, b, r, $0 }'
  stop_postgres
done
cat <<TEXT

95th percentile of the response time at $rate calls/s with $depth calls waiting, \`--transcribe simulate:$factor\` with 4 workers against
\`--transcribe off\` on the same database:

| store | off, ms | on, ms | ratio | interval | transcripts in a run | calls still waiting |
|---|---|---|---|---|---|---|
TEXT
for store in $stores; do
  need_quiet "the response time of $store"
  [ "$store" = SQLite ] || start_postgres
  fresh "$store"
  start_server "$store" --transcribe simulate:1000
  "$bin" run --url "$url" --max-concurrent 100 --total "$depth" --audio-size 4096 --systems 99 --talkgroups 1-10000 --watch none --verify none -q >/dev/null 2>&1 || true
  stop_server
  save "$store"
  : >"$tmp/done"
  : >"$tmp/left"
  compare p95 "$store" "simulate:$factor" |
    awk -v s="$store" '{ a = $1; b = $2; r = $3; $1 = $2 = $3 = ""; sub(/^ +/, ""); printf "| %s | %.2f | %.2f | %s | %s |", s, a * 1000, b * 1000, r, $0 }'
  for file in done left; do sort -n "$tmp/$file" | awk '{ v[NR] = $1 } END { printf " %d |", v[int((NR + 1) / 2)] }'; done
  printf '\n'
  stop_postgres
done
if [ ${#noise[@]} -gt 0 ]; then
  printf '\nNot a quiet machine, so no measurement to go by:\n\n'
  printf -- '- %s\n' "${noise[@]}"
fi
