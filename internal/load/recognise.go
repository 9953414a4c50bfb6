package load

// Recognised says, after Preflight, which server the target is by its replies, in words, and whether it is known to
// answer 200 before a call is stored. It is empty where the replies do not show that.
func (t *HTTPTarget) Recognised() (server string, acknowledgesFirst bool) {
	switch {
	case t.exact:
		return "rdio-scanner 7", true
	case t.learns: // rdio-scanner and what was made of it put calls into a queue in memory
		return "rdio-scanner or a relative of it", true
	default:
		return "", false
	}
}
