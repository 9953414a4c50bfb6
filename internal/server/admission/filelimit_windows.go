package admission

import "math"

// openFilesLimit is how many files the process may have open: as many as there is memory for.
func openFilesLimit() int { return math.MaxInt32 }
