package refusallog_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/server/refusallog"
)

func TestLogCountsWhatIsAlike(t *testing.T) {
	var out bytes.Buffer
	l := refusallog.New(slog.New(slog.NewTextHandler(&out, nil)))
	start := time.Unix(0, 0)
	l.Flush(start, false)
	kind := refusallog.Kind{Why: "key", Detail: "has expired", Level: slog.LevelWarn}
	if !l.Count(refusallog.Client{Kind: kind, Address: "192.0.2.1"}) {
		t.Error("the first of a kind is not to be logged whole")
	}
	for range 3 {
		if l.Count(refusallog.Client{Kind: kind, Address: "192.0.2.1", Key: "feed"}) {
			t.Error("another one of a kind is to be logged whole")
		}
	}
	l.Flush(start.Add(59*time.Second), false)
	if out.Len() > 0 {
		t.Errorf("logged before a minute was over: %s", &out)
	}
	l.Flush(start.Add(60*time.Second), false)
	want := `level=WARN msg="requests refused" more_like_it=3 over=1m0s why=key ` +
		`detail="has expired" client=192.0.2.1 key=feed`
	if !strings.Contains(out.String(), want) {
		t.Errorf("logged %s", &out)
	}
	l.Flush(start.Add(120*time.Second), false)
	if !l.Count(refusallog.Client{Kind: kind}) {
		t.Error("a kind that did not come up for a minute is not to be logged whole")
	}
}

func TestLogBoundsItsLines(t *testing.T) {
	var out bytes.Buffer
	l := refusallog.New(slog.New(slog.NewTextHandler(&out, nil)))
	for n := range 300 {
		l.Count(refusallog.Client{Kind: refusallog.Kind{Why: "key"}, Address: fmt.Sprint(n)})
	}
	l.Flush(time.Unix(0, 0), true)
	if lines := strings.Count(out.String(), "\n"); lines != 101 || !strings.Contains(out.String(), "more_like_it=199") {
		t.Errorf("%d lines:\n%s", lines, &out)
	}
}

func TestOnce(t *testing.T) {
	var out bytes.Buffer
	l := refusallog.New(slog.New(slog.NewTextHandler(&out, nil)))
	for range 5 {
		l.Once("spool", "a file stays behind", slog.String("file", "x"))
	}
	if strings.Count(out.String(), "a file stays behind") != 1 {
		t.Errorf("logged %s", &out)
	}
	l.Flush(time.Unix(0, 0), true)
	if !strings.Contains(out.String(), "more_like_it=4") {
		t.Errorf("logged %s", &out)
	}
}
