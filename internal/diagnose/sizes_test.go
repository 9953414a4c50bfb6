package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/measure"
)

// ended records uploads by their size and how they ended, as a run does.
type ended struct {
	size   int64
	class  measure.Class
	status uint16
	detail string
}

func recorded(uploads ...ended) measure.Result {
	r := measure.NewRecorder()
	r.AddPhase(measure.Phase{Name: "load", Scored: true})
	for i, u := range uploads {
		o := measure.Outcome{
			Done: time.Duration(i+1) * time.Millisecond, Class: u.class, Status: u.status, Size: u.size,
			Steps: measure.NoSteps(), Detail: u.detail,
		}
		r.Shard(i).Record(&o)
	}
	r.Roll(time.Second, 0, 0)
	var res measure.Result
	r.FillResult(&res, []measure.TimeSpan{{Length: time.Second}})
	return res
}

func repeat(n int, u ended) []ended { return slices.Repeat([]ended{u}, n) }

// found returns the finding of a rule, with all its lines.
func findingOf(res measure.Result, id string) (f Finding, ok bool) {
	all := Findings(res, false, nil)
	i := slices.IndexFunc(all, func(f Finding) bool { return f.ID == id })
	if i < 0 {
		return Finding{}, false
	}
	return all[i], true
}

func TestSizeLimit(t *testing.T) {
	tooLarge := func(size int64) ended { return ended{size, measure.Status, 413, "an HTML page"} }
	for name, c := range map[string]struct {
		uploads []ended
		want    string
	}{
		"a limit that is known well": {
			append(repeat(40, ended{size: 1_000_000}), repeat(17, tooLarge(1_100_000))...),
			"a limit of about 1.05 MB: 17 of 17 larger calls refused",
		},
		"one that is not": {
			append(repeat(40, ended{size: 20_000}), repeat(3, tooLarge(1_100_000))...),
			"a limit between 20 kB and 1.1 MB: 3 of 3 larger calls refused",
		},
		"nothing is small enough": {repeat(5, tooLarge(5_000)), "a limit of 5 kB at most: 5 of 5 larger calls refused"},
		"not by the size alone": {
			append(repeat(4, ended{size: 2_000_000}), repeat(3, tooLarge(1_100_000))...),
			"no one limit: the smallest call that was refused has 1.1 MB, the largest that was taken 2 MB: " +
				"3 of 7 larger calls refused",
		},
		"some lost their answer": {
			append(repeat(9, tooLarge(1_100_000)), repeat(2, ended{1_400_000, measure.Reset, 0, "reset"})...),
			"a limit of 1.1 MB at most: 9 of 11 larger calls refused",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, ok := findingOf(recorded(c.uploads...), "size-limit")
			if !ok || f.Evidence[0] != c.want || !strings.Contains(f.Fix, "client_max_body_size") {
				t.Errorf("found %+v\nwant %s", f, c.want)
			}
		})
	}
}

func TestLostAnswers(t *testing.T) {
	limited, lost := ended{3_000, measure.Status, 429, "slow down"}, ended{900_000, measure.Status, 502, "Bad Gateway"}
	got := ended{900_000, measure.Status, 429, "slow down"}
	reset := ended{700_000, measure.Reset, 0, "reset"}
	for name, c := range map[string]struct {
		uploads []ended
		found   bool
	}{
		"all large ones": {append(repeat(20, limited), repeat(12, lost)...), true},
		"three of ten":   {slices.Concat(repeat(20, limited), repeat(7, got), repeat(3, reset)), true},
		"a key": {
			append(repeat(20, ended{2_000, measure.Unauthorised, 401, "no"}), repeat(9, reset)...), true,
		},
		"of every size": {
			slices.Concat(repeat(20, limited), repeat(12, lost), repeat(12, ended{3_000, measure.Status, 502, ""})),
			false,
		},
		"no other answer":    {append(repeat(20, ended{size: 3_000}), repeat(12, lost)...), false},
		"of one size":        {append(repeat(20, got), repeat(12, lost)...), false},
		"too few to tell":    {append(repeat(20, limited), repeat(2, lost)...), false},
		"small ones instead": {append(repeat(20, got), repeat(12, ended{3_000, measure.Reset, 0, ""})...), false},
	} {
		t.Run(name, func(t *testing.T) {
			res := recorded(c.uploads...)
			f, ok := findingOf(res, "lost-answers")
			if ok != c.found {
				t.Fatalf("found %t, want %t: %+v", ok, c.found, res.UploadSizes)
			}
			if _, other := findingOf(res, "connection-limit"); ok && (len(f.Evidence) != 2 || other) {
				t.Errorf("found %+v, and the connections: %t", f, other)
			}
		})
	}
	res := recorded(append(repeat(20, limited), repeat(12, lost)...)...)
	f, _ := findingOf(res, "lost-answers")
	want := []string{
		"of the failed uploads of 786 kB and more, 12 of 12 ended without the server's answer: 502, or a closed " +
			"connection",
		"of the smaller ones, 0 of 20 did; the others were answered 429 (Too Many Requests)",
	}
	if !slices.Equal(f.Evidence, want) {
		t.Errorf("evidence\n%s", strings.Join(f.Evidence, "\n"))
	}
}

func TestRedirectedUploads(t *testing.T) {
	res := recorded(append(repeat(20, ended{size: 3_000}), repeat(5, ended{
		3_000, measure.Status, 308, "redirected to https://new.example/api/call-upload",
	})...)...)
	f, ok := findingOf(res, "redirected-uploads")
	if !ok || !strings.Contains(f.Evidence[0], "https://new.example/api/call-upload") {
		t.Errorf("found %+v", Findings(res, false, nil))
	}
}
