package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/dbread"
	"rdiostress/internal/delivery"
)

// dates are how a schema's calls are found by the time that they are dated to, whatever their ids are, without a look
// at millions of older ones: by an index that the server has.
type dates int

const (
	// inMillis are Unix milliseconds, and the first column of an index: calls_by_time of rdiostress's own server,
	// calls_timestamp_idx of ThinLine Radio.
	inMillis dates = iota

	// inText are dates, and the first column of an index: rdio_scanner_calls_date_time_system_talkgroup of rdio-scanner
	// 6 and its fork (which has rdio_scanner_calls_date_time_brin beside it in PostgreSQL), idx_timestamp_system of
	// sdrtrunk-rdio-api, idx_calls_start_time of tr-engine.
	inText

	// byTalkgroup are milliseconds at the end of rdio-scanner 7's only index, calls_idx: behind system, site and
	// talkgroup, or system, talkgroup and site. The site is 0, since no client that is imitated sends one.
	byTalkgroup
)

// mostSlices are queries into which a range of time is cut, of sliceLength at least.
const (
	mostSlices  = 48
	sliceLength = time.Hour
	groupsOnce  = 200 // talkgroups in a query
)

// readDated visits calls up to the highest id at the start that are dated as the run's are, except those in gaps,
// which were read: a server may hand out ids in an order of its own.
func (p *database) readDated(ctx context.Context, v *delivery.Visitor) error {
	if p.start == 0 || v.To.Before(v.From) {
		return nil
	}
	wheres, err := p.datedConditions(ctx, v.From, v.To.Add(time.Second))
	if err != nil {
		return err
	}
	var ids []int64
	for _, where := range wheres {
		err := p.retryRead(ctx, func() error {
			var found []int64
			err := p.query(ctx, p.datedText(where), nil, func(rows *sql.Rows) error {
				var id int64
				var name sql.NullString
				err := rows.Scan(&id, &name)
				if err == nil && !p.blocks.isInGap(id) && (v.Foreign == nil || !v.Foreign(name.String)) {
					found = append(found, id)
				}
				return err
			})
			if err == nil {
				ids = append(ids, found...)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	slices.Sort(ids)
	return p.readByIDs(ctx, slices.Compact(ids), v)
}

// readByIDs visits calls by their ids.
func (p *database) readByIDs(ctx context.Context, ids []int64, v *delivery.Visitor) error {
	for some := range slices.Chunk(ids, hashedAtOnce) {
		texts := make([]string, len(some))
		for i, id := range some {
			texts[i] = strconv.FormatInt(id, 10)
		}
		where := fmt.Sprintf(" WHERE %s IN (%s)", p.schema.id, strings.Join(texts, ", "))
		text := p.selectHashed + p.dialect.Translate(where)
		var rows []delivery.Row // none is visited twice, should reading them fail half-way
		err := p.retryRead(ctx, func() error {
			rows = rows[:0]
			return p.query(ctx, text, nil, func(found *sql.Rows) error {
				r, err := p.scanRow(found)
				if err == nil {
					r.ReleaseAudio()
					rows = append(rows, *r)
				}
				return err
			})
		})
		if err != nil {
			return err
		}
		for i := range rows {
			v.Row(&rows[i])
		}
	}
	return nil
}

// retryRead reads, again from its beginning while that fails for the moment.
func (p *database) retryRead(ctx context.Context, read func() error) error {
	return dbread.Retry(ctx, p.allPatience, temporary, func() (bool, error) { return false, read() })
}

// datedText selects the ids and names of calls. The id is no bare column, so that no database looks at all lower ones.
func (p *database) datedText(where string) string {
	s := p.schema
	table, _, _ := strings.Cut(s.from, " LEFT JOIN")
	name := field(p.dialect, colName, s.columns[colName], false)
	const text = "SELECT %s, %s FROM %s WHERE %s AND %s + 0 <= %d"
	return p.dialect.Translate(fmt.Sprintf(text, s.id, name, table, where, s.id, p.start))
}

// datedConditions select a range of time, whose end is left out, each by an index.
func (p *database) datedConditions(ctx context.Context, from, to time.Time) (wheres []string, err error) {
	column := p.schema.columns[colTime]
	if p.schema.dates == byTalkgroup {
		within := fmt.Sprintf("%s >= %d AND %s < %d", column, from.UnixMilli(), column, to.UnixMilli())
		return p.byTalkgroups(ctx, within)
	}
	length := max(sliceLength, to.Sub(from)/mostSlices+1)
	for at := from; at.Before(to); at = at.Add(length) {
		end := at.Add(length)
		if end.After(to) {
			end = to
		}
		if p.schema.dates == inMillis {
			where := fmt.Sprintf("%s >= %d AND %s < %d", column, at.UnixMilli(), column, end.UnixMilli())
			wheres = append(wheres, where)
			continue
		}
		first, last := at.UTC().Format(time.DateTime), end.UTC().Format(time.DateTime)
		wheres = append(wheres, fmt.Sprintf("%s >= '%s' AND %s < '%s'", column, first, column, last))
	}
	return wheres, nil
}

// byTalkgroups select what is within a range of time in all talkgroups of rdio-scanner 7.
func (p *database) byTalkgroups(ctx context.Context, within string) (wheres []string, err error) {
	var groups map[int64][]string
	const all = `SELECT t."systemId", t."talkgroupId" FROM "talkgroups" t`
	err = p.retryRead(ctx, func() error {
		groups = make(map[int64][]string)
		return p.query(ctx, p.dialect.Translate(all), nil, func(rows *sql.Rows) error {
			var system, group int64
			err := rows.Scan(&system, &group)
			groups[system] = append(groups[system], strconv.FormatInt(group, 10))
			return err
		})
	})
	site := ""
	if p.schema.hasSite {
		site = ` AND c."siteRef" = 0`
	}
	for system, ids := range groups {
		for some := range slices.Chunk(ids, groupsOnce) {
			const where = `c."systemId" = %d%s AND c."talkgroupId" IN (%s) AND %s`
			wheres = append(wheres, fmt.Sprintf(where, system, site, strings.Join(some, ", "), within))
		}
	}
	return wheres, err
}
