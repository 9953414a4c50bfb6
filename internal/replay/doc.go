// Package replay reads recorded radio calls: a trunk-recorder archive (audio with a .json sidecar of the same name) or
// an SDRTrunk recording folder (file names and ID3 tags).
//
// [Open] walks a folder and orders the recordings by what their names say, without opening them, so that a hundred
// thousand start within seconds; [Archive.Read] opens one when it is needed.
package replay
