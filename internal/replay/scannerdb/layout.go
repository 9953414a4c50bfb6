package scannerdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"rdiostress/internal/dbread"
)

// layout is how a version of the server keeps its calls. Its texts are templates of [dbread.Dialect].
type layout struct {
	server string
	has    map[string][]string // tables and columns that it is known by
	pages  pages
	read   func(context.Context, *Database, int64, *stored) error // reads what is known of a call
}

// errUnknown says that a database is of another program.
var errUnknown = errors.New("it has no tables of rdio-scanner 6 or 7, or of ThinLine Radio")

// layouts are the known ones.
func layouts() []layout {
	return []layout{
		{
			server: "rdio-scanner 7",
			has: map[string][]string{
				"calls": {
					"callId", "audio", "audioFilename", "audioMime", "siteRef", "systemId", "talkgroupId", "timestamp",
				},
				"systems":    {"systemId", "systemRef", "label"},
				"talkgroups": {"talkgroupId", "talkgroupRef", "label", "name", "tagId"},
				"callUnits":  {"callUnitId", "callId", "offset", "unitRef"},
			},
			pages: pages{
				query: `SELECT c."callId", CAST(c."timestamp" AS {text}) FROM "calls" c ` +
					`WHERE c."callId" > {1} ORDER BY c."callId" LIMIT {page}`,
				first: []any{int64(0)},
			},
			read: readSeven,
		},
		{
			server: "rdio-scanner 6",
			has: map[string][]string{
				"rdioScannerCalls": {
					"id", "audio", "audioName", "audioType", "dateTime", "frequencies", "frequency", "patches",
					"source", "sources", "system", "talkgroup",
				},
			},
			pages: pages{
				// By the index rdio_scanner_calls_date_time_system_talkgroup.
				query: `SELECT c."id", CAST(c."dateTime" AS {text}) FROM "rdioScannerCalls" c ` +
					`WHERE c."dateTime" >= {1} AND (c."dateTime" > {1} OR c."id" > {2}) ` +
					`ORDER BY c."dateTime", c."id" LIMIT {page}`,
				first: []any{"1970-01-01 00:00:00", int64(0)},
				after: func(id int64, at string, _ []any) []any { return []any{at, id} },
			},
			read: readSix,
		},
	}
}

// recognize finds out how a database is laid out.
func (d *Database) recognize(ctx context.Context) error {
	var err error
	if d.tables, err = dbread.ReadTables(ctx, d.db, d.dialect); err != nil {
		return err
	}
	for _, l := range layouts() {
		if d.tables.HasAll(l.has) {
			d.layout = l
			if l.server == "rdio-scanner 7" {
				if d.tables.Has("userGroups", "userGroupId") {
					d.layout.server = "ThinLine Radio"
				}
				return d.usePagesOfIndex(ctx)
			}
			return nil
		}
	}
	return errUnknown
}

// pages are how a layout's calls are gone through.
type pages struct {
	query string // selects the ids and times of a page, and perhaps more; {1}, {2}… are values
	first []any  // the values of the first page
	more  int    // how many more columns the query selects

	// after returns the values of the page after a call; nil is the call's id.
	after func(id int64, at string, more []any) []any
}

// usePagesOfIndex has the calls of rdio-scanner 7 in SQLite read from its index. There, a row's time lies behind its
// audio, all of which would be read to come to it.
func (d *Database) usePagesOfIndex(ctx context.Context) error {
	if d.dialect.Method != "sqlite" {
		return nil
	}
	there := false
	const index = `SELECT name FROM sqlite_master WHERE type = 'index' AND name = 'calls_idx'`
	err := dbread.QueryAtOpen(ctx, d.db, index, nil, func(*sql.Rows) error {
		there = true
		return nil
	})
	if there {
		d.layout.pages = pages{
			query: `SELECT c."callId", CAST(c."timestamp" AS text), c."systemId", c."siteRef", c."talkgroupId", ` +
				`c."timestamp" FROM "calls" c ` +
				`WHERE (c."systemId", c."siteRef", c."talkgroupId", c."timestamp", c."callId") > ` +
				`({1}, {2}, {3}, {4}, {5}) ` +
				`ORDER BY c."systemId", c."siteRef", c."talkgroupId", c."timestamp", c."callId" LIMIT {page}`,
			first: []any{int64(-1), int64(-1), int64(-1), int64(0), int64(0)},
			after: func(id int64, _ string, more []any) []any { return append(more, id) },
			more:  4,
		}
	}
	return err
}

// pageSize is how many calls are read at once. That takes some milliseconds.
const pageSize = 1000

// write puts a text into a dialect, with the values that it names, which may be several times the same.
func (d *Database) write(template string, values ...any) (query string, args []any) {
	text := strings.ReplaceAll(d.dialect.Translate(template), "{text}", d.dialect.Text)
	text = strings.ReplaceAll(text, "{page}", fmt.Sprint(pageSize))
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, "{")
		out.WriteString(before)
		if !found {
			return out.String(), args
		}
		var n int
		number, rest, _ := strings.Cut(after, "}")
		_, _ = fmt.Sscan(number, &n) // the templates are ours
		args = append(args, values[n-1])
		if d.dialect.Method == "postgres" {
			fmt.Fprintf(&out, "$%d", len(args))
		} else {
			out.WriteByte('?')
		}
		text = rest
	}
}
