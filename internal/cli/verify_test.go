package cli

import (
	"context"
	"io"
	"strings"
	"testing"
)

func TestVerifyFlags(t *testing.T) {
	tests := []struct {
		args string
		want string // in the error; empty: no error
	}{
		{"", ""},
		{"--verify auto", ""},
		{"--verify api", ""},
		{"--verify api=http://127.0.0.1:8000", ""},
		{"--verify sqlite:/var/lib/rdio-scanner.db", ""},
		{"--verify postgres://rdio:hush@localhost/rdio", ""},
		{"--verify postgresql:///rdio?host=/run/postgresql", ""},
		{"--verify mysql://rdio:hush@localhost/rdio", ""},
		{"--verify sink=127.0.0.1:9000", ""},
		{"--verify none", ""},
		{"--verify none --require-storage", "--require-storage needs a --verify that is not none"},
		{
			"--verify database",
			`must be auto, api, sqlite:FILE, postgres://…, mysql://…, sink=ADDRESS or none, not "database"`,
		},
		{"--verify redis://user:hush@host", `not "redis://…@host"`},
		{"--verify sqlite:", "names no file"},
		{"--verify postgres://", "must be like postgres://user:password@host/database"},
		{"--verify sink=9000", "must be followed by an address and a port"},
		{"--verify api=localhost:8000", ""},
		{"--verify api=nowhere", "must be followed by an address such as http://localhost:8000"},
		{"--verify-timeout 0", "must be more than 0"},
		{"--crash-test server --with-server", ""},
		{"--crash-test --with-server", ""},
		{"--crash-test rdio-scanner.service", ""},
		{"--crash-test 4711 --restart-command ./start.sh", ""},
		{"--crash-test 4711", "needs a --restart-command"},
		{"--crash-test 1 --restart-command true", "is not to be killed"},
		{"--crash-test 4711 --with-server", "write --crash-test server"},
		{"--crash-test server", "it needs --with-server"},
		{"--crash-test server --with-server --restart-command true", "is not needed"},
		{"--crash-test --quiet", "neither a process nor a unit"},
		{"--crash-test x.service --verify none", "leave out --verify none"},
		{"--crash-test x.service --crash-at 200", "is not before the end of the run"},
		{"--crash-test x.service --total 100", "needs a --crash-at"},
		{"--crash-test x.service --url http://192.168.1.7:3000", "pass --yes if the server runs here all the same"},
		{"--crash-test x.service --url http://192.168.1.7:3000 --yes", ""},
		{"--crash-test x.service --url http://10.0.0.5:3000 --resolve 10.0.0.5:3000:127.0.0.1", ""},
		{"--crash-test x.service --url http://127.0.0.1:3000 --resolve 127.0.0.1:3000:10.0.0.5", "pass --yes"},
		{"--crash-at 5", "are for --crash-test"},
		{"--restart-command true", "are for --crash-test"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			var o *runOptions
			cmd := newRunCmd(&streams{Out: io.Discard, Err: io.Discard},
				func(_ context.Context, got *runOptions) error {
					o = got
					return nil
				})
			cmd.SetArgs(strings.Fields(tt.args))
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			err := cmd.Execute()
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || exitCode(err) != exitUsage):
				t.Errorf("got %v, want %q", err, tt.want)
			case err != nil && strings.Contains(err.Error(), "hush"):
				t.Errorf("shows a password: %v", err)
			case err == nil && strings.Contains(tt.args, "server") && strings.Contains(tt.args, "crash-test --with") &&
				!o.withServer:
				t.Error("no server")
			}
		})
	}
}
