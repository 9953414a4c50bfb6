package sqldb

import (
	"errors"
	"fmt"
	"strings"

	"rdiostress/internal/dbread"
	"rdiostress/internal/delivery"
)

// ErrUnknown says that a database holds no tables that are known.
var ErrUnknown = errors.New("no tables of a known server")

// schema is where a server keeps calls in an SQL database, and how they are read there. Its texts are templates in
// which names stand in double quotes, which each dialect turns into its own.
type schema struct {
	server  string              // what it is the schema of
	has     map[string][]string // tables and columns that it is known by
	id      string              // the calls' primary key, which rises
	from    string              // the calls and what is joined to them
	columns [columns]string
	log     *logTable
	dates   dates
	hasSite bool   // calls have a column siteRef
	renames bool   // calls may get another name
	grouped bool   // calls are in groups, which have a table of their own
	file    string // the calls' column with the path of a file of audio, where their audio is not read from it
}

// The columns that are read of a call. An empty one is not kept.
const (
	colName = iota
	colSystem
	colGroup
	colTime // Unix milliseconds, or a text or time that begins with the date and the time of day, UTC
	colSize
	colSum   // SHA-256, as bytes
	colAudio // the bytes, which are hashed here or by the database where there is no sum
	colFile  // path of a file with the bytes
	columns
)

// logTable is where a server writes down what became of calls, with their files' names.
type logTable struct{ table, id, message string }

// schemas are the known ones. A later one that fits wins over an earlier one that does too.
func schemas() []schema {
	seven := schema{
		server: serverSeven,
		has: map[string][]string{
			"calls":      {"callId", "audio", "audioFilename", "systemId", "talkgroupId", "timestamp"},
			"systems":    {"systemId", "systemRef"},
			"talkgroups": {"talkgroupId", "talkgroupRef"},
			"logs":       {"logId", "message"},
		},
		id: `c."callId"`,
		from: `"calls" c LEFT JOIN "systems" s ON s."systemId" = c."systemId" ` +
			`LEFT JOIN "talkgroups" t ON t."talkgroupId" = c."talkgroupId"`,
		columns: [columns]string{
			colName: `c."audioFilename"`, colSystem: `s."systemRef"`, colGroup: `t."talkgroupRef"`,
			colTime: `c."timestamp"`,
			colSize: `{length}(c."audio")`, colAudio: `c."audio"`,
		},
		log: &logTable{`"logs"`, `"logId"`, `"message"`}, dates: byTalkgroup,
	}
	thinLine := seven
	thinLine.dates = inMillis
	thinLine.server = serverThinLine
	thinLine.has = map[string][]string{"userGroups": {"userGroupId"}}
	for table, names := range seven.has {
		thinLine.has[table] = names
	}
	return []schema{
		{
			server: serverSix,
			has: map[string][]string{
				"rdioScannerCalls": {"id", "audio", "audioName", "dateTime", "system", "talkgroup"},
				"rdioScannerLogs":  {"_id", "message"},
			},
			id: `c."id"`, from: `"rdioScannerCalls" c`,
			columns: [columns]string{
				colName: `c."audioName"`, colSystem: `c."system"`, colGroup: `c."talkgroup"`, colTime: `c."dateTime"`,
				colSize: `{length}(c."audio")`, colAudio: `c."audio"`,
			},
			log: &logTable{`"rdioScannerLogs"`, `"_id"`, `"message"`}, dates: inText,
		},
		seven,
		thinLine,
		{
			server: "sdrtrunk-rdio-api",
			has: map[string][]string{
				"radio_calls": {
					"id", "call_timestamp", "system_id", "talkgroup_id", "audio_filename", "audio_size_bytes",
					"audio_file_path",
				},
			},
			id: `c."id"`, from: `"radio_calls" c`,
			columns: [columns]string{
				colName: `c."audio_filename"`, colSystem: `c."system_id"`, colGroup: `c."talkgroup_id"`,
				colTime: `c."call_timestamp"`,
				colSize: `c."audio_size_bytes"`, colFile: `c."audio_file_path"`,
			}, dates: inText,
		},
		trEngineSchema(),
		ownSchema(),
	}
}

// The servers that are asked for their settings.
const (
	serverSix      = "rdio-scanner 6"
	serverAkumas   = "rdio-scanner 6 (AkumasCoffin)" // which adds to the tables of 6
	serverSeven    = "rdio-scanner 7"
	serverThinLine = "ThinLine Radio"
	serverTREngine = "tr-engine"
)

// serverOwn is rdiostress's own server.
const serverOwn = "rdiostress serve"

// ownSchema is the schema of rdiostress's own server.
func ownSchema() schema {
	return schema{
		server: serverOwn,
		has: map[string][]string{
			"calls": {"id", "system_id", "talkgroup_id", "started_ms", "audio_name", "audio_bytes", "audio_sha256"},
		},
		id: `c."id"`, from: `"calls" c`,
		columns: [columns]string{
			colName: `c."audio_name"`, colSystem: `c."system_id"`, colGroup: `c."talkgroup_id"`,
			colTime: `c."started_ms"`,
			colSize: `c."audio_bytes"`, colSum: `c."audio_sha256"`,
		},
	}
}

// recognise finds the schema that a database has, by its tables and their columns.
func recognise(found dbread.Tables) (*schema, error) {
	var known *schema
	for _, s := range schemas() {
		if found.HasAll(s.has) {
			known = &s
		}
	}
	if known != nil && known.server == serverSix && found.Has("rdioScannerSystems", "led2") {
		known.server = serverAkumas
	}
	if known != nil {
		known.hasSite = found.Has("calls", "siteRef")
		known.grouped = found.Has("call_groups", "id") && found.Has("calls", "call_group_id")
		if known.server == serverOwn && found.Has("calls", "audio_file") {
			known.file = `c."audio_file"`
		}
	}
	if known == nil {
		const servers = "rdio-scanner 6 or 7, ThinLine Radio, tr-engine, sdrtrunk-rdio-api or rdiostress serve"
		return nil, fmt.Errorf("%w: of %s", ErrUnknown, servers)
	}
	return known, nil
}

// queries are a schema's texts in a dialect.
type queries struct {
	last, lastLog    string // the highest ids
	rows, hashedRows string // calls after an id, up to a number, without and with hashes
	log              string // messages of the server's log after an id, up to a number
	selectHashed     string // calls with hashes, without a condition
}

// queries writes a schema's texts in a dialect.
func (s *schema) queries(d *dbread.Dialect) queries {
	selected := func(hashed bool) string {
		fields := []string{s.id}
		for i, column := range s.columns {
			fields = append(fields, field(d, i, column, hashed))
		}
		return fmt.Sprintf("SELECT %s FROM %s", strings.Join(fields, ", "), s.from)
	}
	after := fmt.Sprintf(" WHERE %s > %s ORDER BY %s LIMIT %s", s.id, d.First, s.id, d.Second)
	table, _, _ := strings.Cut(s.from, " LEFT JOIN")
	q := queries{
		last: fmt.Sprintf("SELECT COALESCE(MAX(%s), 0) FROM %s", s.id, table),
		rows: selected(false) + after, hashedRows: selected(true) + after, selectHashed: selected(true),
	}
	if s.log != nil {
		q.lastLog = fmt.Sprintf("SELECT COALESCE(MAX(%s), 0) FROM %s", s.log.id, s.log.table)
		q.log = fmt.Sprintf("SELECT %s, substr(%s, 1, %d) FROM %s WHERE %s > %s ORDER BY %s LIMIT %s",
			s.log.id, s.log.message, delivery.MaxLogLine, s.log.table, s.log.id, d.First, s.log.id, d.Second)
	}
	for _, text := range []*string{&q.last, &q.lastLog, &q.rows, &q.hashedRows, &q.log, &q.selectHashed} {
		*text = d.Translate(*text)
	}
	return q
}

// field is a column in the list of what is selected.
func field(d *dbread.Dialect, i int, column string, hashed bool) string {
	switch {
	case column == "":
		return "NULL"
	case i == colSum, i == colSize:
		return column
	case (i == colAudio || i == colFile) && !hashed:
		return "NULL"
	case i == colAudio && d.Hash != "":
		return fmt.Sprintf(d.Hash, column)
	case i == colAudio:
		return column
	default:
		return fmt.Sprintf("CAST(%s AS %s)", column, d.Text)
	}
}
