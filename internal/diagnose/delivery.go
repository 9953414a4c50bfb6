package diagnose

import (
	"strconv"
	"strings"

	"rdiostress/internal/measure"
)

// minDrainS is for how many seconds storing must go on after the last reply to show a backlog.
const minDrainS = 2.5

// bySink is the delivery method that sees what the server forwards, not what it stores.
const bySink = "sink"

// seesStoring reports whether delivery verification shows what the server stores. A sink that received nothing does
// not.
func seesStoring(d *measure.Delivery) bool {
	return d.Method != bySink || d.Stored != nil && *d.Stored > 0
}

// delivery sets the signals of what became of the acknowledged calls.
func (s Signals) delivery(res *measure.Result) {
	d := &res.Delivery
	if d.Acknowledged == nil || *d.Acknowledged == 0 || !seesStoring(d) {
		return
	}
	acknowledged := float64(*d.Acknowledged)
	s.set("acknowledged", acknowledged, Count)
	part := func(count *uint64, name string) {
		if count != nil && *count > 0 {
			s.set(name, float64(*count), Count)
			s.set(name+"_share", float64(*count)/acknowledged, Share)
		}
	}
	part(d.Lost, "lost")
	part(d.Dropped, "dropped_duplicate")
	part(d.Missing, "missing")
	part(d.Corrupted, "altered")
	s.refused(d)
	if d.Method != bySink { // which calls can reach late that were stored in time
		part(d.Pending, "pending")
		part(d.BacklogMax, "backlog")
		part(d.BacklogEnd, "backlog_end")
	}
	if d.Lost != nil && *d.Lost > 0 && d.Dropped != nil {
		s.set("dropped_of_lost_share", float64(*d.Dropped)/float64(*d.Lost), Share)
	}
	if d.StoredPerS != nil {
		s.set("stored_per_s", *d.StoredPerS, PerS)
	}
	if d.DrainS != nil {
		s.set("drain", *d.DrainS, Seconds)
		// Storing is seen at intervals: what is stored by the next look need not have waited.
		if d.BacklogEnd != nil && *d.DrainS >= minDrainS && d.Method != bySink {
			s.set("late_share", float64(*d.BacklogEnd)/acknowledged, Share)
		}
	}
}

// refused counts the missing calls that the server's log gives a reason for, and those that it does not mention.
func (s Signals) refused(d *measure.Delivery) {
	acknowledged, refused := float64(*d.Acknowledged), uint64(0)
	var why []string
	for _, r := range d.Reasons {
		if r.Fate == measure.FateMissing {
			refused += r.Count
			why = append(why, strconv.Quote(r.Reason))
		}
	}
	if refused > 0 {
		const most = 3
		s.setWithNote("refused", float64(refused), Count, strings.Join(why[:min(len(why), most)], ", "))
		s.set("refused_share", float64(refused)/acknowledged, Share)
	}
	said := refused
	if d.Dropped != nil {
		said += *d.Dropped
	}
	if d.Lost != nil && *d.Lost > said {
		s.set("silent_loss_share", float64(*d.Lost-said)/acknowledged, Share)
	}
}
