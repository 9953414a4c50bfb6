// Package layout holds the rules of the code's layout: which package may import which, how large a package may become,
// and how long a line. It has no code, only tests.
package layout
