// Package configfile reads scenario files: YAML whose keys are the names of a command's flags.
//
// It knows no flag by name. Whatever a command's flag set has can be written in a file, and what a value may be is up
// to the flag. Every problem is reported with file, line and column, all of them at once.
package configfile
