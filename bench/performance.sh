#!/usr/bin/env bash
# performance.sh: measures what rdiostress costs beside other load generators, and prints its section of docs/performance.md.
#
# Needs go, cc, wrk, taskset and /usr/bin/time, two processors with nothing else to do, and 40 minutes, ten of them for the long
# run (SOAK_S, 600). bombardier, hey, vegeta and k6 are measured if they are installed:
#
#   go install github.com/codesenberg/bombardier@latest
#   go install github.com/rakyll/hey@latest
#   go install github.com/tsenart/vegeta/v12@latest
#   go install go.k6.io/k6@latest
set -euo pipefail
for needed in go cc wrk taskset /usr/bin/time; do
  command -v $needed >/dev/null || { echo "performance.sh: needs $needed" >&2; exit 1; }
done
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
bin=$root/bin/rdiostress
soak=${SOAK_S:-600}
tmp=$(mktemp -d)
trap 'kill "${sink:-}" 2>/dev/null; rm -rf "$tmp"' EXIT
ulimit -n "$(ulimit -Hn)"
PATH=$PATH:$(go env GOPATH)/bin
export PATH

# Watching the server and looking for its calls are other jobs, which the others do not have.
alone="--watch none --verify none --talkgroups 1-10000 -q"
ours="$bin run --url {base} --max-concurrent {conns} --duration {secs} --audio-size {bytes} $alone"
wrk="env BODY={file} TYPE={type} wrk -t1 -c{conns} -d{secs}s -s $here/post.lua {url}"
cost() { # TITLE BYTES CONNECTIONS SECONDS NAME=COMMAND...
  printf '### %s\n\n' "$1"
  shift
  "$here/client-cost.sh" "$@" | tee "$tmp/table"
  printf '\n'
}

versions=
for client in bombardier hey vegeta k6; do
  if path=$(command -v $client); then
    versions+=", $client $(go version -m "$path" | awk '$1 == "mod" { print $3 }')"
  fi
done

cat <<TEXT
Measured by \`make bench\` on $(date -u +%Y-%m-%d): $(nproc) processors ($(lscpu | sed -n 's/^Model name: *//p')), Linux $(uname -r | cut -d- -f1),
$(go version | cut -d' ' -f3), $(wrk -v 2>&1 | head -n 1 | cut -d' ' -f1-2)$versions;
TCP with $(cat /proc/sys/net/ipv4/tcp_congestion_control). Ratios carry over to other machines better than figures do.
The commands are in \`bench/performance.sh\`.

## Client cost

Processor time, user and system, that one upload costs the client, against \`bench/sink.c\`, which discards the body and answers
200. The client has one processor, the sink the other; the clients take turns, in rounds. rdiostress makes every call a different
one, reads the reply, and records seven histograms; it neither watches the server nor looks for its calls (\`--watch none
--verify none\`). The others, but for k6, send one body again and again, with the fields that rdiostress sends as SDRTrunk; wrk sends
SDRTrunk's headers too. 5 rounds of 8 s each for the sizes, 5 of 6 s beside other generators, 3 shorter ones below. The starts of the programs
count. Under \`rdiostress: CPU\` and the second \`uploads/s\` are the medians of its figure divided by the other's in the same round; \`bar\` is what
that must be, where something is required. As the client has one processor, which it fills, uploads/s say little more than CPU does. A
failed upload counts for nothing, but costs its time. By \`bench/client-cost.sh\`.

From 128 kB on, most of the lead over wrk is that rdiostress takes its connections over the loopback from BBR where that is the system's
congestion control, see below: with another one, they are about equal there.

TEXT
for size in 1024:'1 kB' 16384:'16 kB' 131072:'128 kB' 1048576:'1 MB'; do
  ROUNDS=5 cost "${size#*:} of audio, 100 connections" "${size%%:*}" 100 8 "rdiostress=$ours" "wrk:cpu:1=$wrk"
done

others=()
command -v bombardier >/dev/null && others+=("bombardier:cpu:0.7=bombardier -c {conns} -d {secs}s -m POST -f {file} -H \"Content-Type: \"{type} {url}")
command -v hey >/dev/null && others+=("hey:cpu:0.25=hey -z {secs}s -c {conns} -m POST -T {type} -D {file} {url}")
command -v vegeta >/dev/null && others+=("vegeta:cpu:0.25=$here/vegeta.sh {url} {file} {type} {conns} {secs}")
command -v k6 >/dev/null && others+=("k6:cpu:0.0667=k6 run -q --no-usage-report --vus {conns} --duration {secs}s -e URL={url} -e AUDIO={audio} $here/k6.js")
if [ ${#others[@]} -gt 0 ]; then
  printf '## Beside other load generators\n\nk6 makes the multipart form of each call (`http.file`), another one each time a user sends, and checks what the reply says, as its users have it do\n(`bench/k6.js`); the others post the same bytes again and again.\n\n'
  ROUNDS=5 cost '16 kB of audio, 100 connections' 16384 100 6 "rdiostress=$ours" "${others[@]}"
fi

printf '## Many connections\n\n'
cost '16 kB of audio, 1,000 connections' 16384 1000 4 "rdiostress=$ours" "wrk:rate:1=$wrk"
few=$(awk -F'|' '$2 ~ /rdiostress/ && $5 + 0 > 0 { print $5 + 0; exit }' "$tmp/table")
cost '16 kB of audio, 10,000 connections' 16384 10000 5 "rdiostress=$ours" "wrk:rate:1=$wrk"
awk -F'|' -v few="$few" '$2 ~ /rdiostress/ && $5 + 0 > 0 { each = ($5 - few) * 1024 / 9000
  printf "Each of the 9,000 connections that 10,000 are more than 1,000 takes %.1f kB (at most 12: %s).\n\n", each, each <= 12 ? "met" : "**missed**"; exit }' "$tmp/table"

printf '## Other ways to connect\n\n'
anew=()
command -v hey >/dev/null && anew+=("hey=hey -disable-keepalive -z {secs}s -c {conns} -m POST -T {type} -D {file} {url}")
command -v vegeta >/dev/null && anew+=("vegeta=$here/vegeta.sh {url} {file} {type} {conns} {secs} -keepalive=false")
cost 'One connection for each call, 16 kB, 100 at once' 16384 100 2 "rdiostress=$ours --keepalive=false" "${anew[@]}"
printf 'Over TLS, the sink is a Go server (`bench/tlssink`), and it is the limit.\n\n'
TLS=1 cost 'TLS, 16 kB, 100 connections' 16384 100 3 "rdiostress=$ours --insecure" "rdiostress-http2=$ours --insecure --http2" "wrk=$wrk"

cc -O2 -o "$tmp/sink" "$here/sink.c"
"$tmp/sink" 9900 >/dev/null &
sink=$!
sleep 0.3
printf '## Schedule lag\n\nHow late a call is sent, client and sink sharing both processors, 16 kB, 100 slots, 10 s. At most: p50 100 µs, p99 1 ms.\n\n'
printf '| calls/s | p50 | p99 | max | bar |\n|---|---|---|---|---|\n'
for rate in 1000 5000; do
  rm -f "$tmp/lag.json"
  "$bin" run --url http://127.0.0.1:9900 --rate $rate --max-concurrent 100 --duration 10 --audio-size 16384 $alone \
    --json "$tmp/lag.json" >/dev/null || true # the table says how late it was
  awk -v rate=$rate '
    /"lag_p50_s"/ { p50 = $2 * 1e6 } /"lag_p99_s"/ { p99 = $2 * 1e6 } /"lag_max_s"/ { most = $2 * 1e6 }
    END { printf "| %d | %.0f µs | %.0f µs | %.0f µs | %s |\n", rate, p50, p99, most, p50 <= 100 && p99 <= 1000 ? "met" : "**missed**" }' "$tmp/lag.json"
done

printf '\n## In user space\n\n`WireUpload` and `WireTLS` are both ends together; crypto/tls allocates in both.\n\n```\n'
(cd "$root" && go test -run '^$' -bench 'Record$|Encode|Next$|Due|WireUpload|WireTLS|Reply$' -benchtime 0.5s -benchmem ./internal/measure ./internal/rdio ./internal/schedule ./internal/traffic ./internal/upload/wire | grep '^Benchmark') | tee "$tmp/micro"
printf '```\n\n'
awk '/^BenchmarkRecord/ { printf "To record one outcome, while all processors do, in time per record of all of them together: %s ns, %s allocations (at most 60 and 0: %s).\n\n", $3, $7,
  $3 <= 60 && $7 == 0 ? "met" : "**missed**" }' "$tmp/micro"

printf '## Memory of a long run\n\n'
"$bin" run --url http://127.0.0.1:9900 --rate 5000 --max-concurrent 100 --duration "$soak" $alone \
  --json "$tmp/soak.json" >/dev/null &
run=$!
sleep 5
: >"$tmp/rss"
while kill -0 $run 2>/dev/null; do
  awk '/VmRSS/ { print $2 / 1024 }' /proc/$run/status >>"$tmp/rss" 2>/dev/null || true
  sleep 5
done
wait $run || true
awk -v secs="$soak" '
  NR == 1 { first = $1 } { rss[NR] = $1; if ($1 > most) most = $1 }
  END {
    n = int(NR / 2); for (i = 1; i <= n; i++) early += rss[i] / n; for (i = NR - n + 1; i <= NR; i++) late += rss[i] / n
    printf "5,000 calls/s over 100 connections for %d s: %.1f MB of resident memory after 5 s, %.1f MB at most, %.1f MB in the mean of\n", secs, first, most, early
    printf "the first half and %.1f MB of the second (at most 40 MB, and flat: %s). ", late, most <= 40 && late <= early * 1.1 ? "met" : "**missed**"
  }' "$tmp/rss"
awk '/"accepted":/ && !n++ { a = $2 } /"failed":/ && !f++ { e = $2 } END { printf "%d accepted, %d failed.\n", a, e }' "$tmp/soak.json"
if [ -f "$here/notes.md" ]; then
  printf '\n'
  cat "$here/notes.md"
fi
