package threshold

import (
	"slices"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// Kind says where in a report the value of a figure comes from.
type Kind uint8

// The kinds of figures.
const (
	Uploads  Kind = iota // counts and shares of uploads
	Response             // response times of accepted uploads
	Service              // service times of accepted uploads
	Delivery             // what became of acknowledged calls
	Stored               // times from when a call was due until it was stored
	Server               // what was observed of the server, of which there is a value for each second
)

// The units of figures besides those of package units.
const (
	InCalls     units.Unit = "calls"
	InPerSecond units.Unit = "calls/s"
)

// Figure is a figure that can be limited.
type Figure struct {
	Name   string
	Kind   Kind
	Unit   units.Unit
	Signal measure.Signal // of a figure of the server
	Doc    string         // for the manual
}

// Named returns the figure with a name, and false if there is none.
func Named(name string) (Figure, bool) {
	all := Figures()
	i := slices.IndexFunc(all, func(f Figure) bool { return f.Name == name })
	if i < 0 {
		return Figure{}, false
	}
	return all[i], true
}

// Figures returns all figures.
func Figures() []Figure {
	list := []Figure{
		{Name: "success_rate", Unit: units.InRatio, Doc: "share of the uploads that were accepted"},
		{Name: "error_rate", Unit: units.InRatio, Doc: "share of the uploads that failed; takes labels"},
		{Name: "attempted", Unit: InCalls, Doc: "uploads that were sent"},
		{Name: "accepted", Unit: InCalls, Doc: "uploads that were accepted"},
		{Name: "failed", Unit: InCalls, Doc: "uploads that failed; takes labels"},
		{Name: "uploads_per_s", Unit: InPerSecond, Doc: "uploads sent per second"},
		{Name: "accepted_per_s", Unit: InPerSecond, Doc: "uploads accepted per second"},
	}
	for _, of := range []struct {
		kind      Kind
		name, doc string
	}{
		{Response, "_response_time_s", "time from when a call was due until its reply, over accepted uploads"},
		{Service, "_service_time_s", "time from an upload's first byte until its reply, over accepted uploads"},
		{Stored, "_due_to_stored_s", "time from when a call was due until it was stored"},
	} {
		for _, p := range []struct{ name, doc string }{
			{"mean", "mean"},
			{"p50", "median"},
			{"p90", "90th percentile"},
			{"p95", "95th percentile"},
			{"p99", "99th percentile"},
			{"p999", "99.9th percentile"},
			{"max", "longest"},
		} {
			list = append(list, Figure{
				Name: p.name + of.name, Kind: of.kind, Unit: units.InSeconds, Doc: p.doc + ": " + of.doc,
			})
		}
	}
	list = append(list,
		Figure{
			Name: "stored_per_s", Kind: Delivery, Unit: InPerSecond, Doc: "calls stored per second, until the last one",
		},
		Figure{Name: "stored", Kind: Delivery, Unit: InCalls, Doc: "acknowledged calls that are stored as sent"},
		Figure{Name: "lost", Kind: Delivery, Unit: InCalls, Doc: "acknowledged calls that are not stored"},
		Figure{Name: "corrupted", Kind: Delivery, Unit: InCalls, Doc: "calls that are stored, but altered"},
		Figure{Name: "duplicated", Kind: Delivery, Unit: InCalls, Doc: "calls that are stored more than once"},
		Figure{
			Name: "pending", Kind: Delivery, Unit: InCalls, Doc: "acknowledged calls not stored when the wait ended",
		},
		Figure{
			Name: "backlog_max", Kind: Delivery, Unit: InCalls,
			Doc: "most calls that were acknowledged and not yet stored",
		},
		Figure{
			Name: "drain_s", Kind: Delivery, Unit: units.InSeconds,
			Doc: "time from the last reply until everything was stored",
		},
		Figure{
			Name: "server_memory_bytes", Kind: Server, Unit: units.Unit(measure.UnitBytes), Signal: measure.RSS,
			Doc: "another name of rss_bytes",
		},
	)
	for _, s := range measure.Signals() {
		if s.Unit != measure.UnitFlag {
			list = append(list, Figure{
				Name: s.Name, Kind: Server, Unit: units.Unit(s.Unit), Signal: s.Signal, Doc: s.Doc,
			})
		}
	}
	return list
}

// Whole reports whether a figure is known of the whole run only, not of a part of it.
func (f Figure) Whole() bool {
	return f.Kind == Delivery && f.Name != "stored_per_s" || f.Kind == Stored
}

// Labelled reports whether a figure takes labels.
func (f Figure) Labelled() bool { return f.Name == "error_rate" || f.Name == "failed" }

// Aggregates returns how the values of a figure of the server can become one.
func Aggregates() []string { return []string{"mean", "max", "min", "last"} }

// Classes returns the values of the label class: the classes of failures, and what they are summed up as.
func Classes() []string {
	list := []string{
		string(measure.ParentTimeout), string(measure.ParentConnection), string(measure.ParentHTTP),
		string(measure.ParentRejected),
	}
	for c := measure.Timeout; c <= measure.Duplicate; c++ {
		if name := c.String(); !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}
