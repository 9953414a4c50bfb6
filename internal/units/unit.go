package units

// Unit is what a figure of a report is measured in.
type Unit string

// The units of figures that a run is judged by.
const (
	InRatio   Unit = "ratio" // a share of 1
	InSeconds Unit = "s"
	InNumber  Unit = "number"
)
