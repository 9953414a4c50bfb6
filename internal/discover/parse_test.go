package discover

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestOption(t *testing.T) {
	tests := []struct {
		args  string
		names []string
		want  string
		ok    bool
	}{
		{"", []string{"db_file"}, "", false},
		{"-db_file a.db", []string{"db_file"}, "a.db", true},
		{"--db_file a.db", []string{"db_file"}, "a.db", true},
		{"-db_file=a=b.db", []string{"db_file"}, "a=b.db", true},
		{"--db_file=", []string{"db_file"}, "", true},
		{"-db_file a.db -db_file b.db", []string{"db_file"}, "b.db", true},
		{"-db_file", []string{"db_file"}, "", false},
		{"db_file a.db", []string{"db_file"}, "", false},
		{"-db_files a.db", []string{"db_file"}, "", false},
		{"-c x.yaml serve", []string{"c", "config"}, "x.yaml", true},
		{"--config=y.yaml serve", []string{"c", "config"}, "y.yaml", true},
	}
	for _, tt := range tests {
		if got, ok := option(strings.Fields(tt.args), tt.names...); got != tt.want || ok != tt.ok {
			t.Errorf("%q: %q, %v; want %q, %v", tt.args, got, ok, tt.want, tt.ok)
		}
	}
}

func TestParseINI(t *testing.T) {
	text := "\uFEFF# a comment\n; another\n\n" +
		"db_type = postgresql\n" +
		"db_host:db.example.org\r\n" +
		"  db_user  =  rdio scanner  \n" +
		"db_pass = hush # not hush\n" +
		"listen = \":3000\"\n" +
		"db_name = 'a;b'\n" + // the comment wins, as with rdio-scanner
		"quoted = `a;b#c`\n" +
		"tripled = \"\"\"a\"b;c\"\"\"\n" +
		"\"named\" = x\n" +
		"inner = it's \"so\" here\n" +
		"no value\n" +
		"= nothing\n" +
		"empty =\n" +
		"db_port = 1\ndb_port = 5432\n" +
		"[other]\ndb_type = sqlite\n[DEFAULT]\nssl_listen = :3443\n[ open"
	want := map[string]string{
		"db_type": "postgresql", "db_host": "db.example.org", "db_user": "rdio scanner", "db_pass": "hush",
		"listen": ":3000", "db_name": "'a",
		"quoted": "a;b#c", "tripled": `a"b;c`, "named": "x", "inner": `it's "so" here`, "empty": "", "db_port": "5432",
		"ssl_listen": ":3443",
	}
	if diff := cmp.Diff(want, parseINI(text)); diff != "" {
		t.Error(diff)
	}
}

func TestParseEnv(t *testing.T) {
	text := "# a comment\n\n" +
		"POSTGRES_USER=tr engine\n" +
		"export POSTGRES_PASSWORD='hu$h#1' # in quotes\n" +
		"DATABASE_URL=postgres://${POSTGRES_USER}:$POSTGRES_PASSWORD@localhost/trengine?sslmode=disable # comment\r\n" +
		"HASH=a#b\n" +
		"DOUBLE=\"x ${HASH} $ y\" z\n" +
		"YAML: style\n" +
		"EMPTY=\n" +
		"NONE=${MISSING}$\n" +
		"OPEN=${HASH\n" +
		"UNCLOSED=\"abc\n" +
		"no value\n"
	want := map[string]string{
		"POSTGRES_USER": "tr engine", "POSTGRES_PASSWORD": "hu$h#1",
		"DATABASE_URL": "postgres://tr engine:hu$h#1@localhost/trengine?sslmode=disable", "HASH": "a#b",
		"DOUBLE": "x a#b $ y", "YAML": "style",
		"EMPTY": "", "NONE": "$", "OPEN": "${HASH", "UNCLOSED": `"abc`,
	}
	if diff := cmp.Diff(want, parseEnv(text)); diff != "" {
		t.Error(diff)
	}
}

func TestParseSDRTrunkAPI(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ""},
		{"server:\n  port: 8080\ndatabase:\n  path: \"data/x.db\"\n  enable_wal: true\n", "data/x.db"},
		{"database:\n  enable_wal: true\n", ""},
		{"database: [", ""},
		{"database:\n  path: [1]\n", ""},
		{`{"database": {"path": "/srv/y.db"}}`, "/srv/y.db"},
	}
	for _, tt := range tests {
		if got := parseSDRTrunkAPI([]byte(tt.text)); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestDatabaseURL(t *testing.T) {
	tests := []struct{ address, want string }{
		{
			"postgres://me:hush@db.example.org:5433/calls?sslmode=disable",
			"postgres database calls on db.example.org:5433",
		},
		{"postgresql://me:hush@localhost/calls", "postgres database calls on localhost:5432"},
		{"host=127.0.0.1 port=5434 user=me password=hush dbname=calls", "postgres database calls on 127.0.0.1:5434"},
		{"postgres://me:hush@/calls?host=/run/postgresql", "postgres database calls on /run/postgresql"},
		{"mysql://me:hu@sh/@db:3307/calls?socket=/x", "mysql database calls on db:3307"},
		{"mysql://me:hush@db", ""},
		{"postgres://me:hush@db:port/calls", ""},
		{"postgres://me:hu%zzsh@db/calls", ""},
	}
	for _, tt := range tests {
		place, ok := databaseURL(tt.address, "here")
		got := ""
		if ok {
			got = place.Method + " " + place.Where
		}
		if got != tt.want || ok && place.Address() != tt.address {
			t.Errorf("%s: %q, want %q", tt.address, got, tt.want)
		}
	}
}

// Any file and any command line is read without a panic, and the result can be shown.
func FuzzParsers(f *testing.F) {
	f.Add(
		"db_type = postgresql\ndb_pass = `a;b`\n[x]", "export A='b'\nC=${A}$\n", "-db_file\x00--db_pass=hush\x00-c",
		"database:\n  path: x",
	)
	f.Add("a=\"", "A=\"", "--", "database: [")
	f.Fuzz(func(t *testing.T, ini, env, line, yaml string) {
		_ = parseSDRTrunkAPI([]byte(yaml))
		for name, value := range parseINI(ini) {
			if strings.Contains(name+value, "\n") {
				t.Errorf("%q = %q goes over lines", name, value)
			}
		}
		for name, value := range parseEnv(env) {
			if strings.Contains(name, "\n") {
				t.Errorf("%q = %q goes over lines", name, value)
			}
		}
		p := &process{
			pid:  1,
			args: strings.Split(line, "\x00"),
			env:  strings.Split(env, "\n"),
			dir:  t.TempDir(),
			exe:  "/nowhere/rdio-scanner",
		}
		for _, read := range []func(*process) *configuration{sdrtrunkAPI, rdioScanner, trEngine} {
			c := read(p)
			if c == nil {
				continue
			}
			for _, place := range c.places {
				if text := place.String(); plain(text) != text || !utf8.ValidString(text) {
					t.Errorf("shows %q", text)
				}
			}
		}
	})
}
