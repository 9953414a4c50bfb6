package listing

import (
	"strconv"
	"strings"

	"rdiostress/internal/server/call"
)

// builder builds an SQL statement.
type builder struct {
	placeholder string
	sql         strings.Builder
	args        []any
	narrowed    bool // the SELECT that is being written has a WHERE
}

func (b *builder) statement() Statement { return Statement{b.sql.String(), b.args} }

func (b *builder) text(s string) {
	if strings.Contains(s, "SELECT") {
		b.narrowed = false
	}
	b.sql.WriteString(s)
}

// value adds a parameter.
func (b *builder) value(v int64) {
	b.args = append(b.args, v)
	b.sql.WriteString(b.placeholder)
	b.sql.WriteString(strconv.Itoa(len(b.args)))
}

// where adds a condition on one value.
func (b *builder) where(condition string, v int64) {
	b.and(condition)
	b.value(v)
}

func (b *builder) and(condition string) {
	if b.narrowed {
		b.sql.WriteString(" AND ")
	} else {
		b.sql.WriteString(" WHERE ")
	}
	b.narrowed = true
	b.sql.WriteString(condition)
}

// filter selects a system and a talkgroup, unless they are 0.
func (b *builder) filter(system, talkgroup int64) {
	if system != 0 {
		b.where("system_id = ", system)
	}
	if talkgroup != 0 {
		b.where("talkgroup_id = ", talkgroup)
	}
}

// conditions adds all conditions of a query.
func (b *builder) conditions(q call.Query) {
	b.filter(q.System, q.Talkgroup)
	if q.AfterID != 0 {
		b.where("id > ", q.AfterID)
	}
	b.times(q)
}

// times selects a time range.
func (b *builder) times(q call.Query) {
	if !q.From.IsZero() {
		b.where("started_ms >= ", q.From.UnixMilli())
	}
	if !q.To.IsZero() {
		b.where("started_ms <= ", q.To.UnixMilli())
	}
}

// from selects calls from a key onwards.
func (b *builder) from(columns []string, key []int64, descending bool) {
	operator := " >= ("
	if descending {
		operator = " <= ("
	}
	b.compare(columns, operator, key)
}

// after selects calls after a key.
func (b *builder) after(columns []string, key []int64, descending bool) {
	operator := " > ("
	if descending {
		operator = " < ("
	}
	b.compare(columns, operator, key)
}

func (b *builder) compare(columns []string, operator string, key []int64) {
	b.and("(" + strings.Join(columns, ", ") + ")")
	b.sql.WriteString(operator)
	for i, k := range key {
		if i > 0 {
			b.sql.WriteString(", ")
		}
		b.value(k)
	}
	b.sql.WriteString(")")
}

func (b *builder) order(columns []string, descending bool) {
	direction := " ASC"
	if descending {
		direction = " DESC"
	}
	b.sql.WriteString(" ORDER BY " + strings.Join(columns, direction+", ") + direction)
}
