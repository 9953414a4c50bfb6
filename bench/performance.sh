#!/usr/bin/env bash
# performance.sh: measures what rdiostress costs beside other load generators, and prints docs/performance.md.
#
# Needs cc, wrk, taskset and /usr/bin/time, two processors with nothing else to do, and about a quarter of an hour (SOAK_S, 600,
# of it for the long run). bombardier, hey, vegeta and k6 are measured if they are installed:
#
#   go install github.com/codesenberg/bombardier@latest github.com/rakyll/hey@latest
#   go install github.com/tsenart/vegeta/v12@latest go.k6.io/k6@latest
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
bin=$root/bin/rdiostress
tmp=$(mktemp -d)
trap 'kill "${sink:-}" 2>/dev/null; rm -rf "$tmp"' EXIT
ulimit -n "$(ulimit -Hn)"
PATH=$PATH:$(go env GOPATH)/bin
export PATH

ours="$bin run --url http://127.0.0.1:9900 --max-concurrent {conns} --duration {secs} --audio-size {bytes} --talkgroups 1-10000 -q"
wrk="env BODY={file} TYPE={type} wrk -t1 -c{conns} -d{secs}s -s $here/post.lua {url}"
cost() { # BYTES CONNECTIONS SECONDS NAME=COMMAND...
  printf '### %s bytes of audio, %s connections\n\n```\n' "$1" "$2"
  "$here/client-cost.sh" "$@"
  printf '```\n\n'
}

cat <<TEXT
# Performance

Measured by \`make bench\` on $(date -u +%Y-%m-%d): $(nproc) processors ($(lscpu | sed -n 's/^Model name: *//p')), Linux $(uname -r | cut -d- -f1),
$(go version | cut -d' ' -f3), $(wrk -v 2>&1 | head -n 1 | cut -d' ' -f1-2). Ratios carry over to other machines, figures do not.

## Client cost

Processor time, user and system, that one upload costs the client: the median of three rounds, in turn, against \`bench/sink.c\`,
which discards the body and answers 200. The client has one processor, the sink the other. rdiostress makes every call a
different one, reads the reply, and records seven histograms; the others send one body again and again. \`ratio\` is to
rdiostress. By \`bench/client-cost.sh\`.

TEXT
for bytes in 1024 16384 131072 1048576; do
  cost "$bytes" 100 3 "rdiostress=$ours" "wrk=$wrk"
done

others=()
command -v bombardier >/dev/null && others+=("bombardier=bombardier -c {conns} -d {secs}s -m POST -f {file} -H \"Content-Type: \"{type} {url}")
command -v hey >/dev/null && others+=("hey=hey -z {secs}s -c {conns} -m POST -T {type} -D {file} {url}")
command -v vegeta >/dev/null && others+=("vegeta=$here/vegeta.sh {url} {file} {type} {conns} {secs}")
command -v k6 >/dev/null && others+=("k6=k6 run -q --no-usage-report --vus {conns} --duration {secs}s -e URL={url} -e BODY={file} -e TYPE={type} $here/k6.js")
if [ ${#others[@]} -gt 0 ]; then
  printf '## Beside other load generators\n\n'
  cost 16384 100 3 "rdiostress=$ours" "${others[@]}"
fi

printf '## Many connections\n\nUploads per second, client and sink on a processor each.\n\n'
for conns in 1000 10000; do
  cost 16384 "$conns" 5 "rdiostress=$ours" "wrk=$wrk"
done

cc -O2 -o "$tmp/sink" "$here/sink.c"
"$tmp/sink" 9900 >/dev/null &
sink=$!
sleep 0.3
printf '## Schedule lag\n\nHow late a call is released, client and sink sharing both processors, 16 kB, 100 slots, 10 s.\n\n'
printf '| calls/s | p50 | p99 | max |\n|---|---|---|---|\n'
for rate in 1000 5000; do
  "$bin" run --url http://127.0.0.1:9900 --rate $rate --max-concurrent 100 --duration 10 --audio-size 16384 \
    --talkgroups 1-10000 -q --json "$tmp/lag.json" >/dev/null
  awk -v rate=$rate '
    /"lag_p50_s"/ { p50 = $2 * 1e6 } /"lag_p99_s"/ { p99 = $2 * 1e6 } /"lag_max_s"/ { most = $2 * 1e6 }
    END { printf "| %d | %.0f µs | %.0f µs | %.0f µs |\n", rate, p50, p99, most }' "$tmp/lag.json"
done

printf '\n## In user space\n\n```\n'
(cd "$root" && go test -run '^$' -bench 'Record$|Encode$|Next$|Due|WireUpload' -benchmem ./internal/measure ./internal/rdio ./internal/load | grep '^Benchmark')
printf '```\n\n'

printf '## Memory of a long run\n\n'
"$bin" run --url http://127.0.0.1:9900 --rate 5000 --max-concurrent 100 --duration "${SOAK_S:-600}" --talkgroups 1-10000 -q \
  --json "$tmp/soak.json" >/dev/null &
run=$!
sleep 5
: >"$tmp/rss"
while kill -0 $run 2>/dev/null; do
  awk '/VmRSS/ { print $2 / 1024 }' /proc/$run/status >>"$tmp/rss" 2>/dev/null || true
  sleep 5
done
wait $run || true
awk -v secs="${SOAK_S:-600}" '
  NR == 1 { first = $1 } { last = $1; if ($1 > most) most = $1 }
  END { printf "5,000 calls/s over 100 connections for %d s: %.1f MB of resident memory after 5 s, %.1f MB at the end, %.1f MB at most.\n", secs, first, last, most }' "$tmp/rss"
awk '/"accepted":/ && !n++ { a = $2 } /"failed":/ && !f++ { e = $2 } END { printf "%s accepted, %s failed.\n", a, e }' "$tmp/soak.json" | tr -d ,
