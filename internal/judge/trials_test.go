package judge

// trials returns how many trials a simulation makes: n, or a tenth of them under the race detector, which makes each
// ten times as slow and has nothing to find in one goroutine. "make check" runs them all, too.
func trials(n int) int {
	if underRaceDetector {
		return n / 10
	}
	return n
}
