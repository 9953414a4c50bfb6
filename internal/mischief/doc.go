// Package mischief sends what misbehaving clients of a call server send: uploads that are cut off, slow, malformed, too
// large, without audio, or with a wrong key. It knows for each kind how a sound server may answer; any other answer is
// a finding.
//
// It runs beside a load, on its own connections and goroutines, so that it neither slows good calls in the generator
// nor counts in their figures. It also compares good calls with and without mischief.
package mischief
