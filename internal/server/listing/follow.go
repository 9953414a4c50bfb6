package listing

import (
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/cursor"
)

// Follow reads at most limit of the calls that a query selects in a span of ids, in the order of their ids.
func Follow(d Dialect, q call.Query, span cursor.Span, limit int) Statement {
	b := &builder{placeholder: d.Placeholder}
	b.text("SELECT " + d.Columns + " FROM " + d.ByID)
	b.where("id >= ", span.First)
	b.where("id <= ", span.Last)
	b.filter(q.System, q.Talkgroup)
	b.times(q)
	b.text(" ORDER BY id LIMIT ")
	b.value(int64(limit))
	return b.statement()
}
