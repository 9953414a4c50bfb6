#!/usr/bin/env bash
# client-cost: what one upload costs each load generator, in client CPU, all in one run on one machine.
#
#   client-cost.sh BODY_BYTES CONNECTIONS SECONDS NAME=COMMAND [NAME=COMMAND ...]
#
# Each COMMAND drives http://127.0.0.1:9900/api/call-upload for SECONDS; in it, {url} {file} {type} {conns} {secs} {bytes} are
# replaced ({file}: a multipart body with BODY_BYTES of audio, {type}: its Content-Type). The sink is pinned to CPU 1 and
# the client to CPU 0. Three rounds, the commands in turn; the median of each is printed with its ratio to the first.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'kill "$sink" 2>/dev/null; rm -rf "$tmp"' EXIT
bytes=$1 conns=$2 secs=$3
shift 3
cc -O2 -o "$tmp/sink" "$here/sink.c"
taskset -c 1 "$tmp/sink" 9900 >>"$tmp/count" &
sink=$!
boundary=rdiostress-bench-boundary
type="multipart/form-data; boundary=$boundary"
field() { printf -- '--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' "$boundary" "$1" "$2"; }
{
  field key test-api-key; field system 100; field dateTime 1764000000; field talkgroup 1001; field source 4424000
  field frequency 460012500; field talkgroupLabel 'TG 1001'; field talkgroupGroup Fire; field systemLabel 'System 100'
  printf -- '--%s\r\nContent-Disposition: form-data; name="audio"; filename="call.mp3"\r\nContent-Type: audio/mpeg\r\n\r\n' "$boundary"
  head -c "$bytes" /dev/urandom
  printf -- '\r\n--%s--\r\n' "$boundary"
} >"$tmp/body"
sleep 0.2
for round in 1 2 3; do
  for spec in "$@"; do
    name=${spec%%=*} cmd=${spec#*=}
    cmd=${cmd//\{url\}/http://127.0.0.1:9900/api/call-upload} cmd=${cmd//\{file\}/$tmp/body}
    cmd=${cmd//\{type\}/\'$type\'} cmd=${cmd//\{conns\}/$conns} cmd=${cmd//\{secs\}/$secs} cmd=${cmd//\{bytes\}/$bytes}
    kill -USR1 "$sink"; sleep 0.1; : >"$tmp/count"
    /usr/bin/time -f '%U %S %M' -o "$tmp/time" taskset -c 0 bash -c "exec $cmd" >"$tmp/out" 2>&1 || true
    sleep 0.5 # the sink reads what is left, and waits again: only then does a signal make it print
    kill -USR1 "$sink"; sleep 0.1
    read -r user sys rss < <(tail -n 1 "$tmp/time")
    uploads=$(awk '{print $2}' "$tmp/count" | tail -n 1)
    awk -v n="$name" -v u="$user" -v s="$sys" -v r="$rss" -v k="${uploads:-0}" -v d="$secs" \
      'BEGIN { printf "%s %.2f %.0f %.1f\n", n, k ? (u+s)*1e6/k : 0, k/d, r/1024 }' >>"$tmp/rows"
  done
done
printf '%-14s %16s %12s %10s %8s\n' client 'CPU us/upload' 'uploads/s' 'RSS MB' ratio
for spec in "$@"; do
  name=${spec%%=*}
  awk -v n="$name" '$1 == n { print $2, $3, $4 }' "$tmp/rows" | sort -n | sed -n 2p | sed "s/^/$name /"
done | awk 'NR == 1 { base = $2 } { printf "%-14s %16.2f %12.0f %10.1f %8.2f\n", $1, $2, $3, $4, base ? $2/base : 0 }'
