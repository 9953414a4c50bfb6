package delivery

// OwnLabel is what the labels begin with that this program gives to systems.
const OwnLabel = "rdiostress"

// Servers such as tr-engine know a system by its label. These patterns tell whose systems they are, in a syntax that
// PostgreSQL has too.
const (
	// OwnLabelPattern matches a label as this program writes it, and in it the system's number.
	OwnLabelPattern = `^` + OwnLabel + `[^0-9]*([0-9]{1,18})$`

	// VagueLabelPattern matches what stands for a label that a client left out: the calls can be anybody's.
	VagueLabelPattern = `^(` + OwnLabel + `[^0-9]*|[0-9]*)$`
)
