package engine_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/server/transcribe"
	"rdiostress/internal/server/transcribe/engine"
	"rdiostress/internal/testenv"
)

// A program for speech recognition hears words in the recording of a call, behind a shell that converts it.
func TestExecPocketsphinx(t *testing.T) {
	testenv.Program(t, "ffmpeg", "ffmpeg")
	testenv.Program(t, "pocketsphinx_continuous", "pocketsphinx and pocketsphinx-en-us")
	source, err := audio.New(audio.MP3At32k, 0)
	if err != nil {
		t.Fatal(err)
	}
	clip := source.Clip(audio.Want{Length: 5 * time.Second})
	file := clip.Bytes(nil)
	e := newEngine(t, `exec:sh -c 'ffmpeg -v error -i "$0" -ar 16000 -ac 1 "$0.wav" &&
		exec pocketsphinx_continuous -infile "$0.wav" -logfn /dev/null' {file}`,
		engine.Options{Dir: t.TempDir(), Timeout: time.Minute})
	got, err := e.Transcribe(t.Context(), transcribe.Audio{
		CallID: 1, Name: "call.mp3", Size: int64(len(file)), Duration: clip.Duration,
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(file)), nil },
	})
	if err != nil || strings.Trim(got.Text, "abcdefghijklmnopqrstuvwxyz' ") != "" || got.Text == "" {
		t.Errorf("%q, %v", got.Text, err)
	}
	t.Logf("it heard %q", got.Text)
}
