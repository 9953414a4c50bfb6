// Package mischief misbehaves as clients of a call server do: uploads that are cut off, slow, malformed, too large,
// without audio, with a wrong key. It knows for each kind how a sound server may answer; anything else is a finding.
//
// It runs beside a load, on connections and goroutines of its own, so that it neither costs the good calls anything in
// the generator nor counts in their figures. It also looks whether good calls fare worse while it is on.
package mischief
