// Package list reads recorded calls from a list of them: a CSV file with a header, or JSON Lines, beside audio files.
//
// A list is read twice: when it is indexed, and row by row when a call is due. In between, only the places of the rows
// are kept, so that a list of millions takes little memory.
package list
