package discover

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"
)

// write writes files to a new folder, in which "SQLITE" stands for a database, and "FOLDER" for a folder.
func write(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		switch text {
		case "SQLITE":
			makeSQLite(t, path)
		case "FOLDER":
			err = os.Mkdir(path, 0o700)
		default:
			err = os.WriteFile(path, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func makeSQLite(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE x (y)"); err != nil {
		t.Fatal(err)
	}
}

// The configuration of a server's process determines where its calls are searched for. DIR is the folder of its files.
func TestConfigured(t *testing.T) {
	const (
		scanner = "DIR/rdio-scanner"
		engine  = "DIR/tr-engine"
	)
	tests := []struct {
		name    string
		exe     string
		args    string
		env     string
		cwd     string // in DIR
		files   map[string]string
		want    []string // method, address and how
		audio   string
		problem string
	}{
		{
			name: "rdio-scanner without any configuration", exe: scanner,
			files: map[string]string{"rdio-scanner.db": "SQLITE"},
			want:  []string{"sqlite DIR/rdio-scanner.db, where process 7 keeps it by default"},
		},
		{name: "nothing at all", exe: scanner},
		{
			name:  "a file of that name that is something else",
			exe:   scanner,
			files: map[string]string{"rdio-scanner.db": "text"},
		},
		{
			name: "rdio-scanner's file names a database", exe: scanner, cwd: "elsewhere",
			files: map[string]string{"rdio-scanner.ini": "db_file = data/calls.db\ndb_type = sqlite\n"},
			want:  []string{"sqlite DIR/data/calls.db, in DIR/rdio-scanner.ini"},
		},
		{
			name: "a file that says nothing of databases", exe: scanner,
			files: map[string]string{"rdio-scanner.ini": "listen = :3000\n", "rdio-scanner.db": "SQLITE"},
			want:  []string{"sqlite DIR/rdio-scanner.db, in DIR/rdio-scanner.ini"},
		},
		{
			name: "PostgreSQL, with a password that is no part of an address", exe: scanner,
			files: map[string]string{
				"rdio-scanner.ini": "db_type = postgresql\ndb_host = 127.0.0.1\ndb_name = calls\ndb_user = " +
					"me\ndb_pass = h@u/s:h%\n",
			},
			want: []string{"postgres postgres://me:h%40u%2Fs%3Ah%25@127.0.0.1:5432/calls, in DIR/rdio-scanner.ini"},
		},
		{
			name: "MariaDB on another port", exe: scanner,
			files: map[string]string{
				"rdio-scanner.ini": "db_type = mariadb\ndb_port = 3307\ndb_name = calls\ndb_user = me\ndb_pass = " +
					"hush\n",
			},
			want: []string{"mysql mysql://me:hush@localhost:3307/calls, in DIR/rdio-scanner.ini"},
		},
		{
			name: "the command line alone", exe: scanner,
			args: "-db_type=postgresql -db_host=::1 --db_name calls -db_user me -db_pass hush -db_port 5433",
			want: []string{"postgres postgres://me:hush@[::1]:5433/calls, on the command line of process 7"},
		},
		{
			name: "the file before the command line, whose port does not count", exe: scanner,
			args:  "-db_type=sqlite -db_port=9 -db_user you -config x/my.ini",
			files: map[string]string{"x/my.ini": "db_type = mysql\ndb_name = calls\ndb_pass = hush\n"},
			want:  []string{"mysql mysql://you:hush@localhost:3306/calls, in DIR/x/my.ini"},
		},
		{
			name: "another base folder", exe: scanner, args: "-base_dir ../base", cwd: "work",
			files: map[string]string{"base/rdio-scanner.ini": "db_file = here.db\n"},
			want:  []string{"sqlite DIR/base/here.db, in DIR/base/rdio-scanner.ini"},
		},
		{
			name: "the home folder, where the program's is not its own", exe: "/usr/bin/rdio-scanner", env: "HOME=DIR",
			files: map[string]string{"Rdio Scanner/rdio-scanner.ini": "db_file = home.db\n"},
			want:  []string{"sqlite DIR/Rdio Scanner/home.db, in DIR/Rdio Scanner/rdio-scanner.ini"},
		},
		{
			name: "another program of that user", exe: "/usr/bin/python3", env: "HOME=DIR",
			files: map[string]string{"Rdio Scanner/rdio-scanner.ini": "db_file = home.db\n"},
		},
		{
			name: "go run", exe: "/tmp/go-build123/b001/exe/server", cwd: "server",
			files: map[string]string{"server/rdio-scanner.ini": "db_file = run.db\n"},
			want:  []string{"sqlite DIR/server/run.db, in DIR/server/rdio-scanner.ini"},
		},
		{
			name: "ThinLine Radio", exe: "DIR/thinline-radio",
			files: map[string]string{
				"thinline-radio.ini": "db_host = db\ndb_name = tlr\ndb_user = me\ndb_pass = hush\n",
			},
			want: []string{"postgres postgres://me:hush@db:5432/tlr, in DIR/thinline-radio.ini"},
		},
		{
			name: "a file that cannot be read", exe: scanner, files: map[string]string{"rdio-scanner.ini": "FOLDER"},
			problem: "its configuration DIR/rdio-scanner.ini cannot be read: it is a folder, not a file",
		},
		{
			name: "a kind of database that is not known", exe: scanner,
			files: map[string]string{"rdio-scanner.ini": "db_type = oracle\n"},
			problem: "its configuration, found in DIR/rdio-scanner.ini, names a kind of database that is not known: " +
				"oracle",
		},
		{
			name: "another program's option --config", exe: "DIR/other", args: "--config other.ini",
			files: map[string]string{"other.ini": "[x]\ny = z\n"},
		},
		{
			name: "tr-engine's command line", exe: engine,
			args: "-database-url postgres://me:hush@line/calls --audio-dir=a",
			env:  "DATABASE_URL=postgres://me:hush@env/calls",
			want: []string{"postgres postgres://me:hush@line/calls, on the command line of process 7"}, audio: "DIR/a",
		},
		{
			name: "tr-engine's environment", exe: engine,
			env:   "DATABASE_URL=postgres://me:hush@env/calls",
			files: map[string]string{".env": "DATABASE_URL=postgres://me:hush@file/calls\n"},
			want: []string{
				"postgres postgres://me:hush@env/calls, in the environment of process 7",
			}, audio: "DIR/audio",
		},
		{
			name: "tr-engine's file", exe: engine,
			cwd:   "work",
			files: map[string]string{"work/.env": "DATABASE_URL=postgres://me:hush@file/calls\nAUDIO_DIR=./sound\n"},
			want:  []string{"postgres postgres://me:hush@file/calls, in DIR/work/.env"}, audio: "DIR/work/sound",
		},
		{
			name: "tr-engine's file of another name", exe: engine,
			args:  "--env-file my.env",
			files: map[string]string{"my.env": "DATABASE_URL=host=db dbname=calls password=hush\n"},
			want:  []string{"postgres host=db dbname=calls password=hush, in DIR/my.env"}, audio: "DIR/audio",
		},
		{
			name:  "a file of variables beside another program",
			exe:   "DIR/other",
			files: map[string]string{".env": "DATABASE_URL=postgres://me:hush@file/calls\n"},
		},
		{
			name: "an address that is none", exe: engine, env: "DATABASE_URL=oracle://me:hush@x/y",
			problem: "its DATABASE_URL, found in the environment of process 7, is not understood",
		},
		{
			name: "a variable of the user's beside rdio-scanner", exe: scanner,
			env:   "DATABASE_URL=postgres://me:hush@env/calls",
			files: map[string]string{"rdio-scanner.ini": "db_file = calls.db\n"},
			want:  []string{"sqlite DIR/calls.db, in DIR/rdio-scanner.ini"},
		},
		{
			name: "sdrtrunk-rdio-api", exe: "/usr/bin/python3", args: "/opt/api/cli.py -c config/my.yaml serve",
			files: map[string]string{"config/my.yaml": "database:\n  path: data/calls.db\n"},
			want:  []string{"sqlite DIR/data/calls.db, in DIR/config/my.yaml"},
		},
		{
			name: "sdrtrunk-rdio-api with its defaults", exe: "/usr/bin/python3",
			args: "/usr/bin/sdrtrunk-rdio-api serve",
			want: []string{"sqlite DIR/data/rdio_calls.db, where process 7 keeps it by default"},
		},
		{
			name: "sdrtrunk-rdio-api's command line", exe: "/usr/bin/python3",
			args:  "cli.py serve --db-path /srv/calls.db",
			files: map[string]string{"config/config.yaml": "database:\n  path: data/calls.db\n"},
			want:  []string{"sqlite /srv/calls.db, on the command line of process 7"},
		},
		{
			name: "sdrtrunk-rdio-api's file that cannot be read", exe: "/usr/bin/python3",
			args:    "cli.py serve",
			files:   map[string]string{"config/config.yaml": "FOLDER"},
			problem: "its configuration DIR/config/config.yaml cannot be read: it is a folder, not a file",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := write(t, tt.files)
			in := func(text string) string { return strings.ReplaceAll(text, "DIR", dir) }
			p := &process{
				pid:  7,
				args: append([]string{"server"}, strings.Fields(in(tt.args))...),
				env:  []string{in(tt.env)},
				exe:  in(tt.exe),
			}
			p.dir = filepath.Join(dir, tt.cwd)
			f := &Found{AudioDir: p.dir}
			f.configured(p)
			var got []string
			for _, place := range f.Places {
				got = append(got, fmt.Sprintf("%s %s, %s", place.Method, place.Address(), place.How))
			}
			for i, want := range tt.want {
				tt.want[i] = in(want)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if f.Problem != in(tt.problem) {
				t.Errorf("problem %q, want %q", f.Problem, in(tt.problem))
			}
			if want := in(tt.audio); want != "" && f.AudioDir != want || want == "" && f.AudioDir != p.dir {
				t.Errorf("audio in %q, want %q", f.AudioDir, want)
			}
			for _, secret := range []string{"hush", "h@u/s:h%", "h%40u"} {
				if text := fmt.Sprintf("%v %+v %#v %s", f, *f, f, f.Places); strings.Contains(text, secret) {
					t.Errorf("shows the password: %s", text)
				}
			}
		})
	}
}

// SQLite cannot open a file in another mount namespace. A database with a network address can be reached.
func TestInside(t *testing.T) {
	f := &Found{}
	f.add(sqlite("/proc/12/root/data/calls.db", "in x.ini"), Place{Method: Postgres, address: "postgres://db/calls"})
	if len(f.Places) != 1 || f.Places[0].Method != Postgres ||
		!strings.Contains(f.Problem, "/data/calls.db is inside a container") {
		t.Errorf("found %+v", f)
	}
}

// A program that forwards connections is not the server.
func TestPassesOn(t *testing.T) {
	for name, want := range map[string]bool{
		"nginx": true, "ssh": true, "docker-proxy": true, "Caddy.exe": true, "systemd": true, "gvproxy": true,
		"kubectl":      true,
		"rdio-scanner": false, "python3": false,
	} {
		if got := PassesOn(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
