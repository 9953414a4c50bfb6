package measure

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// The table has every signal once. No two signals share a name, a key figure, or a title within a group.
func TestSignalTable(t *testing.T) {
	rows, names, figures, titles := map[Signal]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, sig := range Signals() {
		title := string(sig.Group) + ": " + sig.Title
		if rows[sig.Signal] || names[sig.Name] || sig.KPI != "" && figures[sig.KPI] ||
			sig.Title != "" && titles[title] {
			t.Errorf("%s is there twice", sig.Name)
		}
		rows[sig.Signal], names[sig.Name], figures[sig.KPI], titles[title] = true, true, true, true
		if sig.Name == "" || sig.Unit == "" || sig.Group == "" || !strings.HasSuffix(sig.Doc, ".") {
			t.Errorf("%+v is not filled in", sig)
		}
		if sig.Signal.Info().Name != sig.Name || sig.Signal.Name() != sig.Name {
			t.Errorf("%s is found as %s", sig.Name, sig.Signal.Name())
		}
	}
	for sig := range NumSignals {
		if !rows[sig] {
			t.Errorf("signal %d is not in the table", sig)
		}
	}
}

// The manual lists the signals of the table.
func TestManualListsSignals(t *testing.T) {
	manual, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(manual), "<!-- signals -->\n")
	list, _, _ = strings.Cut(list, "<!-- end of signals -->")
	want := "\n| figure | unit | of an interval | |\n|---|---|---|---|\n"
	for _, sig := range Signals() {
		name := "`" + sig.Name + "`"
		if sig.KPI != "" {
			name += ", `" + sig.KPI + "`"
		}
		want += fmt.Sprintf("| %s | %s | %s | %s |\n", name, sig.Unit, sig.Aggregate, sig.Doc)
	}
	if want += "\n"; list != want {
		t.Errorf(
			"docs/commands.md must list the signals between <!-- signals --> and <!-- end of signals --> as\n%s",
			want,
		)
	}
}

func TestObservationInJSON(t *testing.T) {
	var o Observation
	o.Set(RSS, 1.5e9)
	o.Set(Processes, 0)
	o.Set(DBSize, 7)
	text, err := json.Marshal(Point{Server: &o})
	if err != nil ||
		!strings.Contains(string(text), `"server":{"rss_bytes":1500000000,"processes":0,"db_size_bytes":7}`) {
		t.Errorf("%s, %v", text, err)
	}
	var back Point
	if err := json.Unmarshal(text, &back); err != nil || *back.Server != o {
		t.Errorf("%+v, %v", back.Server, err)
	}
	if err := json.Unmarshal([]byte(`{"server":{"threads":3,"of_later":1,"cpu_s_per_s":null}}`), &back); err != nil {
		t.Fatal(err)
	}
	if n, ok := back.Server.Get(Threads); n != 3 || !ok || back.Server.Equal(o) {
		t.Errorf("%+v", back.Server)
	}
	if _, ok := back.Server.Get(CPU); ok {
		t.Error("null was observed")
	}
	if err := json.Unmarshal([]byte(`{"server":[]}`), &back); err == nil {
		t.Error("a list is an observation")
	}
}
