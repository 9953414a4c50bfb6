package sqldb

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/delivery"
)

// known is what a catalogue tells, in short.
func known(t *testing.T, p delivery.Prober) (groups []string, settings string) {
	t.Helper()
	c := p.(delivery.Catalogue)
	err := c.Talkgroups(
		t.Context(),
		func(system, talkgroup int64) { groups = append(groups, fmt.Sprintf("%d/%d", system, talkgroup)) },
	)
	if err != nil && !errors.Is(err, delivery.ErrTakesAny) {
		t.Fatal(err)
	}
	if err != nil {
		groups = append(groups, "any")
	}
	slices.Sort(groups)
	s, err := c.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	word := func(b *bool) string {
		if b == nil {
			return "unknown"
		}
		return fmt.Sprint(*b)
	}
	return groups, fmt.Sprintf("converts %s, adds %s", word(s.ConvertsAudio), word(s.AutoPopulates))
}

// What real servers left: their talkgroups, and no settings, which is the default.
func TestCapturedCatalogue(t *testing.T) {
	want := []string{"11/1001", "11/1002", "11/1003", "12/1001", "12/1002", "12/1003"}
	for _, file := range []string{"rdio-scanner-7.0.0.sqlite", "rdio-scanner-6.6.3.sqlite"} {
		p, err := OpenSQLite(t.Context(), copyOf(t, file))
		groups, settings := known(t, fromTheStart(t, p, err))
		if diff := cmp.Diff(want, groups); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
		if settings != "converts true, adds true" {
			t.Errorf("%s: %s", file, settings)
		}
	}
}

// shelf is where a server keeps its settings and the switches of its systems.
type shelf struct {
	server   string // of databases
	isCalled string
	tables   []string
	put      string // a setting: name and value
	system   string // a system's number and its switch
	group    string // a system's and a talkgroup's number
	single   string // before the names of settings
	object   string // name of the setting that has all of them
}

func shelves() []shelf {
	seven := shelf{
		server: "rdio-scanner 7", isCalled: "rdio-scanner 7",
		tables: []string{
			`CREATE TABLE "options" ("optionId" AUTO, "key" varchar(64) NOT NULL, "value" varchar(255) NOT NULL)`,
			`DELETE FROM "talkgroups"`, `DELETE FROM "systems"`, `ALTER TABLE "systems" ADD "autoPopulate" boolean`,
		},
		put:    `INSERT INTO "options" ("key", "value") VALUES ('$1', '$2')`,
		system: `INSERT INTO "systems" ("label", "systemRef", "autoPopulate") VALUES ('x', $1, $2)`,
		group: `INSERT INTO "talkgroups" ("label", "systemId", "talkgroupRef") SELECT 'x', "systemId", $2 FROM ` +
			`"systems" ` +
			`WHERE "systemRef" = $1`,
	}
	thinLine := seven
	thinLine.isCalled = "ThinLine Radio"
	thinLine.tables = append(slices.Clone(seven.tables), `CREATE TABLE "userGroups" ("userGroupId" AUTO)`)
	six := shelf{
		server: "rdio-scanner 6", isCalled: "rdio-scanner 6",
		tables: []string{
			`CREATE TABLE "rdioScannerConfigs" ("_id" AUTO, "key" varchar(64) NOT NULL, "val" varchar(255) NOT NULL)`,
			`CREATE TABLE "rdioScannerSystems" ("_id" AUTO, "id" integer NOT NULL, "autoPopulate" boolean)`,
			`CREATE TABLE "rdioScannerTalkgroups" ("_id" AUTO, "id" integer NOT NULL, "systemId" integer NOT NULL)`,
		},
		put:    `INSERT INTO "rdioScannerConfigs" ("key", "val") VALUES ('$1', '$2')`,
		system: `INSERT INTO "rdioScannerSystems" ("id", "autoPopulate") VALUES ($1, $2)`,
		group:  `INSERT INTO "rdioScannerTalkgroups" ("systemId", "id") VALUES ($1, $2)`,
		object: "options",
	}
	akumas := six
	akumas.isCalled, akumas.single, akumas.object = "rdio-scanner 6 (AkumasCoffin)", "option.", ""
	akumas.tables = append(slices.Clone(six.tables), `ALTER TABLE "rdioScannerSystems" ADD "led2" varchar(16)`)
	return []shelf{seven, thinLine, six, akumas}
}

// The settings and talkgroups of every server are read in every kind of database.
func TestCatalogue(t *testing.T) {
	tests := []struct {
		convert, populate string // values; empty where a setting is not set
		switches          []bool // of systems
		want, bySystem    string // the latter for ThinLine Radio, where it differs
	}{
		{"", "", nil, "converts true, adds true", ""},
		{"0", "true", []bool{true}, "converts false, adds true", ""},
		{"1", "false", []bool{false, false}, "converts true, adds false", ""},
		{"3", "false", []bool{false, true}, "converts true, adds unknown", ""},
		{"2", "true", []bool{false, true}, "converts true, adds true", "converts true, adds unknown"},
		{`"0"`, "null", nil, "converts true, adds true", ""}, // no values of their kinds
		{"0.0", "0", []bool{true}, "converts false, adds true", ""},
	}
	for _, k := range kinds() {
		for _, s := range shelves() {
			t.Run(k.product+"/"+s.isCalled, func(t *testing.T) {
				dsn, open := k.open(t)
				db, err := sql.Open(k.driver, dsn)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				exec := func(text string, values ...any) {
					t.Helper()
					text = strings.NewReplacer(
						`"`, k.quote, "AUTO", k.auto, "BYTES", k.bytes, "TIME", k.tim,
					).Replace(
						text,
					)
					for i, v := range values {
						text = strings.ReplaceAll(text, fmt.Sprintf("$%d", i+1), fmt.Sprint(v))
					}
					if _, err := db.Exec(text); err != nil {
						t.Fatalf("%v in %.200s", err, text)
					}
				}
				for _, text := range slices.Concat(databases()[s.server].tables, s.tables) {
					exec(text)
				}
				clean := func() {
					for _, text := range s.tables {
						if table, _, made := strings.Cut(strings.TrimPrefix(text, "CREATE TABLE "), " ("); made {
							exec("DELETE FROM " + table)
						}
					}
					if s.object == "" && s.single == "" {
						exec(`DELETE FROM "talkgroups"`)
						exec(`DELETE FROM "systems"`)
					}
				}
				p, err := open()
				p = fromTheStart(t, p, err)
				if want := s.isCalled + " on " + k.product; p.Source() != want {
					t.Errorf("recognised %q, want %q", p.Source(), want)
				}
				for _, tt := range tests {
					clean()
					s.fill(exec, tt.convert, tt.populate, tt.switches)
					want := tt.want
					if tt.bySystem != "" && s.isCalled == serverThinLine {
						want = tt.bySystem
					}
					groups, settings := known(t, p)
					if settings != want {
						t.Errorf("%+v: %s, want %s", tt, settings, want)
					}
					var wantGroups []string
					for i := range tt.switches {
						wantGroups = append(wantGroups, fmt.Sprintf("%d/%d", 11+i, 1001+i))
					}
					if diff := cmp.Diff(wantGroups, groups); diff != "" {
						t.Errorf("%+v: %s", tt, diff)
					}
				}
			})
		}
	}
}

// fill puts settings, and a system with a talkgroup for each switch.
func (s shelf) fill(exec func(text string, values ...any), convert, populate string, switches []bool) {
	var all []string
	for _, set := range [][2]string{{"audioConversion", convert}, {"autoPopulate", populate}, {"secret", `"hush"`}} {
		switch {
		case set[1] == "":
		case s.object != "":
			all = append(all, fmt.Sprintf("%q: %s", set[0], set[1]))
		default:
			exec(s.put, s.single+set[0], set[1])
		}
	}
	if s.object != "" {
		exec(s.put, s.object, "{"+strings.Join(all, ", ")+"}")
	}
	for i, on := range switches {
		exec(s.system, 11+i, on)
		exec(s.group, 11+i, 1001+i)
	}
}

// Servers that take whatever comes say so.
func TestTakesAny(t *testing.T) {
	for _, p := range []delivery.Prober{
		&database{schema: &schema{server: "sdrtrunk-rdio-api"}}, &database{schema: &schema{server: "tr-engine"}},
		&database{schema: &schema{server: "rdiostress serve"}},
	} {
		groups, settings := known(t, p)
		if len(groups) != 1 || groups[0] != "any" || settings != "converts false, adds true" {
			t.Errorf("%T: %q, %s", p, groups, settings)
		}
	}
}

// A place that was found is named in the source, and nowhere else.
func TestLocate(t *testing.T) {
	p, err := Open(t.Context(), "sqlite", copyOf(t, "rdio-scanner-7.0.0.sqlite"))
	p = fromTheStart(t, p, err)
	SetLocation(p, "in /x.db, found among the open files of process 7")
	if want := "rdio-scanner 7 on SQLite in /x.db, found among the open files of process 7"; p.Source() != want {
		t.Errorf("%q, want %q", p.Source(), want)
	}
	SetLocation(nil, "in nowhere") // which has no place
	if _, err := Open(t.Context(), "oracle", "x"); err == nil {
		t.Error("opens what it does not know")
	}
}
