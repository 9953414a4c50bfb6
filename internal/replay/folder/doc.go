// Package folder finds recorded calls in a folder and everything under it.
//
// Files of one stem are one recording: its audio, perhaps in several formats, and a sidecar. Each [Format] is one
// program's way to name and describe recordings; the first that recognizes a recording reads it. Formats judge by names
// where they can, so that a hundred thousand recordings are found within a second.
package folder
