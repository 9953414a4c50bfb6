package delivery

// OwnLabel is the prefix of the labels that this program gives to systems.
const OwnLabel = "rdiostress"

// Servers such as tr-engine identify a system by its label. These patterns recognise whose systems they are, in a
// syntax that PostgreSQL supports too.
const (
	// OwnLabelPattern matches a label that this program writes, and captures the system's number.
	OwnLabelPattern = `^` + OwnLabel + `[^0-9]*([0-9]{1,18})$`

	// VagueLabelPattern matches the placeholder of a label that a client left out: the calls can be anybody's.
	VagueLabelPattern = `^(` + OwnLabel + `[^0-9]*|[0-9]*)$`
)
