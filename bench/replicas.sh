#!/usr/bin/env bash
# replicas.sh: measures one, two and four servers on one PostgreSQL, each driven by itself and behind HAProxy as docs/scaling.md sets
# it, and prints a table. Client, servers, HAProxy and PostgreSQL share the machine, so it shows what they take on one, and from
# where on the machine is the limit, not what more machines would take.
#
#   replicas.sh [SERVERS ...]     1 2 4 if none is named
#
# Needs a quiet machine, jq, the programs of PostgreSQL's server and, for its rows, haproxy. SECS (20) is how long each is loaded,
# CONNS (64) how many uploads are sent at once, AUDIO (16KB) how long each is.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
bin=$root/bin/rdiostress
secs=${SECS:-20} conns=${CONNS:-64} audio=${AUDIO:-16KB}
[ $# -gt 0 ] || set -- 1 2 4
command -v jq >/dev/null || { echo "replicas.sh: needs jq" >&2; exit 1; }
[ -x "$bin" ] || { echo "replicas.sh: needs $bin: make build" >&2; exit 1; }
tmp=$(mktemp -d)
servers=() proxy=
cleanup() {
  stop_all
  stop_postgres
  rm -rf "$tmp"
}
trap cleanup EXIT
ulimit -n "$(ulimit -Hn)"

# PostgreSQL does not run as root.
as_postgres() { if [ "$(id -u)" = 0 ]; then su postgres -s /bin/sh -c "$1"; else sh -c "$1"; fi }
pgbin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
pgport=${PGPORT:-5498}
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

# start_servers NUMBER starts servers on one database and waits for their addresses, which go to urls.
start_servers() {
  urls=()
  for i in $(seq "$1"); do
    mkfifo "$tmp/out"
    "$bin" serve --listen 127.0.0.1:0 --data-dir "$tmp/data$i" --database-url "$database" --api-key k --log-level error \
      >"$tmp/out" &
    servers+=($!)
    read -r _ url <"$tmp/out"
    rm "$tmp/out"
    urls+=("$url")
  done
}
stop_all() {
  for pid in $proxy "${servers[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in $proxy "${servers[@]}"; do wait "$pid" 2>/dev/null || true; done
  servers=() proxy=
}

# start_haproxy starts it in front of urls, with the configuration of docs/scaling.md, and sets front.
start_haproxy() {
  local port=${PROXYPORT:-8499}
  {
    sed -n '/^```haproxy$/,/^```$/p' "$root/docs/scaling.md" | sed "/^\`\`\`/d; s/127.0.0.1:8000/127.0.0.1:$port/; /^  server /d"
    for i in "${!urls[@]}"; do echo "  server s$i ${urls[$i]#http://}"; done
  } >"$tmp/haproxy.cfg"
  PATH=$PATH:/usr/sbin haproxy -q -db -f "$tmp/haproxy.cfg" &
  proxy=$!
  front=http://127.0.0.1:$port
  until (echo >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.1; done
}

# seconds PID... adds up the processor time of processes.
seconds() { cat $(printf '/proc/%s/stat ' "$@") | awk -v hz="$(getconf CLK_TCK)" '{ s += $14 + $15 } END { print s / hz }'; }

# measure NAME URL... drives servers and prints a row.
measure() {
  local name=$1 args=() before after status=0
  shift
  for url in "$@"; do args+=(--url "$url"); done
  before=$(seconds "${servers[@]}")
  "$bin" run "${args[@]}" --api-key k --max-concurrent "$conns" --duration "$secs" --audio-size "$audio" --talkgroups 1-10000 \
    --watch none --verify "$database" --json "$tmp/report.json" -q --no-color >"$tmp/said" 2>&1 || status=$?
  after=$(seconds "${servers[@]}")
  [ -s "$tmp/report.json" ] || { cat "$tmp/said" >&2; exit 1; }
  jq -r --arg name "$name" --arg exit "$status" --arg cpu "$(awk "BEGIN { print $after - $before }")" '
    def ms: if . == null then "–" else "\(. * 1e5 | round / 100) ms" end;
    "| \($name) | \(.totals.uploads_per_s | round) | \(.latency.p50_s | ms) | \(.latency.p99_s | ms) | " +
    "\([.servers[]?.attempted] | if length > 1 then "\(min) to \(max)" else "–" end) | " +
    "\(($cpu | tonumber) / .run.duration_s * 100 | round / 100) | " +
    "\(.delivery.stored) of \(.delivery.acknowledged) | \($exit) |"' "$tmp/report.json"
}

start_postgres
cat <<END
| servers | uploads/s | median | 99th percentile | uploads of each | processors of the servers | stored | exit code |
|---|--:|--:|--:|--:|--:|--:|--:|
END
for n in "$@"; do
  for way in direct haproxy; do
    [ $way = direct ] || PATH=$PATH:/usr/sbin command -v haproxy >/dev/null || continue
    name=calls_${n}_$way
    (cd / && as_postgres "$pgbin/createdb -h 127.0.0.1 -p $pgport -U postgres $name")
    database="postgres://postgres@127.0.0.1:$pgport/$name?sslmode=disable"
    rm -rf "$tmp"/data*
    start_servers "$n"
    if [ $way = direct ]; then
      measure "$n" "${urls[@]}"
    else
      start_haproxy
      measure "$n behind HAProxy" "$front"
    fi
    stop_all
  done
done
