package terminal

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/vbauerster/cupwriter"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
	"rdiostress/internal/scenario"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
	"rdiostress/internal/units"
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
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string {
			return " " + p.format(s.AvailableWidth-1) // of what the clock leaves; the bar has the rest
		})),
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
			out.say(fmt.Sprintf("%s: %s", p.clock(now.Elapsed), p.format(wide)))
		}
	})
}

// clock is the time that has passed, and of how much where that is known before.
func (p *progress) clock(elapsed time.Duration) string {
	length := p.scenario.Length()
	if p.scenario.Guide || p.scenario.Total > 0 {
		return units.Elapsed(elapsed)
	}
	return units.Elapsed(min(elapsed, length)) + " of " + units.Compact(length)
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

// wide is a width that a line without a terminal does not reach.
const wide = 1000

// format returns the run so far in a line of at most that many columns. Where they are few, what matters least is left
// out.
func (p *progress) format(columns int) string {
	s, stopping := p.latest()
	if stopping {
		return fmt.Sprintf("stopping: waiting for %d uploads (Ctrl-C to leave at once)", s.InFlight)
	}
	stored, accepted := formatStored(s.Storage)
	accepted = max(accepted, s.Accepted) // whichever was seen last
	phase := s.Phase
	if s.Scored && len(p.scenario.Stages) == 0 {
		phase = "" // the only one that lasts
	}
	var again, waiting string
	if p.scenario.Repeats().On {
		again = fmt.Sprintf("%d attempts failed", s.Attempts-s.Accepted)
		waiting = fmt.Sprintf("%d calls to be sent again", s.Waiting)
	}
	return joinParts(columns, []part{
		{5, phase},
		{0, units.PerSecond(s.Last.PerSecond)},
		{1, fmt.Sprintf("%d accepted", accepted)},
		{2, stored},
		{3, fmt.Sprintf("%d failed", s.Failed)},
		{4, "p95 " + formatP95(s.P95, s.P95Of)},
		{6, fmt.Sprintf("%d in flight", s.InFlight)},
		{7, again},
		{8, waiting},
	})
}

// part is a part of a line that can be left out.
type part struct {
	rank int // the higher, the sooner it is left out
	text string
}

// joinParts joins the parts that have a text, without those of the highest ranks if they need more columns than there
// are. The first rank stays.
func joinParts(columns int, parts []part) string {
	for limit := len(parts); ; limit-- {
		var texts []string
		for _, p := range parts {
			if p.text != "" && p.rank <= limit {
				texts = append(texts, p.text)
			}
		}
		if line := strings.Join(texts, ", "); limit <= 0 || utf8.RuneCountInString(line) <= columns {
			return line
		}
	}
}

// formatStored returns how many calls were stored when that was last read, and of how many that were accepted by then;
// an empty text where storage is not read.
func formatStored(p *verification.Progress) (text string, accepted uint64) {
	switch {
	case p == nil:
		return "", 0
	case p.Err != nil:
		return "storage cannot be read", 0
	default:
		return fmt.Sprintf("%d of %d stored", p.Stored, p.Acknowledged), p.Acknowledged
	}
}

// formatP95 writes a 95th percentile, or a dash where its uploads are too few for it.
func formatP95(p95 time.Duration, uploads uint64) string {
	if measure.TooFew(0.95, uploads) {
		return "–"
	}
	return units.Seconds(p95.Seconds())
}
