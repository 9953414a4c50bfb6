package observe

// procStat is what is known of a process.
type procStat struct {
	parent     int32
	name       string
	start      uint64  // when it started, in a unit that only tells it from others with its number
	own, ended float64 // processor seconds that it has used, and that its children had when they ended
}

// family are a process and all that descend from it, except one and its descendants.
func family(table map[int32]procStat, root, without int32) []int32 {
	children := make(map[int32][]int32, len(table))
	for pid, s := range table {
		children[s.parent] = append(children[s.parent], pid)
	}
	list := []int32{root}
	for i := 0; i < len(list); i++ {
		for _, child := range children[list[i]] {
			// The root could be called its own parent's child only by a number used again.
			if child != without && child != root {
				list = append(list, child)
			}
		}
	}
	return list
}
