#!/usr/bin/env bash
# percentile-rank.sh: hdrhistogram-go rounds the rank of a percentile to the nearest whole number.
#
# One would guess: HdrHistogram gives the same percentile in every language. Of eleven samples, ten of 49.5 ms and one of 3.2 s, the
# 95th percentile is the slow one: ten of eleven are only 90.9 %, so that less than 95 % of the samples do not exceed 49.5 ms.
#
# What happens: hdrhistogram-go 1.4.0 says 49.5 ms, since it takes the rank 0.95*11 + 0.5, cut to 10. HdrHistogram for JavaScript
# 3.0.1, as the Java original, rounds the rank up to 11 and says 3.2 s.
#
# Source: percentileRank in hdr.go of github.com/HdrHistogram/hdrhistogram-go v1.4.0, "rank := (percentile/100)*float64(totalCount) + 0.5";
# getValueAtPercentile in src/JsHistogram.ts of hdr-histogram-js 3.0.1, "round count up to nearest integer, to ensure that the largest
# value that the requested percentile of overall recorded values is actually included".
#
# Needs go, node and npm, and the network for what they download. Exit code 1: it is not so any more; 2: they could not be had.
set -euo pipefail
tmp=$(mktemp -d)
quiet() { "$@" > "$tmp/log" 2>&1 || { cat "$tmp/log"; exit 2; } >&2; }
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
mkdir "$tmp/go" "$tmp/js"

cd "$tmp/go"
cat > main.go <<'GO'
package main

import (
	"fmt"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

func main() {
	h := hdr.New(1, 600_000_000, 3) // microseconds
	for range 10 {
		h.RecordValue(49_500)
	}
	h.RecordValue(3_200_000)
	fmt.Println(h.ValueAtPercentile(95))
}
GO
quiet go mod init finding
quiet go get github.com/HdrHistogram/hdrhistogram-go@v1.4.0
go=$(go run .)

cd "$tmp/js"
cat > main.js <<'JS'
const hdr = require('hdr-histogram-js');
const h = hdr.build({ lowestDiscernibleValue: 1, highestTrackableValue: 600000000, numberOfSignificantValueDigits: 3 }); // microseconds
for (let i = 0; i < 10; i++) h.recordValue(49500);
h.recordValue(3200000);
console.log(h.getValueAtPercentile(95));
JS
quiet npm install --silent --no-audit --no-fund --prefix . hdr-histogram-js@3.0.1
js=$(node main.js)

echo "ten samples of 49,500 µs and one of 3,200,000 µs; their 95th percentile, to three digits:"
echo "hdrhistogram-go 1.4.0    $go µs"
echo "hdr-histogram-js 3.0.1   $js µs"
[ "$go" -ge 49500 ] && [ "$go" -lt 49600 ] || { echo "hdrhistogram-go no longer rounds to the nearest rank"; exit 1; }
[ "$js" -ge 3200000 ] && [ "$js" -lt 3204000 ] || { echo "hdr-histogram-js no longer rounds the rank up"; exit 1; }
