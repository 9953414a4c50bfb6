package stat

// Share is the share that part is of whole, which is not 0.
func Share(part, whole uint64) float64 { return float64(part) / float64(whole) }
