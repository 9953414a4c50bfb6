package threshold

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Rule{
		"p99_response_time_s < 2s": {Figure: "p99_response_time_s", Op: "<", Limit: 2, Unit: "s"},
		`error_rate{class="timeout"} == 0`: {
			Figure: "error_rate", Labels: labels("class", "timeout"), Op: "==", Unit: "ratio",
		},
		`failed{class='http',status="503"}<=7`: {
			Figure: "failed", Labels: labels("class", "http", "status", "503"), Op: "<=", Limit: 7, Unit: "calls",
		},
		"stored_per_s >= 6000 /m": {Figure: "stored_per_s", Op: ">=", Limit: 100, Unit: "calls/s"},
		`server_memory_bytes max < 2GB in phase "sustained"`: {
			Figure: "server_memory_bytes", Aggregate: "max", Op: "<", Limit: 2e9, Unit: "bytes", Phase: "sustained",
		},
		"p95_response_time_s<500ms over 10s": {
			Figure: "p95_response_time_s", Op: "<", Limit: 0.5, Unit: "s", Over: 10 * time.Second,
		},
		"p95_response_time_s < 500 ms in phase 'x y' over 1m30s": {
			Figure: "p95_response_time_s", Op: "<", Limit: 0.5, Unit: "s", Over: 90 * time.Second, Phase: "x y",
		},
		"success_rate > 97 %": {Figure: "success_rate", Op: ">", Limit: 0.97, Unit: "ratio"},
		"error_rate<7%":       {Figure: "error_rate", Op: "<", Limit: 0.07, Unit: "ratio"},
		"write_bytes_per_s mean<1.5MB/s": {
			Figure: "write_bytes_per_s", Aggregate: "mean", Op: "<", Limit: 1.5e6, Unit: "bytes/s",
		},
		"heap_bytes last < 1 MiB": {
			Figure: "heap_bytes", Aggregate: "last", Op: "<", Limit: 1 << 20, Unit: "bytes",
		},
		"lost != 1e1": {Figure: "lost", Op: "!=", Limit: 10, Unit: "calls"},
	} {
		got, err := Thresholds().Parse(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
			continue
		}
		if again, err := Thresholds().Parse(got.String()); err != nil || !cmp.Equal(again, got) {
			t.Errorf("%s: written as %s, which is %+v, %v", text, got, again, err)
		}
	}
}

func labels(parts ...string) (list []Label) {
	for i := 0; i < len(parts); i += 2 {
		list = append(list, Label{parts[i], parts[i+1]})
	}
	return list
}

var update = flag.Bool("update", false, "write the golden files anew")

// Each wrong expression of testdata/errors.txt is followed by its error.
func TestErrors(t *testing.T) {
	const file = "testdata/errors.txt"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for i, block := range strings.Split(string(data), "\n\n") {
		text, _, _ := strings.Cut(block, "\n")
		_, err := Thresholds().Parse(text)
		if syntax := (*SyntaxError)(nil); !errors.As(err, &syntax) {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(text + "\n" + err.Error())
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(strings.TrimSpace(string(data)), b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What cannot be printed takes one column each, and of a long expression only the part about the mistake is shown.
func TestErrorsAreSafeToShow(t *testing.T) {
	for _, text := range []string{
		"\x1b[2J\a", "p95_response_time_s < 1 \x9b\x00é \n\r oops", "µ < 2", strings.Repeat(" ", 3000) + "p95",
	} {
		_, err := Thresholds().Parse(text)
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != 3 || strings.ContainsAny(err.Error(), "\x1b\a\x00\r") {
			t.Fatalf("%q: %q", text, err)
		}
		if column := strings.Index(lines[2], "^"); column > 2+mostShown || column > len([]rune(lines[1])) {
			t.Errorf("%q: the caret is in column %d", text, column)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"p99_response_time_s < 2s", `error_rate{class="timeout",status='503'} == 0`, "stored_per_s >= 100/s",
		`rss_bytes max < 2GB in phase "sustained" over 10s`, "heap_bytes mean < 1e3 KiB", "\xff{", "lost<0x", "a\"",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Thresholds().Parse(text)
		if syntax := (*SyntaxError)(nil); err != nil {
			if !errors.As(err, &syntax) || syntax.Offset > len(text) || strings.Count(err.Error(), "\n") != 2 {
				t.Fatalf("%q: %q", text, err)
			}
			return
		}
		if again, err := Thresholds().Parse(r.String()); err != nil || !cmp.Equal(again, r) {
			t.Errorf("%q is %+v, written as %q, which is %+v, %v", text, r, r, again, err)
		}
	})
}

// Every figure that there is can be limited, and no name is there twice.
func TestFigures(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Figures() {
		if seen[f.Name] || f.Doc == "" {
			t.Errorf("%s: there before, or without a description", f.Name)
		}
		seen[f.Name] = true
		text := f.Name + " < 1"
		if f.Kind == Server {
			text = f.Name + " max < 1"
		}
		if r, err := Thresholds().Parse(text); err != nil || r.Unit != f.Unit {
			t.Errorf("%s: %+v, %v", text, r, err)
		}
	}
}
