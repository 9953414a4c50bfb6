package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"rdiostress/internal/report"
	"rdiostress/internal/report/html"
	"rdiostress/internal/testenv/browsertest"
)

// await waits until an expression in the page is true.
func await(t *testing.T, b *browsertest.Browser, what, expression string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		// An error is that of a page which is just loaded anew.
		if is, err := chromedp.Run(b.Context, chromedp.Evaluate[bool](expression)); err == nil && is {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("%s does not come: %v: %s", what, err, browsertest.Ask[string](b, "document.body.innerText"))
		}
		<-time.After(50 * time.Millisecond)
	}
}

// shows is an expression for whether the page shows a text.
func shows(text string) string { return fmt.Sprintf(`document.body.innerText.includes(%q)`, text) }

func text(b *browsertest.Browser, id string) string {
	return browsertest.Ask[string](b, fmt.Sprintf(`document.getElementById(%q).textContent`, id))
}

// Charts of a run that goes on are zoomed, pointed at and read as those of a report, and what a reader does stays while
// new figures come: also across a lost connection, and to the end.
func TestLiveCharts(t *testing.T) {
	b := browsertest.Open(t, "http://127.0.0.1:")
	d := NewDocument(Options{Version: "dev"})
	s, err := Listen(t.Context(), "127.0.0.1:0", "", d)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { s.Close() }()
	b.Visit(s.url("/"), 1280)
	await(t, b, "the state at first", shows("Preparing"))
	recorded(d, 20)
	await(t, b, "the first charts", `document.querySelectorAll('.chart').length > 5 &&
		!document.querySelector('.chart:not(:has(.live canvas))') && !document.getElementById('zoom').hidden`)

	// What a reader does.
	b.Do(chromedp.ScrollIntoView(chromedp.CSS("#chart-times .u-over")))
	box := browsertest.Ask[[]float64](b, `(r => [r.x, r.y, r.width, r.height])(
		document.querySelector('#chart-times .u-over').getBoundingClientRect())`)
	x, y := box[0]+box[2]/2, box[1]+box[3]/2
	b.Do(chromedp.DragAndDropXY(x, y, x+box[2]/4, y))
	zoomed := text(b, "range")
	b.Do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y))
	browsertest.Ask[bool](b, `(() => {
		window.canvas = document.querySelector('#chart-uploads canvas');
		document.querySelector('#chart-times details').open = true;
		document.querySelector('[data-zoom="in"]').focus({ preventScroll: true });
		return true;
	})()`)

	for _, seconds := range []int{40, 50} {
		if seconds == 50 {
			s = reconnected(t, b, s)
		}
		recorded(d, seconds)
		await(t, b, "the next state", shows(fmt.Sprintf("Sending calls: %d s", seconds))+
			`&& document.getElementById('status').textContent === 'live'`)
		if !browsertest.Ask[bool](b, `window.canvas === document.querySelector('#chart-uploads canvas') &&
			document.querySelector('#chart-times details').open && document.activeElement.dataset.zoom === 'in'`) {
			t.Errorf("after %d s, a chart is made anew, a table is folded, or the focus is elsewhere", seconds)
		}
		if now := text(b, "range"); now != zoomed || !strings.HasPrefix(now, "from ") {
			t.Errorf("after %d s, the charts show %q, not %q", seconds, now, zoomed)
		}
		for _, id := range []string{"times", "heat", "uploads"} {
			said := browsertest.Ask[string](b, `document.querySelector('#chart-`+id+` .readout').textContent`)
			if !strings.Contains(said, ": ") {
				t.Errorf("after %d s, %s says of the moment under the pointer %q", seconds, id, said)
			}
		}
	}
	checkMoves(t, b, d)
	b.Sound("while it runs")
	s.End(t.Context(), endOf(d))
	await(t, b, "the end", `document.getElementById('status').textContent === 'this is the end'`)
	if now := text(b, "range"); !strings.HasPrefix(now, "from ") {
		t.Errorf("after the end, the charts show %q", now)
	}
	b.Sound("after the end")
}

// reconnected has the server stop, and another one serve the same document at the same address.
func reconnected(t *testing.T, b *browsertest.Browser, s *Server) *Server {
	t.Helper()
	s.Close()
	await(t, b, "the loss of the connection", shows("the connection is lost"))
	again, err := Listen(t.Context(), s.Addr().String(), "", s.document)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// checkMoves checks that the last part of a run is shown on and on, and then all of it.
func checkMoves(t *testing.T, b *browsertest.Browser, d *Document) {
	t.Helper()
	for range 20 {
		b.Do(chromedp.Click(chromedp.CSS(`[data-zoom="on"]`)))
	}
	before := text(b, "range")
	recorded(d, 55)
	await(t, b, "the next state", shows("Sending calls: 55 s"))
	if now := text(b, "range"); now == before || !strings.HasSuffix(now, ", and on with the run") {
		t.Errorf("the charts show %q after %q", now, before)
	}
	b.Do(chromedp.Click(chromedp.CSS(`[data-zoom="all"]`)))
	if now := text(b, "range"); now != "the whole run" {
		t.Errorf("the charts show %q, not the whole run", now)
	}
	b.Do(chromedp.Click(chromedp.CSS(`[data-zoom="in"]`)))
}

// endOf is the end of a run of what a document knows.
func endOf(d *Document) Final {
	d.mu.Lock()
	defer d.mu.Unlock()
	res, _ := d.resultSoFar()
	rep := report.New(res, "dev", nil)
	return Final{State: func() (html.State, error) { return html.StateOfRun(&rep, html.Options{}) }}
}

// The page that follows is accessible by the rules of axe-core before, during and after a run.
func TestLivePageIsAccessible(t *testing.T) {
	axe := browsertest.Axe(t)
	b := browsertest.Open(t, "http://127.0.0.1:")
	d := NewDocument(Options{Version: "dev"})
	s := listen(t, d, "")
	for _, tt := range []struct {
		when, shows string
		do          func()
	}{
		{"before", "Preparing", func() {}},
		{"during", "Sending calls: 1 min 30 s", func() { recorded(d, 90) }},
		{"after", "this is the end", func() { s.End(t.Context(), endOf(d)) }},
	} {
		tt.do()
		for theme, width := range map[string]int64{"light": 1280, "dark": 390} {
			if tt.when == "before" && theme == "light" {
				continue // there is little to be seen
			}
			where := fmt.Sprintf("live-%s-%s-%d", tt.when, theme, width)
			b.Theme(theme)
			b.Visit(s.url("/"), width)
			await(t, b, where, shows(tt.shows))
			b.Screenshot(where)
			b.Accessible(where, axe)
			b.Sound(where)
		}
	}
}

// Without scripts, the page shows the state, and is loaded anew.
func TestLivePageWithoutScript(t *testing.T) {
	b := browsertest.Open(t, "http://127.0.0.1:")
	browsertest.Send(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	d := NewDocument(Options{Version: "dev"})
	s := listen(t, d, "")
	recorded(d, 20)
	b.Visit(s.url("/"), 390)
	await(t, b, "the state", shows("loaded anew every 5 seconds")+" && "+shows("Sending calls: 20 s")+
		` && document.querySelector('#chart-heat .inner .heat').getBoundingClientRect().width > 20`)
	recorded(d, 40)
	await(t, b, "the next state", shows("Sending calls: 40 s"))
	b.Quiet("without script")
}
