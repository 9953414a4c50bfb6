// Package listing plans the SQL that lists calls. Both stores use it.
//
// A page is found in three steps, none of which reads a row that is not shown. The total is the sum of call_counts,
// which counts calls by day, system and talkgroup; only calls of days that a time range cuts are counted, in an index.
// The key of the page's first call is found in a covering index, from the nearer end. The page itself is read from that
// key onwards.
package listing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"rdiostress/internal/server/call"
)

// DayMS is a day in milliseconds: call_counts counts calls by the day that they began on, in UTC.
const DayMS = int64(24 * time.Hour / time.Millisecond)

// Dialect is how a database differs from others.
type Dialect struct {
	Placeholder string // the prefix of a parameter's number: "$" or "?"
	Columns     string // the columns to select
	// ByID is the table to select from so that calls are found in the order of their ids, whatever the conditions are.
	ByID        string
	BySystem    string // the same, in the order of systems
	ByTalkgroup string // the same, in the order of talkgroups
	Counts      string // the table or view of the numbers of calls; empty means call_counts
}

// Statement is SQL with its parameters.
type Statement struct {
	SQL  string
	Args []any // of type int64
}

// Plan is a plan to list the calls that a query selects.
type Plan struct {
	dialect Dialect
	q       call.Query
	keys    []string // the columns that the list is sorted by, without those that the query fixes
	total   int64    // of calls that the query selects; -1 while unknown
}

// fewCalls is how many calls after an id are sorted at most, instead of found in an index of all calls. Sorting them
// takes a few milliseconds.
const fewCalls = 20_000

// New plans a query. It fails if its sort key is unknown.
func New(d Dialect, q call.Query) (*Plan, error) {
	keys, ok := map[call.SortKey][]string{
		call.SortTimestamp: {"started_ms", "id"},
		call.SortID:        {"id"},
		call.SortSystem:    {"system_id", "started_ms", "id"},
		call.SortTalkgroup: {"talkgroup_id", "started_ms", "id"},
	}[q.SortBy]
	if !ok {
		return nil, fmt.Errorf("unknown sort key %q", q.SortBy)
	}
	fixed := func(column string) bool {
		return column == "system_id" && q.System != 0 || column == "talkgroup_id" && q.Talkgroup != 0
	}
	return &Plan{dialect: d, q: q, keys: slices.DeleteFunc(keys, fixed), total: -1}, nil
}

// Keys returns how many values a page's key has; each is a 64-bit integer.
func (p *Plan) Keys() int { return len(p.keys) }

// Total returns the statement that counts the calls that the query selects.
func (p *Plan) Total() Statement {
	b := p.builder()
	b.text("SELECT CAST(coalesce((SELECT sum(calls) FROM " + cmp.Or(p.dialect.Counts, "call_counts"))
	b.filter(p.q.System, p.q.Talkgroup)
	switch {
	case p.q.AfterID != 0: // no day has a count of these
		return p.count()
	case p.q.From.IsZero() && p.q.To.IsZero():
		b.text("), 0) AS bigint)")
		return b.statement()
	}
	first, last := fullDays(p.q)
	b.where("day >= ", first)
	b.where("day <= ", last)
	b.text("), 0) AS bigint)")
	from, to := p.q.From.UnixMilli(), p.q.To.UnixMilli()
	if first > last { // two days at most
		b.edge(p.q, from, to)
		return b.statement()
	}
	if !p.q.From.IsZero() {
		b.edge(p.q, from, first*DayMS-1)
	}
	if !p.q.To.IsZero() {
		b.edge(p.q, (last+1)*DayMS, to)
	}
	return b.statement()
}

// SetTotal sets the result of Total. HasStart, Start and Page depend on it.
func (p *Plan) SetTotal(total int64) { p.total = total }

// count counts in an index. A reader that continues after an id expects few calls.
func (p *Plan) count() Statement {
	b := p.builder()
	from := "calls"
	if q := p.q; q.System == 0 && q.Talkgroup == 0 && q.From.IsZero() && q.To.IsZero() {
		from = p.dialect.ByID
	}
	b.text("SELECT count(*) FROM " + from)
	b.conditions(p.q)
	return b.statement()
}

// fullDays returns the first and the last day that are completely in a query's range. If there is no such day, first is
// after last.
func fullDays(q call.Query) (first, last int64) {
	last = int64(1) << 40 // beyond every date that a call may have
	if !q.From.IsZero() {
		first = (q.From.UnixMilli() + DayMS - 1) / DayMS
	}
	if !q.To.IsZero() {
		last = (q.To.UnixMilli()+1)/DayMS - 1
	}
	if q.From.IsZero() && last < 0 {
		last = 0 // no call is that old, so there is no edge to count
	}
	return first, last
}

// edge adds the calls of part of a day.
func (b *builder) edge(q call.Query, from, to int64) {
	if from > to {
		return
	}
	b.text(" + (SELECT count(*) FROM calls")
	b.filter(q.System, q.Talkgroup)
	b.where("started_ms >= ", from)
	b.where("started_ms <= ", to)
	b.text(")")
}

// KeyOf returns the key of a call that the query selects.
func (p *Plan) KeyOf(r *call.Record) []int64 {
	key := make([]int64, len(p.keys))
	for i, column := range p.keys {
		switch column {
		case "id":
			key[i] = r.ID
		case "started_ms":
			key[i] = r.Call.Time.UnixMilli()
		case "system_id":
			key[i] = r.Call.System
		case "talkgroup_id":
			key[i] = r.Call.Talkgroup
		}
	}
	return key
}

// Start returns the statement that finds the key of the page's first call. It is valid if HasStart is true.
func (p *Plan) Start() Statement {
	skip, backwards := p.q.Skip(), false
	if left := p.total - 1 - skip; p.total >= 0 && left < skip {
		skip, backwards = left, true
	}
	b := p.builder()
	b.text("SELECT " + strings.Join(p.keys, ", ") + " FROM " + p.source())
	b.conditions(p.q)
	b.order(p.keys, p.q.Descending != backwards)
	b.text(" LIMIT 1 OFFSET ")
	b.value(skip)
	return b.statement()
}

// HasStart reports whether the key of the page's first call must be found first: if calls are skipped, and if calls in
// a time range are listed by id, since that range may be far from both ends.
func (p *Plan) HasStart() bool {
	if p.q.After != nil {
		return false
	}
	if p.q.SortBy == call.SortID && !(p.q.From.IsZero() && p.q.To.IsZero()) {
		return true
	}
	return p.q.Skip() > 0 && !p.sortsIDs()
}

// sortsIDs reports whether the page sorts ids from an index before it reads any row. It does if no index has the calls
// in order, as for a talkgroup's calls by system, and if few calls come after an id, which are scattered over all other
// indexes.
func (p *Plan) sortsIDs() bool {
	return p.selectsFew() || p.q.SortBy == call.SortSystem && p.q.Talkgroup != 0 && p.q.System == 0
}

// selectsFew reports whether the query selects few calls by their ids and sorts them in another order.
func (p *Plan) selectsFew() bool {
	return p.q.AfterID != 0 && p.q.SortBy != call.SortID && p.total >= 0 && p.total <= fewCalls
}

// source returns the table or index to select from, so that calls are found in order, and calls that are not shown are
// read only in an index.
func (p *Plan) source() string {
	switch p.keys[0] {
	case "id":
		return p.dialect.ByID
	case "system_id":
		return p.dialect.BySystem
	case "talkgroup_id":
		return p.dialect.ByTalkgroup
	default:
		return "calls"
	}
}

// Page returns the statement that reads the page, from key onwards if key is not nil.
func (p *Plan) Page(key []int64) Statement {
	b := p.builder()
	if p.sortsIDs() {
		from := "calls"
		if p.selectsFew() {
			from = p.dialect.ByID
		}
		b.text("SELECT " + p.dialect.Columns + " FROM calls WHERE id IN (SELECT id FROM " + from)
		b.conditions(p.q)
		p.after(b)
		b.order(p.keys, p.q.Descending)
		b.text(" LIMIT ")
		b.value(int64(p.q.PerPage))
		if p.q.After == nil {
			b.text(" OFFSET ")
			b.value(p.q.Skip())
		}
		b.text(")")
		b.order(p.keys, p.q.Descending)
		return b.statement()
	}
	b.text("SELECT " + p.dialect.Columns + " FROM " + p.source())
	b.conditions(p.q)
	if key != nil {
		b.from(p.keys, key, p.q.Descending)
	}
	p.after(b)
	b.order(p.keys, p.q.Descending)
	b.text(" LIMIT ")
	b.value(int64(p.q.PerPage))
	return b.statement()
}

// after skips the calls up to one that is already known.
func (p *Plan) after(b *builder) {
	if p.q.After != nil {
		b.after(p.keys, p.KeyOf(p.q.After), p.q.Descending)
	}
}

func (p *Plan) builder() *builder { return &builder{placeholder: p.dialect.Placeholder} }
