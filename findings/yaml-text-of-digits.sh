#!/usr/bin/env bash
# yaml-text-of-digits.sh: goccy/go-yaml makes another text of digits in a string field.
#
# One would guess: "key: 0012345670123", read into a string, is the text that is written. In YAML 1.2 it is not even octal: that begins
# with 0o. gopkg.in/yaml.v3 gives the text that is written, for every scalar.
#
# What happens: goccy/go-yaml 1.19.2 reads a number first, octal where it begins with 0 and has no 8 or 9, and gives that in decimal:
# "1402433619". 012345678, which no octal number is, stays as it is. So does an API key of digits work or not, by its digits.
#
# Source: ToNumber in token/token.go of github.com/goccy/go-yaml v1.19.2 (OctetIntegerType), and convertValue in decode.go, which
# formats the number; func (d *decoder) scalar in decode.go of gopkg.in/yaml.v3 v3.0.1, "out.SetString(n.Value)".
#
# Needs go, and the network for what it downloads. Exit code 1: it is not so any more; 2: they could not be had.
set -euo pipefail
tmp=$(mktemp -d)
quiet() { "$@" > "$tmp/log" 2>&1 || { cat "$tmp/log"; exit 2; } >&2; }
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
cd "$tmp"
cat > main.go <<'GO'
package main

import (
	"fmt"

	goccy "github.com/goccy/go-yaml"
	v3 "gopkg.in/yaml.v3"
)

func main() {
	for _, text := range []string{"0012345670123", "012345678", "12_000_000", "1.50", "0x1F"} {
		var a, b struct{ Key string }
		if err := goccy.Unmarshal([]byte("key: "+text+"\n"), &a); err != nil {
			panic(err)
		}
		if err := v3.Unmarshal([]byte("key: "+text+"\n"), &b); err != nil {
			panic(err)
		}
		fmt.Printf("%-14s %-14s %s\n", text, a.Key, b.Key)
	}
}
GO
quiet go mod init finding
quiet go get github.com/goccy/go-yaml@v1.19.2 gopkg.in/yaml.v3@v3.0.1
saw=$(go run .)
printf '%-14s %-14s %s\n' written goccy/go-yaml yaml.v3
echo "$saw"
want="0012345670123  1402433619     0012345670123
012345678      012345678      012345678
12_000_000     12000000       12_000_000
1.50           1.5            1.50
0x1F           31             0x1F"
[ "$saw" = "$want" ] || { echo "it is not so any more: it was"; echo "$want"; exit 1; }
