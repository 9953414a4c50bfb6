package check_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rdiostress/internal/replay"
	"rdiostress/internal/replay/check"
	"rdiostress/internal/replay/location"
	"rdiostress/internal/replay/replaytest"
)

// archive writes calls of a minute and an hour later, one of them encrypted, and others that cannot be sent.
func archive(t *testing.T, bad int) string {
	t.Helper()
	dir := t.TempDir()
	began := time.Date(2026, 3, 1, 17, 0, 0, 0, time.UTC)
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, at := range []int{0, 50, 70, 75, 80, 3700, 3710} {
		start := began.Add(time.Duration(at) * time.Second).Unix()
		stem := fmt.Sprintf("%d-%d_851012500.0-call_%d", 1001+i%2, start, i)
		encrypted := 0
		if i == 6 {
			encrypted = 1
		}
		write(stem+".json", fmt.Appendf(nil, `{"talkgroup":%d,"talkgroup_tag":"Elm FD","start_time":%d,"encrypted":%d,
			"short_name":"elmco"}`, 1001+i%2, start, encrypted))
		write(stem+".wav", replaytest.WAV(2))
	}
	for i := range bad {
		stem := fmt.Sprintf("9-%d_851012500.0-call_%d", began.Unix(), i)
		write(stem+".json", []byte(`{"talkgroup":9,"start_time":1772384400}`))
		write(stem+".wav", bytes.Repeat([]byte("no audio "), 20))
	}
	return dir
}

func examine(t *testing.T, dir string) *check.Check {
	t.Helper()
	a, err := location.Open(t.Context(), dir)
	if empty := (*replay.EmptyError)(nil); errors.As(err, &empty) {
		return check.Empty(dir, empty)
	}
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	c, err := check.Examine(t.Context(), dir, a, func(n, all int) { read = n })
	if err != nil || read != a.Len() {
		t.Fatalf("%d read, %v", read, err)
	}
	return c
}

func TestExamine(t *testing.T) {
	c := examine(t, archive(t, 1))
	if c.Calls != 6 || c.Files != 8 || c.Encrypted != 1 || c.Unusable != 1 || c.Passed || *c.Share != 6.0/7 {
		t.Errorf("%+v", c)
	}
	if m, h := c.BusiestMinute, c.BusiestHour; m.Calls != 4 || m.Start != "2026-03-01T17:00:50Z" || h.Calls != 5 ||
		h.Start != "2026-03-01T17:00:00Z" {
		t.Errorf("busiest: %+v, %+v", m, h)
	}
	if len(c.Systems) != 1 || fmt.Sprint(c.Systems[0]) != "{elmco 6 12 [{1001 Elm FD 3 6} {1002 Elm FD 3 6}]}" {
		t.Errorf("systems: %+v", c.Systems)
	}
	if c.SpanS != 3700 || c.AudioS != 12 || c.LongestS != 2 || c.First != "2026-03-01T17:00:00Z" {
		t.Errorf("%+v", c)
	}
	if c := examine(t, archive(t, 0)); !c.Passed || *c.Share != 1 {
		t.Errorf("without bad ones: %+v", c)
	}
}

// A check is valid JSON of its schema, whatever the archive is.
func TestSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../../../docs/replaycheck.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	none := t.TempDir()
	if err := os.WriteFile(filepath.Join(none, "a.wav"), replaytest.WAV(1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{archive(t, 3), archive(t, 0), none} {
		var b bytes.Buffer
		if err := examine(t, dir).WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%v\n%s", err, b.String())
		}
		doc.(map[string]any)["extra"] = 1
		if schema.Validate(doc) == nil {
			t.Error("it takes what it does not know")
		}
	}
}

func TestWriteText(t *testing.T) {
	var b strings.Builder
	if err := examine(t, archive(t, 1)).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"8: 8 by trunk-recorder", "6 calls, 85.71 % of", "4 calls from 2026-03-01T17:00:50Z", "1001 Elm FD",
		"1 encrypted (the recorder sends none of them)", "1 with audio that cannot be played", "call_0.wav: its audio",
		"Under 95 % would be sent",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

// Where more recordings are skipped than are named, it says how many.
func TestWriteTextOfMany(t *testing.T) {
	for bad, want := range map[int]bool{5: false, 8: true} {
		var b strings.Builder
		if err := examine(t, archive(t, bad)).WriteText(&b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "and 3 more\n") != want || strings.Contains(b.String(), "and 0 more") {
			t.Errorf("%d cannot be sent:\n%s", bad, b.String())
		}
	}
}

func TestExamineStops(t *testing.T) {
	a, err := location.Open(t.Context(), archive(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := check.Examine(ctx, "", a, func(int, int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
