package observe

import (
	"net/http"
	"strings"
	"testing"

	"rdiostress/internal/field"
	"rdiostress/internal/measure"
)

// The reasons for absent signals use the names that the user knows.
func TestAbsentNamesFields(t *testing.T) {
	w, err := Open(t.Context(), Options{
		URL: "http://127.0.0.1:1", Client: http.DefaultClient,
		Names: func(f field.Name) string { return "--" + strings.ReplaceAll(string(f), "_", "-") },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Stop()
	var res measure.Result
	w.FillResult(&res)
	for sig, want := range map[measure.Signal]string{
		measure.DiskFree:      "no --watch-dir names the server's data folder",
		measure.DBConnections: "no --watch-db names the server's database",
		measure.RSS:           "no process of this user is seen to listen on port 1; --watch pid:N names it",
	} {
		if got := res.Watch.Absent[sig.Name()]; got != want {
			t.Errorf("%s: %q, want %q", sig.Name(), got, want)
		}
	}
}

// An error about a field does not contain the names of any interface.
func TestErrorsNameFields(t *testing.T) {
	for _, tt := range []struct {
		o    Options
		want string
	}{
		{Options{Folders: []string{t.TempDir() + "/{url}"}}, "{url}:"},
		{Options{PID: 1<<22 + 1}, "watch pid:4194305: there is no such process"},
	} {
		tt.o.URL, tt.o.Client = "http://127.0.0.1:1", http.DefaultClient
		_, err := Open(t.Context(), tt.o)
		if e, ok := err.(*field.Error); !ok || !strings.Contains(e.Error(), tt.want) {
			t.Errorf("%#v, want %s", err, tt.want)
		}
	}
}
