// Package replay puts recorded radio calls in the order in which they began, and reads each when it is due.
//
// Recordings come from a [Source]: a folder of files, a database, a list. A source first adds an [Entry] for each of
// its calls to an [Index], by what it can tell without opening the recording: the earliest and the latest time at which
// the call can have begun. An index of a hundred thousand calls is made within a second or so and takes some megabytes.
//
// [Open] sorts the index. When exactly a call began is asked of its source only shortly before it is due. An [Archive]
// reads ahead in a window, which is as long as the times of the entries are uncertain: SDRTrunk's names tell when a
// call ended, so there it is as long as the longest call. A recording's audio is read last, by [Archive.Read].
//
// What cannot be sent is counted with its [Reason], and named.
//
// The sources are in packages below this one; package location finds the one that a user means.
package replay
