#!/usr/bin/env bash
# client-cost: what one upload costs each load generator, in client CPU, all in one run on one machine.
#
#   client-cost.sh BODY_BYTES CONNECTIONS SECONDS NAME=COMMAND [NAME[:FIGURE:LIMIT]=COMMAND ...]
#
# Each COMMAND drives {url} for SECONDS; in it, {url} {base} {file} {type} {audio} {conns} {secs} {bytes} are replaced ({base}: the
# url without its path; {file}: a multipart body with BODY_BYTES of audio, {type}: its Content-Type; {audio}: the audio alone).
# The sink is pinned to CPU 1 and the client to CPU 0. ROUNDS rounds (3), the commands in turn. The table has the median of each,
# and the median of the first command's ratio to each in the same round: of CPU per upload (cpu), or uploads per second (rate).
# A LIMIT is the most that the ratio of cpu may be, or the least that the one of rate must be. TLS=1 uses a sink that speaks TLS.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'kill "$sink" 2>/dev/null || true; wait "$sink" 2>/dev/null || true; rm -rf "$tmp"' EXIT
bytes=$1 conns=$2 secs=$3 rounds=${ROUNDS:-3}
shift 3
base=http://127.0.0.1:9900
if [ -n "${TLS:-}" ]; then
  base=https://127.0.0.1:9900
  (cd "$here" && go build -o "$tmp/sink" ./tlssink)
else
  cc -O2 -o "$tmp/sink" "$here/sink.c"
fi
: >"$tmp/count"
taskset -c 1 "$tmp/sink" 9900 >>"$tmp/count" &
sink=$!
boundary=--sdrtrunk-sdrtrunk-sdrtrunk # SDRTrunk's form, field by field, which is what rdiostress sends
type="multipart/form-data; boundary=$boundary"
field() { printf -- '--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' "$boundary" "$1" "$2"; }
head -c "$bytes" /dev/urandom >"$tmp/audio"
{
  field key test-api-key; field system 900; field dateTime 1764000000; field talkgroup 1009; field source 4000168
  field frequency 852925000; field talkerAlias ''; field talkgroupLabel 'Elm FD2 Disp'; field talkgroupGroup 'Elm Fire North'
  field systemLabel rdiostress; field patches '[]'
  printf -- '--%s\r\nContent-Disposition: form-data; filename="20261124_215950.000_rs-sg366fki-0000007.mp3"; name="audio"\r\n\r\n' "$boundary"
  cat "$tmp/audio"
  printf -- '\r\n--%s--\r\n' "$boundary"
} >"$tmp/body"
counted() { # uploads since the last time
  local before
  before=$(wc -l <"$tmp/count")
  kill -USR1 "$sink"
  while [ "$(wc -l <"$tmp/count")" -le "$before" ]; do
    kill -0 "$sink" || exit 1 # nobody would ever answer
    sleep 0.02
  done
  tail -n 1 "$tmp/count" | awk '{ print $2 }'
}
sleep 0.3
for round in $(seq "$rounds"); do
  for spec in "$@"; do
    name=${spec%%=*} cmd=${spec#*=}
    cmd=${cmd//\{url\}/$base/api/call-upload} cmd=${cmd//\{base\}/$base} cmd=${cmd//\{file\}/$tmp/body} cmd=${cmd//\{audio\}/$tmp/audio}
    cmd=${cmd//\{type\}/\'$type\'} cmd=${cmd//\{conns\}/$conns} cmd=${cmd//\{secs\}/$secs} cmd=${cmd//\{bytes\}/$bytes}
    held=0 # ports that closed connections still hold
    while [ "$(awk '$4 == "06"' /proc/net/tcp | wc -l)" -gt 5000 ]; do
      [ $((held++)) -gt 0 ] || echo "client-cost: waiting for up to a minute until ${name%%:*} can have free ports" >&2
      sleep 1
    done
    counted >/dev/null
    /usr/bin/time -f '%U %S %M' -o "$tmp/time" taskset -c 0 bash -c "exec $cmd" >"$tmp/out" 2>&1 || true
    sleep 0.3 # the sink reads what is left
    uploads=$(counted)
    if [ "$uploads" -eq 0 ]; then
      echo "client-cost: nothing was uploaded by: $cmd" >&2
      tail -n 5 "$tmp/out" >&2
      exit 1
    fi
    read -r user sys rss < <(tail -n 1 "$tmp/time")
    echo "$round $name $user $sys $rss $uploads" >>"$tmp/rows"
  done
done
awk -v secs="$secs" '
  function median(list,  a, n, i, j, t) {
    n = split(list, a, " ")
    for (i = 2; i <= n; i++) for (j = i; j > 1 && a[j-1] + 0 > a[j] + 0; j--) { t = a[j]; a[j] = a[j-1]; a[j-1] = t }
    return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
  }
  {
    us = ($3 + $4) * 1e6 / $6; rate = $6 / secs
    if (!($2 in cpu)) order[++names] = $2
    cpu[$2] = cpu[$2] " " us; per_s[$2] = per_s[$2] " " rate; mb[$2] = mb[$2] " " $5 / 1024
    if ($2 == order[1]) { us0[$1] = us; rate0[$1] = rate }
    cpus[$2] = cpus[$2] " " us0[$1] / us; rates[$2] = rates[$2] " " rate0[$1] / rate
  }
  END {
    printf "| client | CPU µs/upload | uploads/s | RSS MB | rdiostress: CPU | uploads/s | bar |\n|---|---|---|---|---|---|---|\n"
    for (i = 1; i <= names; i++) {
      n = order[i]; split(n, part, ":"); bar = ""
      c = median(cpus[n]); r = median(rates[n])
      if (part[2] == "cpu") bar = sprintf("CPU ≤ %s: %s", part[3], c <= part[3] + 0 ? "met" : "**missed**")
      if (part[2] == "rate") bar = sprintf("uploads/s ≥ %s: %s", part[3], r >= part[3] + 0 ? "met" : "**missed**")
      share = i == 1 ? " | " : sprintf("%.3f | %.2f", c, r)
      printf "| %s | %.2f | %.0f | %.1f | %s | %s |\n", part[1], median(cpu[n]), median(per_s[n]), median(mb[n]), share, bar
    }
  }' "$tmp/rows"
