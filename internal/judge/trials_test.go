package judge

// trials returns how many trials a simulation makes: n, or under the race detector a twentieth of them, at least 4,
// since the detector makes each ten times as slow and finds nothing in a single goroutine. "make check" also runs all
// of them.
func trials(n int) int {
	if underRaceDetector {
		return max(n/20, 4)
	}
	return n
}
