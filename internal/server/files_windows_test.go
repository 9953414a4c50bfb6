package server_test

// openFilesLimit is what Windows does not have; it runs out of other things.
func openFilesLimit() int { return 4000 }
