package judge

// trials returns how many trials a simulation makes: n, or a twentieth of them, at least 4, under the race detector,
// which makes each ten times as slow and has nothing to find in one goroutine. "make check" runs them all, too.
func trials(n int) int {
	if underRaceDetector {
		return max(n/20, 4)
	}
	return n
}
