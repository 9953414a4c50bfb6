// Package audio makes call audio: clips of a wanted length, each valid in its codec from its first byte to its last.
//
// A generator needs thousands of clips a second and may spend no time on any of them, so a clip is a view into memory
// that was laid out once: nothing is copied, encoded or allocated per call. The recordings come from testdata/audio.
package audio
