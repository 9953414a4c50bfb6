package html_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/browsertest"
)

// open loads a page as a file from disk, at a width and in a theme.
func open(t *testing.T, b *browsertest.Browser, text, theme string, width int64) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b.Theme(theme)
	b.Visit("file://"+path, width)
}

// undrawn is an expression for the charts of which nothing is to be seen: of a canvas that has one color only, or a
// drawing without lines.
const undrawn = `[...document.querySelectorAll('.chart')].filter(figure => {
	const canvas = figure.querySelector('.live canvas');
	if (!canvas) return ![...figure.querySelectorAll('.inner .line, .inner .heat')].some(
		p => p.getBoundingClientRect().width > 20);
	const pixels = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer);
	return new Set(pixels).size < 4;
}).map(figure => figure.id)`

func TestChartsAreDrawn(t *testing.T) {
	b := browsertest.Open(t, "file:///")
	for name, text := range map[string]string{
		"run": page(t, watchedRun(5*time.Minute)), "search": searchPage(t, reporttest.Searched()),
		"full": page(t, reporttest.Full()), "hostile": page(t, hostile()),
	} {
		open(t, b, text, "light", 1280)
		if n := browsertest.Ask[int](b, `document.querySelectorAll('.chart:not(:has(.live canvas))').length`); n > 0 {
			t.Errorf("%s: %d charts are not drawn by the script", name, n)
		}
		if list := browsertest.Ask[[]string](b, undrawn); len(list) > 0 {
			t.Errorf("%s, with script: nothing is drawn in %q", name, list)
		}
		if browsertest.Ask[bool](b, `window.pwned !== undefined || document.querySelector('img') !== null`) {
			t.Errorf("%s: foreign text became markup", name)
		}
		b.Sound(name)
	}
}

func TestChartsAreDrawnWithoutScript(t *testing.T) {
	b := browsertest.Open(t, "file:///")
	browsertest.Send(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	for name, text := range map[string]string{
		"run": page(t, watchedRun(5*time.Minute)), "search": searchPage(t, reporttest.Searched()),
	} {
		open(t, b, text, "dark", 390)
		if n := browsertest.Ask[int](b, `document.querySelectorAll('.live canvas').length`); n != 0 {
			t.Fatalf("%s: scripts run", name)
		}
		if list := browsertest.Ask[[]string](b, undrawn); len(list) > 0 {
			t.Errorf("%s, without script: nothing is drawn in %q", name, list)
		}
		b.Sound(name)
	}
}

// pictures returns what the charts show, by their ids.
func pictures(b *browsertest.Browser) map[string]string {
	shown := browsertest.Ask[map[string]string](b, `Object.fromEntries([...document.querySelectorAll('.chart')].map(
		figure => [figure.id, figure.querySelector('canvas').toDataURL()]))`)
	for id, data := range shown {
		shown[id] = fmt.Sprintf("%x", sha256.Sum256([]byte(data)))
	}
	return shown
}

// Zooming into any chart by the mouse, or into all by the buttons, shows the same part of the run in all of them.
func TestZoomIsLinked(t *testing.T) {
	b := browsertest.Open(t, "file:///")
	open(t, b, page(t, watchedRun(5*time.Minute)), "light", 1280)
	b.Frames()
	drag := func(chart string) func() {
		return func() {
			x, y, width, height := over(b, chart)
			b.Do(chromedp.DragAndDropXY(x+width*0.3, y+height/2, x+width*0.6, y+height/2))
		}
	}
	for name, zoom := range map[string]func(){
		"button":          func() { b.Do(chromedp.Click(chromedp.CSS(`button[data-zoom="in"]`))) },
		"a chart":         drag("times"),
		"the heat map":    drag("heat"),
		"by the keyboard": func() { b.Do(chromedp.SendKeys(chromedp.CSS(`button[data-zoom="in"]`), "\r")) },
	} {
		before := pictures(b)
		zoom()
		b.Frames()
		if text := shownRange(b); !strings.HasPrefix(text, "from ") {
			t.Errorf("%s: shown is %q", name, text)
		}
		after := pictures(b)
		for id, picture := range before {
			if overTime := id != "chart-percentiles"; (after[id] != picture) != overTime {
				t.Errorf("%s: %s changed: %t", name, id, after[id] != picture)
			}
		}
		b.Do(chromedp.Click(chromedp.CSS(`button[data-zoom="all"]`)))
		b.Frames()
		if text := shownRange(b); text != "the whole run" {
			t.Errorf("%s: after the whole run, shown is %q", name, text)
		}
	}
	b.Sound("zoom")
}

func shownRange(b *browsertest.Browser) string {
	return browsertest.Ask[string](b, `document.getElementById('range').textContent`)
}

// over returns where a chart is in the window.
func over(b *browsertest.Browser, chart string) (x, y, width, height float64) {
	within := "#chart-" + chart + " .u-over"
	b.Do(chromedp.ScrollIntoView(chromedp.CSS(within)))
	b.Frames()
	box := browsertest.Ask[[]float64](b, `(r => [r.x, r.y, r.width, r.height])(
		document.querySelector('`+within+`').getBoundingClientRect())`)
	return box[0], box[1], box[2], box[3]
}

// A moment at which the pointer or the slider is shows its figures below all charts over time.
func TestCursorIsLinked(t *testing.T) {
	const uploads = `[\d,]+ uploads?`
	whole := regexp.MustCompile(`^2:2\d min to 2:\d\d min: ` + uploads + `, most often [\d.]+ m?s to [\d.]+ m?s$`)
	cell := regexp.MustCompile(`^2:2\d min to 2:\d\d min: ` + uploads + ` of [\d,]+ took [\d.]+ m?s to [\d.]+ m?s$`)
	line := regexp.MustCompile(`^2:\d\d min: p50 \d`)
	b := browsertest.Open(t, "file:///")
	open(t, b, page(t, watchedRun(5*time.Minute)), "light", 1280)
	point := func(chart string) func() {
		return func() {
			x, y, width, height := over(b, chart)
			b.Do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x+width/2, y+height/2))
		}
	}
	for _, tt := range []struct {
		name string
		do   func()
		heat *regexp.Regexp
	}{
		{"another chart", point("uploads"), whole},
		{"the heat map", point("heat"), cell},
		{"the slider", func() {
			browsertest.Ask[int](b, `document.getElementById('moment').value = 99`)
			b.Do(chromedp.SendKeys(chromedp.CSS("#moment"), kb.ArrowRight)) // to the right
		}, whole},
	} {
		tt.do()
		b.Frames()
		said := browsertest.Ask[map[string]string](b, `Object.fromEntries(
			[...document.querySelectorAll('.chart')].map(
				figure => [figure.id, figure.querySelector('.readout').textContent]))`)
		if !tt.heat.MatchString(said["chart-heat"]) || !line.MatchString(said["chart-times"]) {
			t.Errorf("%s: %q, %q", tt.name, said["chart-heat"], said["chart-times"])
		}
		for id, text := range said {
			if (text != "") != (id != "chart-percentiles") {
				t.Errorf("%s: %s: %q", tt.name, id, text)
			}
		}
	}
	if text := browsertest.Ask[string](b, `document.getElementById('moment').ariaValueText`); text != "2:30 min" {
		t.Errorf("the slider is at %q", text)
	}
	b.Sound("cursor")
}

// The page is accessible by the rules of axe-core, in both themes and at three widths.
func TestPageIsAccessible(t *testing.T) {
	axe := browsertest.Axe(t)
	b := browsertest.Open(t, "file:///")
	pages := map[string]string{
		"run": page(t, watchedRun(5*time.Minute)), "search": searchPage(t, reporttest.Searched()),
		"full": page(t, reporttest.Full()), "hostile": page(t, hostile()),
		"comparison": comparisonText(t, reporttest.Compared()["worse"]),
	}
	for name, text := range pages {
		for _, theme := range []string{"light", "dark"} {
			for _, width := range []int64{390, 820, 1280} {
				if width != 390 && (name == "hostile" || name == "full") {
					continue // the layout is that of the others
				}
				where := fmt.Sprintf("%s-%s-%d", name, theme, width)
				open(t, b, text, theme, width)
				b.Screenshot(where)
				b.Accessible(where, axe)
				b.Sound(where)
			}
		}
	}
}
