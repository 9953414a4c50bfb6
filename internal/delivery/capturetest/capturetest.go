// Package capturetest has helpers for the tests of package delivery and its subpackages that do not need that package:
// the dates of the captured databases, audio to compare, and a short form of an account's audio results. It is for
// tests only.
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

// The dates of the first calls in the captured databases of rdio-scanner 7 and 6.
var (
	FirstOfSeven = time.UnixMilli(1795472069000)
	FirstOfSix   = time.Date(2026, 11, 23, 22, 14, 37, 0, time.UTC)
)

// Embedded returns a clip that is built into the program.
func Embedded(t testing.TB, name string) []byte {
	t.Helper()
	file, err := clips.FS.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Clip returns a clip of a given kind and length.
func Clip(t testing.TB, k audio.Kind, length time.Duration) []byte {
	t.Helper()
	source, err := audio.New(k, 0)
	if err != nil {
		t.Fatal(err)
	}
	clip := source.Clip(audio.Want{Length: length})
	return clip.Bytes([]byte("a call"))
}

// CallOf returns call i of a run of many calls, five seconds apart.
func CallOf(i int) rdio.Call {
	at := FirstOfSix.Add(time.Duration(i) * 5 * time.Second)
	return rdio.Call{System: int64(11 + i%2), Talkgroup: int64(1001 + i%3), Time: at}
}

// Told returns an account's audio results in short: how many calls are stored and altered, how many were compared,
// converted and checked, why not more, and what is wrong with the altered ones.
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

// CheckTold checks an account's audio results.
func CheckTold(t testing.TB, what string, d *measure.Delivery, want string) {
	t.Helper()
	if got := Told(d); got != want {
		t.Errorf("%s: told\n%s, want\n%s", what, got, want)
	}
}
