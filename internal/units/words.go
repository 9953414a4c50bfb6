package units

// Plural renders a number of things whose plural ends in s.
func Plural(n uint64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return Count(n) + " " + thing + "s"
}

func Were(n uint64) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func Its(n uint64) string {
	if n == 1 {
		return "its"
	}
	return "their"
}
