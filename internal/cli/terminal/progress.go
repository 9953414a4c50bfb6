package terminal

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/cupwriter"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
	"rdiostress/internal/scenario"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

// progress is a run as it goes.
type progress struct {
	scenario scenario.Scenario
	start    time.Time

	mu       sync.Mutex
	second   event.Second // the latest
	stopping bool         // the first signal was heard
}

// update notes how the run stands.
func (p *progress) update(now event.Second) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.second = now
}

// stop notes that the user has stopped the run.
func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopping = true
}

func (p *progress) latest() (now event.Second, stopping bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.second, p.stopping
}

// show shows how the run stands until done is called: a bar on a terminal, else a line every few seconds. Lines that
// are said meanwhile stay above the bar.
func (p *progress) show(screen Screen) (say func(line string), done func()) {
	if screen.IsTerminal {
		return p.showBar(screen.W)
	}
	out := &lines{w: screen.W}
	return out.say, p.showLines(out)
}

// lines writes whole lines, from several goroutines.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) say(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.w, line)
}

// barSteps is how finely the bar moves.
const barSteps = 1000

// showBar draws a bar.
func (p *progress) showBar(w io.Writer) (say func(string), done func()) {
	console := cupwriter.New(w, false)
	if d, ok := w.(descriptor); ok {
		console.SetTermFd(int(d.Fd()))
	}
	bars := mpb.New(mpb.WithConsoleWriter(console), mpb.WithWidth(24), mpb.WithRefreshRate(200*time.Millisecond))
	bar := bars.AddBar(barSteps,
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return p.clock(time.Since(p.start)) + " " })),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + p.format() })),
	)
	done = clock.Every(200*time.Millisecond, func(last bool) {
		bar.SetCurrent(int64(min(p.share(), 0.999) * barSteps))
		if last {
			bar.Abort(true)
			bars.Wait()
		}
	})
	return func(line string) { fmt.Fprintln(bars, line) }, done
}

func (p *progress) showLines(out *lines) (done func()) {
	return clock.Every(LineEvery, func(last bool) {
		if now, _ := p.latest(); !last {
			out.say(fmt.Sprintf("%s: %s", p.clock(now.Elapsed), p.format()))
		}
	})
}

// clock is the time that has passed, and of how much where that is known before.
func (p *progress) clock(elapsed time.Duration) string {
	length := p.scenario.Length()
	if p.scenario.Guide || p.scenario.Total > 0 {
		return elapsed.Truncate(time.Second).String()
	}
	return fmt.Sprintf("%v of %v", min(elapsed, length).Round(time.Second), length)
}

// share is how much of the run is over, 0 to 1, by time or by number of calls, whichever is further.
func (p *progress) share() float64 {
	share := time.Since(p.start).Seconds() / p.scenario.Length().Seconds()
	if total := p.scenario.Total; total > 0 {
		now, _ := p.latest()
		share = max(share, float64(now.Attempted)/float64(total))
	}
	return min(share, 1)
}

// format returns the run so far in one line.
func (p *progress) format() string {
	s, stopping := p.latest()
	if stopping {
		return fmt.Sprintf("stopping: waiting for %d uploads (Ctrl-C to leave at once)", s.InFlight)
	}
	stored, accepted := formatStored(s.Storage)
	accepted = max(accepted, s.Accepted) // whichever was seen last
	line := fmt.Sprintf("%.0f/s, %d accepted, %d failed, p95 %s, %d in flight",
		s.Last.PerSecond, accepted, s.Failed, formatP95(s.P95, s.P95Of), s.InFlight)
	if p.scenario.Retries.On {
		line += fmt.Sprintf(", %d attempts failed, %d calls to be sent again", s.Attempts-s.Accepted, s.Waiting)
	}
	line += stored
	if sustained := s.Scored && len(p.scenario.Stages) == 0; s.Phase != "" && !sustained {
		line = s.Phase + ", " + line
	}
	return line
}

// formatStored is how storing stands, and how many calls had been accepted when it was looked at; empty where nobody
// looks.
func formatStored(p *verification.Progress) (words string, accepted uint64) {
	switch {
	case p == nil:
		return "", 0
	case p.Err != nil:
		return ", cannot see what is stored", 0
	default:
		return fmt.Sprintf(", at the last look %d of %d stored", p.Stored, p.Acknowledged), p.Acknowledged
	}
}

// formatP95 is a 95th percentile, or a dash where its uploads are too few for it.
func formatP95(p95 time.Duration, uploads uint64) string {
	if measure.TooFew(0.95, uploads) {
		return "–"
	}
	return roundTime(p95).String()
}

// roundTime keeps three significant digits.
func roundTime(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}
