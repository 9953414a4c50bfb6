package units

// Plural writes a number of things whose plural ends in s: "1 call", "2,000 calls".
func Plural(n uint64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return Count(n) + " " + thing + "s"
}

// Are returns "is" for one thing and "are" for others.
func Are(n uint64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// Were returns "was" for one thing and "were" for others.
func Were(n uint64) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// Its returns "its" for one thing and "their" for others.
func Its(n uint64) string {
	if n == 1 {
		return "its"
	}
	return "their"
}
