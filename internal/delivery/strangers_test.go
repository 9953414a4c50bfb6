package delivery

import (
	"fmt"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/traffic"
)

// The labels that a run gives to systems are those by which tr-engine's calls are known to be its own.
func TestOwnLabels(t *testing.T) {
	for system, number := range map[int64]string{0: "0", 1: "1", 11: "11", 65535: "65535", 123456789: "123456789"} {
		m := ownLabels.FindStringSubmatch(traffic.SystemLabel(system))
		if m == nil || m[1] != number {
			t.Errorf("%s is not known as system %d: %q", traffic.SystemLabel(system), system, m)
		}
	}
	for label, want := range labelled() {
		if r := (&trEngineCall{Label: label}).row(); r.System != want {
			t.Errorf("%q is system %d, want %d", label, r.System, want)
		}
	}
}

// labelled are labels, and the systems that they say.
func labelled() map[string]int64 {
	return map[string]int64{
		traffic.SystemLabel(11): 11, "rdiostress": -1, "": -1, "11": -1, "butco": OthersSystem, "11 North": OthersSystem,
		"our rdiostress-11": OthersSystem, "rdiostress-11b": OthersSystem,
	}
}

// PostgreSQL reads labels as this program does.
func TestOwnLabelsInPostgreSQL(t *testing.T) {
	url, exec := trEngineDatabase(t, [2]string{"a", "b"}, nil)
	p, err := OpenPostgres(t.Context(), url)
	p = fromTheStart(t, p, err)
	for label, want := range labelled() {
		exec("UPDATE calls SET system_name = $1 WHERE call_id = 1", label)
		must(t, p.ReadAll(t.Context(), &Visitor{Row: func(r *Row) {
			if r.ID == 1 && r.System != want {
				t.Errorf("%q is system %d, want %d", label, r.System, want)
			}
		}}))
	}
}

// A stranger's call of the same talkgroup and second makes no lost call stored, and none stored twice; in a replay,
// whose labels are others', it may be the run's own.
func TestStrangersCallsInTREngine(t *testing.T) {
	start := time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, sent, kept, stranger string
		want                       string
	}{
		{"a lost one", "rdiostress-11", "", "butco", "0 stored, 1 missing, 0 twice"},
		{"a stored one", "rdiostress-11", "rdiostress-11", "butco", "1 stored, 0 missing, 0 twice"},
		{"one of a recording", "butco", "butco", "", "1 stored, 0 missing, 0 twice"},
		{"without a label", "rdiostress-11", "11", "butco", "1 stored, 0 missing, 0 twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := NewLedger("rs-abcdefgh-", start)
			call := rdio.Call{System: 11, Talkgroup: 1001, Time: start, SystemLabel: tt.sent}
			record(l, 0, call, measure.Accepted)
			e := newEngine(t, "hush")
			for i, label := range []string{tt.stranger, tt.kept} {
				if label != "" {
					e.calls = append(e.calls, engineCall{int64(i) + 1, i + 100, label, 1001, start, nil})
				}
			}
			p, err := OpenTREngine(t.Context(), e.Client(), e.URL, "hush")
			must(t, err)
			defer p.Close()
			p.(*trEngineAPI).pause = time.Millisecond
			m := newMatcher(l, &AudioOptions{})
			from, to := l.span()
			must(t, p.ReadAll(t.Context(), &Visitor{From: from, To: to, Row: m.accountRow}))
			a := newAccount(l, forever, -1, m.copyReasons())
			if got := fmt.Sprintf("%d stored, %d missing, %d twice", a.stored, a.missing, a.twice); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
