package traffic

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rdiostress/internal/replay"
	"rdiostress/internal/replay/replaytest"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// replayed returns the calls of a replay, as they are sent.
func replayed(
	t *testing.T, a *replay.Archive, r scenario.Replay, length time.Duration,
) ([]*upload.Recording, *replayer) {
	t.Helper()
	s := uploadtest.Scenario()
	s.Replay = r
	s.Duration = max(length, r.Length())
	p := newReplayer(s, a, start)
	stop := p.start()
	defer stop()
	var list []*upload.Recording
	for range p.Count(s.Duration) {
		rec, ok := <-p.ready
		if !ok || rec.Err != nil {
			t.Fatalf("recording %d: %v", len(list), rec)
		}
		list = append(list, rec)
	}
	return list, p
}

// openRecordings opens the recordings of testdata, with audio if there are only sidecars.
func openRecordings(t *testing.T, name string) *replay.Archive {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "replay", "location", "testdata", name))); err != nil {
		t.Fatal(err)
	}
	sidecars, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	for _, sidecar := range sidecars {
		if err := os.WriteFile(sidecar[:len(sidecar)-len(".json")]+".wav", replaytest.WAV(2), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return replaytest.Open(t, dir)
}

// offsets returns the dates of calls since the first of them, and how far back the last is dated when it is due.
func offsets(calls []*upload.Recording, p *replayer) (list []float64, back time.Duration) {
	for i, rec := range calls {
		list = append(list, rec.Call.Time.Sub(calls[0].Call.Time).Seconds())
		back = p.began.Add(p.Due(uint64(i))).Sub(rec.Call.Time)
	}
	return list, back
}

// At speed 1, calls keep their distances, and the last is dated a minute back.
func TestReplayKeepsDistances(t *testing.T) {
	wavs := t.TempDir()
	for i, name := range []string{
		"20240908_000000_Bay_N_Ctl__TO_100_FROM_1", "20240908_000200_Bay_N_Ctl__TO_102_FROM_1",
		"20240908_000300_Bay_N_Ctl__TO_103_FROM_1",
	} {
		if err := os.WriteFile(filepath.Join(wavs, name+".wav"), replaytest.WAV(30), 0o600); err != nil {
			t.Fatal(i, err)
		}
	}
	for name, tt := range map[string]struct {
		archive *replay.Archive
		want    string
	}{
		"one second of two systems": {openRecordings(t, "tr-one-second"), "[0 4 4]"},
		"the first calls":           {openRecordings(t, "sdrtrunk-first-calls"), "[0 5 10]"},
		"WAVs of 30 s":              {replaytest.Open(t, wavs), "[0 120 180]"},
	} {
		calls, p := replayed(t, tt.archive, replaytest.Scenario(tt.archive, 1), 0)
		got, back := offsets(calls, p)
		for i := range calls {
			if calls[i].Duplicate {
				t.Errorf("%s: %d is a duplicate", name, i)
			}
		}
		if fmt.Sprint(got) != tt.want || back < 59*time.Second || back > 62*time.Second {
			t.Errorf("%s: dated %v, the last %v back; want %s", name, got, back, tt.want)
		}
	}
}

// randomArchive makes recordings of both programs, with random starts and lengths. Those of a talkgroup are at least
// apart by so much.
func randomArchive(t *testing.T, r *rand.Rand, apart time.Duration) *replay.Archive {
	dir := t.TempDir()
	began := time.Date(2026, 3, 1, 17, 0, 0, r.IntN(1000)*int(time.Millisecond), time.Local)
	free := make(map[int]time.Time)
	at := began
	for i := range 20 + r.IntN(100) {
		at = at.Add(time.Duration(r.IntN(4000)) * time.Millisecond)
		talkgroup := 1 + r.IntN(20)
		if at.Before(free[talkgroup]) {
			continue
		}
		free[talkgroup] = at.Add(apart)
		seconds := 1 + r.IntN(8)
		stem, ext := "", ".wav"
		if r.IntN(2) == 0 {
			start := at
			side := fmt.Sprintf(`{"talkgroup":%d,"start_time":%d,"start_time_ms":%d,"short_name":"net"}`, talkgroup,
				start.Unix(), start.UnixMilli())
			stem = filepath.Join(dir, fmt.Sprintf("%d-%d_851012500.0-call_%d", talkgroup, start.Unix(), i))
			if err := os.WriteFile(stem+".json", []byte(side), 0o600); err != nil {
				t.Fatal(err)
			}
		} else {
			ended := at.Add(time.Duration(seconds) * time.Second)
			name := fmt.Sprintf("%s_net__TO_%d_FROM_%d", ended.Format("20060102_150405"), talkgroup, i)
			stem = filepath.Join(dir, name)
		}
		if err := os.WriteFile(stem+ext, replaytest.WAV(seconds), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return replaytest.Open(t, dir)
}

// Over random archives, speeds and rounds, calls keep their order, and at speed 1 their distances to the second; no two
// of a talkgroup are within a server's window.
func TestReplayProperties(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 17))
		a := randomArchive(t, r, 3*time.Second)
		speed := []float64{1, 1, 0.5, 2, 10, 60}[r.IntN(6)]
		plan := replaytest.Scenario(a, speed)
		plan.Loop = r.IntN(3) == 0
		length := plan.Length()
		if plan.Loop {
			length = time.Duration(float64(plan.Round())*(1+2*r.Float64())/speed) + time.Second
		}
		calls, p := replayed(t, a, plan, length)
		if !plan.Loop && len(calls) != a.Len() {
			t.Errorf("seed %d: %d of %d calls", seed, len(calls), a.Len())
		}
		checkReplayed(t, fmt.Sprintf("seed %d, speed %g, loop %t", seed, speed, plan.Loop), a, calls, p)
	}
}

func checkReplayed(t *testing.T, what string, a *replay.Archive, calls []*upload.Recording, p *replayer) {
	t.Helper()
	last := make(map[talkgroupKey][]time.Time)
	for n, rec := range calls {
		date := rec.Call.Time
		due := p.began.Add(p.Due(uint64(n)))
		if back := due.Sub(date); back < 58*time.Second || back > 7*24*time.Hour || rec.Duplicate {
			t.Fatalf("%s: call %d is dated %v back, a duplicate: %t", what, n, back, rec.Duplicate)
		}
		key := talkgroupKey{rec.Call.System, rec.Call.Talkgroup}
		for _, other := range last[key] {
			if date.Sub(other).Abs() <= scenario.DefaultWindow {
				t.Fatalf("%s: two calls of talkgroup %d at %v", what, key.talkgroup, date)
			}
		}
		last[key] = append(last[key], date)
		if n == 0 {
			continue
		}
		step := date.Unix() - calls[n-1].Call.Time.Unix()
		round, i, _ := p.place(uint64(n))
		before, j, _ := p.place(uint64(n - 1))
		want := int64(round-before)*int64(p.Round()/time.Second) + a.Start(i).Unix() - a.Start(j).Unix()
		if step < 0 || p.Speed <= 1 && step != want {
			t.Fatalf("%s: call %d is dated %d s after the one before it, recorded %d s", what, n, step, want)
		}
	}
}
