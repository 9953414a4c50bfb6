package load

// checkFiles has nothing to say: Windows has no such limit on sockets.
func checkFiles(int) error { return nil }
