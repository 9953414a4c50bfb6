// Package capturetest has what the tests of package delivery and of its places share and what does not need that
// package: when the calls of captured databases were, audio to compare, and what an account says of audio in short. It
// is for tests only.
package capturetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	clips "rdiostress/testdata/audio"
)

// When the first call was that the captured databases of rdio-scanner 7 and 6 have.
var (
	FirstOfSeven = time.UnixMilli(1795472069000)
	FirstOfSix   = time.Date(2026, 11, 23, 22, 14, 37, 0, time.UTC)
)

// Embedded reads a clip that is built into the program.
func Embedded(t testing.TB, name string) []byte {
	t.Helper()
	file, err := clips.FS.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Clip is a clip of a kind and length.
func Clip(t testing.TB, k audio.Kind, length time.Duration) []byte {
	t.Helper()
	source, err := audio.New(k, 0)
	if err != nil {
		t.Fatal(err)
	}
	clip := source.Clip(audio.Want{Length: length})
	return clip.Bytes([]byte("a call"))
}

// CallOf is call i of a run of many, five seconds apart.
func CallOf(i int) rdio.Call {
	at := FirstOfSix.Add(time.Duration(i) * 5 * time.Second)
	return rdio.Call{System: int64(11 + i%2), Talkgroup: int64(1001 + i%3), Time: at}
}

// Told is what an account says of audio, in short: how many calls are stored and altered, how many were compared,
// converted and checked, why not more, and what is wrong with those that are altered.
func Told(d *measure.Delivery) string {
	words := fmt.Sprintf("%d+%d; %d compared, %d converted, %d checked", *d.Stored, *d.Corrupted, *d.AudioCompared,
		*d.AudioConverted, *d.AudioConvertedChecked)
	if d.AudioNotCompared != "" {
		words += "; " + d.AudioNotCompared
	}
	for _, example := range d.Examples {
		if number, why, ok := strings.Cut(example, ": stored with other audio: "); ok {
			words += "; " + number[len(number)-3:] + ": " + why
		}
	}
	return words
}

// CheckTold checks what an account says of audio.
func CheckTold(t testing.TB, what string, d *measure.Delivery, want string) {
	t.Helper()
	if got := Told(d); got != want {
		t.Errorf("%s: told\n%s, want\n%s", what, got, want)
	}
}
