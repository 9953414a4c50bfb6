package observe

// procStat is what is known about a process.
type procStat struct {
	parent     int32
	name       string
	start      uint64  // start time, in a unit that only serves to tell it from others with the same ID
	own, ended float64 // its processor seconds, and those of its ended children
}

// family returns a process and all its descendants, except one of them and its descendants.
func family(table map[int32]procStat, root, without int32) []int32 {
	children := make(map[int32][]int32, len(table))
	for pid, s := range table {
		children[s.parent] = append(children[s.parent], pid)
	}
	list := []int32{root}
	for i := 0; i < len(list); i++ {
		for _, child := range children[list[i]] {
			// Only a reused process ID could make the root a child of its own descendant.
			if child != without && child != root {
				list = append(list, child)
			}
		}
	}
	return list
}
