package load

// checkFiles always succeeds: Windows has no such limit on sockets.
func checkFiles(int) error { return nil }
