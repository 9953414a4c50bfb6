#!/usr/bin/env bash
# server.sh: measures the bundled server, and prints its section of docs/performance.md. Client, server and PostgreSQL share the
# machine, as they do on an operator's small one.
#
# Needs two processors with nothing else to do and, for PostgreSQL, its server's programs. Takes about eight minutes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
bin=$root/bin/rdiostress
tmp=$(mktemp -d)
cleanup() {
  [ -z "${server:-}" ] || kill -9 "$server" 2>/dev/null || true
  stop_postgres
  rm -rf "$tmp"
}
trap cleanup EXIT
secs=${SECS:-5}
ulimit -n "$(ulimit -Hn)"

# PostgreSQL does not run as root.
as_postgres() { if [ "$(id -u)" = 0 ]; then su postgres -s /bin/sh -c "$1"; else sh -c "$1"; fi }
pgbin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
pgport=${PGPORT:-5497}
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

# start_server ARGUMENT... starts the server and waits for its address.
start_server() {
  mkfifo "$tmp/out"
  "$bin" serve --listen 127.0.0.1:0 --log-level error "$@" >"$tmp/out" &
  server=$!
  read -r _ url <"$tmp/out"
  rm "$tmp/out"
}
stop_server() {
  kill "$server"
  wait "$server" || true
  server=
}

# number NAME FILE is the first number of that name in a JSON report.
number() { awk -v name="\"$1\":" '$1 == name { gsub(",", "", $2); print $2; exit }' "$2"; }
ms() { awk -v s="$1" 'BEGIN { printf "%.1f", s * 1000 }'; }
ticks() { awk '{ sub(/^.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }

# measure STORE BYTES UPLOADERS ALONE prints a row of a table, with the ratio to the store's own rate if that is given.
measure() {
  rm -rf "$tmp/data"
  local args=(--data-dir "$tmp/data")
  if [ "$1" = PostgreSQL ]; then
    (cd / && as_postgres "$pgbin/dropdb -h $pgdir -p $pgport -U postgres --if-exists bench && $pgbin/createdb -h $pgdir -p $pgport -U postgres bench")
    args+=(--database-url "postgres://postgres@127.0.0.1:$pgport/bench")
  fi
  start_server "${args[@]}"
  local before=$(ticks "$server")
  "$bin" run --url "$url" --max-concurrent "$3" --warmup 1 --duration "$secs" --audio-size "$2" --talkgroups 1-10000 -q \
    --json "$tmp/report.json" >/dev/null || true
  local cpu=$(($(ticks "$server") - before)) rss=$(awk '/^VmHWM/ { print $2 / 1024 }' "/proc/$server/status")
  stop_server
  local rate=$(number uploads_per_s "$tmp/report.json") failed=$(number failed "$tmp/report.json")
  local p=() name
  for name in p50_s p95_s p99_s p999_s; do p+=("$(ms "$(number $name "$tmp/report.json")")"); done
  local us=$(awk -v t="$cpu" -v r="$rate" -v s="$secs" -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.0f", t / hz * 1e6 / (r * (s + 1)) }')
  printf '| %s | %s | %s |' "$1" "$2" "$3"
  [ -z "${4:-}" ] || awk -v a="$4" -v r="$rate" 'BEGIN { printf " %.0f | %.0f | %.2f |", a, r, r / a }'
  [ -n "${4:-}" ] || awk -v r="$rate" 'BEGIN { printf " %.0f |", r }'
  printf ' %s | %s | %s | %s | %s | %.0f | %s |\n' "${p[@]}" "$us" "$rss" "$failed"
}

# alone PACKAGE prints how many calls of 1 and of 16 kB a store takes a second, with nothing else.
alone() {
  (cd "$root" && go test -run '^$' -bench 'Put$' -benchtime "${secs}s" "./internal/server/$1") |
    awk '/^BenchmarkPut/ { for (i = 1; i < NF; i++) if ($(i + 1) == "calls/s") print $i }'
}

cat <<TEXT
## The bundled server

Measured by \`make bench-server\` on $(date -u +%Y-%m-%d): $(nproc) processors ($(lscpu | sed -n 's/^Model name: *//p')), Linux $(uname -r | cut -d- -f1),
$(go version | cut -d' ' -f3). \`run\` and \`serve\` share the processors, and PostgreSQL too; every upload is on disk before it is
answered. *alone* is the store without HTTP, 100 goroutines that call it, in the same run. Times in milliseconds, as the client saw
them; CPU is the server's alone, in µs for an upload.

| store | bytes | uploaders | alone, calls/s | uploads/s | ratio | p50 | p95 | p99 | p99.9 | CPU | RSS MB | failed |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
TEXT
sqlite=($(alone sqlite))
measure SQLite 1024 100 "${sqlite[0]}"
measure SQLite 16384 100 "${sqlite[1]}"
if [ -n "$pgbin" ]; then
  start_postgres
  postgres=($(alone postgres))
  measure PostgreSQL 1024 100 "${postgres[0]}"
  measure PostgreSQL 16384 100 "${postgres[1]}"
  stop_postgres
fi

printf '\n### From 1 to 1,000 uploaders\n\n'
printf '| store | bytes | uploaders | uploads/s | p50 | p95 | p99 | p99.9 | CPU | RSS MB | failed |\n|---|---|---|---|---|---|---|---|---|---|---|\n'
for uploaders in 1 10 100 1000; do measure SQLite 16384 $uploaders; done

printf '\n### Start after a crash\n\n'
rm -rf "$tmp/data"
start_server --data-dir "$tmp/data"
"$bin" run --url "$url" --max-concurrent 100 --total 100000 --audio-size 4096 --talkgroups 1-10000 -q --json "$tmp/report.json" >/dev/null &
run=$!
wait $run || true
"$bin" run --url "$url" --max-concurrent 100 --duration 30 --audio-size 4096 --talkgroups 1-10000 -q >/dev/null 2>&1 &
run=$!
sleep 1
kill -9 "$server"
wait "$server" 2>/dev/null || true
kill $run
wait $run || true
began=$(date +%s%N)
start_server --data-dir "$tmp/data"
took=$((($(date +%s%N) - began) / 1000000))
stop_server
printf 'SQLite, over 100,000 calls, killed in the middle of uploads: %d ms from the start of the program until it listens.\n' "$took"

printf '\n### Search\n\nThe slowest kind of search of those in `internal/server/storetest/search.go`, best of three.\n\n'
for store in sqlite postgres; do
  [ "$store" = sqlite ] || [ -n "$pgbin" ] || continue
  # One that is slower than it should be fails the test, and is printed.
  (cd "$root" && RDIOSTRESS_SEARCH_ROWS=1000000 go test -run SearchTimes -v -count 1 "./internal/server/$store" || true) |
    awk -v store="$store" 'sub(/^.*kinds of searches among/, "- " store ": the slowest among") || sub(/^.*_test.go:[0-9]+: /, "  - over 100 ms: ")'
done
