package html_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv"
)

// browser is a headless Chromium with a page in it, and what went wrong there.
type browser struct {
	context.Context
	t        *testing.T
	mu       sync.Mutex
	problems []string
}

// openBrowser starts Chromium.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	path := testenv.Program(t, "chromium", "the package chromium")
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	ctx, stopTimer := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(func() { stopTimer(); stop(); stopAllocator() })
	b := &browser{Context: ctx, t: t}
	err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(e.Request.URL, "file:///") {
				b.problem("request of " + e.Request.URL)
			}
		case *runtime.EventConsoleAPICalled:
			b.problem(fmt.Sprintf("console: %s", e.Args[0].Value))
		case *runtime.EventExceptionThrown:
			b.problem("exception: " + e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			b.problem("log: " + e.Entry.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	send(b, network.Enable, network.EnableParams{})
	send(b, log.Enable, cdp.Empty{})
	return b
}

// send gives the browser a command of its protocol.
func send[P any](b *browser, command cdp.Command[P, cdp.Empty], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.Context, command, params); err != nil {
		b.t.Fatal(err)
	}
}

func (b *browser) problem(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = append(b.problems, text)
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.Context, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// open loads a page as a file from disk, at a width and in a theme.
func (b *browser) open(text, theme string, width int64) {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
	})
	b.do(chromedp.EmulateViewport(width, 900), chromedp.Navigate("file://"+path),
		chromedp.WaitReady(chromedp.CSS("footer")))
}

// sound fails the test if anything went wrong in the page.
func (b *browser) sound(name string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.problems {
		b.t.Errorf("%s: %s", name, p)
	}
	b.problems = nil
}

// ask evaluates an expression in the page.
func ask[T any](b *browser, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.Context, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	return value
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
	b := openBrowser(t)
	for name, text := range map[string]string{
		"run": page(t, watchedRun(5*time.Minute)), "search": searchPage(t, reporttest.Searched()),
		"full": page(t, reporttest.Full()), "hostile": page(t, hostile()),
	} {
		b.open(text, "light", 1280)
		if n := ask[int](b, `document.querySelectorAll('.live canvas').length`); n == 0 {
			t.Errorf("%s: no chart is drawn by the script", name)
		}
		if list := ask[[]string](b, undrawn); len(list) > 0 {
			t.Errorf("%s, with script: nothing is drawn in %q", name, list)
		}
		if ask[bool](b, `window.pwned !== undefined || document.querySelector('img') !== null`) {
			t.Errorf("%s: foreign text became markup", name)
		}
		b.sound(name)
	}
}

func TestChartsAreDrawnWithoutScript(t *testing.T) {
	b := openBrowser(t)
	send(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	for name, text := range map[string]string{
		"run": page(t, watchedRun(5*time.Minute)), "search": searchPage(t, reporttest.Searched()),
	} {
		b.open(text, "dark", 390)
		if n := ask[int](b, `document.querySelectorAll('.live canvas').length`); n != 0 {
			t.Fatalf("%s: scripts run", name)
		}
		if list := ask[[]string](b, undrawn); len(list) > 0 {
			t.Errorf("%s, without script: nothing is drawn in %q", name, list)
		}
		if ask[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
			t.Errorf("%s: the page is wider than the window", name)
		}
		b.sound(name)
	}
}

// pictures is an expression for what the charts over time show, by their ids.
const pictures = `Object.fromEntries([...document.querySelectorAll('.chart')].map(figure => {
	const canvas = figure.querySelector('canvas');
	return [figure.id, canvas ? canvas.toDataURL() : figure.querySelector('.inner').getAttribute('viewBox')];
}))`

func (b *browser) pictures() map[string]string {
	b.t.Helper()
	shown := ask[map[string]string](b, pictures)
	for id, data := range shown {
		shown[id] = fmt.Sprintf("%x", sha256.Sum256([]byte(data)))
	}
	return shown
}

// Zooming into one chart by the mouse, or into all by the buttons, shows the same part of the run in all of them.
func TestZoomIsLinked(t *testing.T) {
	b := openBrowser(t)
	b.open(page(t, watchedRun(5*time.Minute)), "light", 1280)
	frames := func() {
		ask[bool](b, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
	}
	frames()
	for name, zoom := range map[string]func(){
		"button": func() { b.do(chromedp.Click(chromedp.CSS(`button[data-zoom="in"]`))) },
		"mouse": func() {
			b.do(chromedp.ScrollIntoView(chromedp.CSS("#chart-times .u-over")))
			box := ask[[]float64](b, `(r => [r.x, r.y, r.width, r.height])(
				document.querySelector('#chart-times .u-over').getBoundingClientRect())`)
			y := box[1] + box[3]/2
			b.do(chromedp.DragAndDropXY(box[0]+box[2]*0.3, y, box[0]+box[2]*0.6, y))
		},
	} {
		before := b.pictures()
		zoom()
		frames()
		if text := ask[string](b, `document.getElementById('range').textContent`); !strings.HasPrefix(text, "from ") {
			t.Errorf("%s: shown is %q", name, text)
		}
		after := b.pictures()
		for id, picture := range before {
			if overTime := id != "chart-percentiles"; (after[id] != picture) != overTime {
				t.Errorf("%s: %s changed: %t", name, id, after[id] != picture)
			}
		}
		b.do(chromedp.Click(chromedp.CSS(`button[data-zoom="all"]`)))
		frames()
		if text := ask[string](b, `document.getElementById('range').textContent`); text != "the whole run" {
			t.Errorf("%s: after the whole run, shown is %q", name, text)
		}
	}
	b.sound("zoom")
}

// The page is accessible by the rules of axe-core, in both themes and at three widths.
func TestPageIsAccessible(t *testing.T) {
	axe := axeCore(t)
	b := openBrowser(t)
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
				b.open(text, theme, width)
				screenshot(b, where)
				ask[chromedp.Void](b, axe)
				violations := ask[[]string](b, `axe.run().then(r => r.passes.length < 20 ? ["it has checked nothing"] :
					r.violations.map(v => v.id + ": " + v.help + ": " +
						v.nodes.slice(0, 3).map(n => n.html).join(" ")))`)
				for _, v := range violations {
					t.Errorf("%s: %.600s", where, v)
				}
				if ask[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
					t.Errorf("%s: the page is wider than the window", where)
				}
				b.sound(where)
			}
		}
	}
}

// axeCore returns the script of axe-core, whose path is in the variable RDIOSTRESS_TEST_AXE.
func axeCore(t *testing.T) string {
	t.Helper()
	const variable = "RDIOSTRESS_TEST_AXE"
	path := os.Getenv(variable)
	if path == "" && os.Getenv(testenv.Strict) == "" {
		t.Skipf("run npm install axe-core in some folder, and set %s to its node_modules/axe-core/axe.min.js", variable)
	}
	script, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return string(script)
}

// screenshot saves a picture of the page in the folder of RDIOSTRESS_TEST_SCREENSHOTS, for people to look at.
func screenshot(b *browser, name string) {
	folder := os.Getenv("RDIOSTRESS_TEST_SCREENSHOTS")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(b.Context, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
