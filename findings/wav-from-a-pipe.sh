#!/usr/bin/env bash
# wav-from-a-pipe.sh: go-audio/wav finds no sample in a WAV that ffmpeg wrote to a pipe, and reports no error.
#
# One would guess: where a program could not go back and fill in the length, as in a pipe, the header has FFFFFFFF for it, and a reader
# takes the samples up to the end of the file, as ffprobe does; or it refuses the file.
#
# What happens: go-audio/wav 1.1.0 says that the file lasts 74 hours, and FullPCMBuffer returns no sample and a nil error.
# Chunks are padded to an even size, so it adds one to the size, an uint32 that becomes 0.
#
# Source: NextChunk in decoder.go of github.com/go-audio/wav v1.1.0, "if size%2 == 1 { size++ }", then io.LimitReader(d.r, int64(size));
# Duration in parser.go of github.com/go-audio/riff v1.0.0 divides the size that the header gives.
#
# Needs go and ffmpeg, and the network for what go downloads. Exit code 1: it is not so any more; 2: they could not be had.
set -euo pipefail
tmp=$(mktemp -d)
quiet() { "$@" > "$tmp/log" 2>&1 || { cat "$tmp/log"; exit 2; } >&2; }
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
cd "$tmp"
command -v ffmpeg ffprobe > /dev/null || { echo "ffmpeg is not installed" >&2; exit 2; }
ffmpeg -v error -f lavfi -i sine=frequency=400:duration=30:sample_rate=8000 -ac 1 file.wav
ffmpeg -v error -i file.wav -f wav - > pipe.wav
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/go-audio/wav"
)

func main() {
	for _, name := range os.Args[1:] {
		f, err := os.Open(name)
		if err != nil {
			panic(err)
		}
		length, err := wav.NewDecoder(f).Duration()
		if err != nil {
			panic(err)
		}
		f.Seek(0, 0)
		buf, err := wav.NewDecoder(f).FullPCMBuffer()
		fmt.Printf("%s: length %.0f s, %d samples, error %v\n", name, length.Seconds(), len(buf.Data), err)
	}
}
GO
quiet go mod init finding
quiet go get github.com/go-audio/wav@v1.1.0
saw=$(go run . file.wav pipe.wav)
echo "ffprobe of pipe.wav: $(ffprobe -v error -show_entries format=duration -of csv=p=0 pipe.wav) s"
echo "go-audio/wav 1.1.0:"
echo "$saw"
want="file.wav: length 30 s, 240000 samples, error <nil>
pipe.wav: length 268435 s, 0 samples, error <nil>"
[ "$saw" = "$want" ] || { echo "it is not so any more: it was"; echo "$want"; exit 1; }
