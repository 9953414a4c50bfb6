package measure

// CallsLeft counts the calls of a run that are left on the server, without those before it. Where it was not seen what
// is stored, that is as many as the server has acknowledged, and exact is false.
func (r *Result) CallsLeft() (n uint64, exact bool) {
	d := &r.Delivery
	if d.Stored == nil || d.Corrupted == nil {
		for _, p := range r.Phases {
			n += p.Totals.Accepted
		}
		return n, false
	}
	n = *d.Stored + *d.Corrupted
	for _, more := range []*uint64{d.RejectedStored, d.UnansweredStored, d.Pending} {
		if more != nil {
			n += *more
		}
	}
	return n, true
}
