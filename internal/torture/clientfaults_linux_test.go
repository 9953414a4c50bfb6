package torture

func clientFaults() []*fault { return nil }
func hostileFaults() []*fault { return nil }
func signalFaults() []*fault { return nil }
