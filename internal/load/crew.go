package load

// loopCrew is the workers of a run that share a loop, and the goroutine that it takes.
type loopCrew interface {
	// run sends the load of the run's shape.
	run()
	// runBatch has those among the run's first n workers that are in this crew send one call each, all at once.
	runBatch(n int)
	// wake has the crew look whether the run is over. It may be called from any goroutine.
	wake()
	// close closes the connections.
	close()
}
