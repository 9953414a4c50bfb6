// Package browsertest gives tests a headless Chromium, and finds what goes wrong in its pages. It is for tests only.
package browsertest

import (
	"context"
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

	"rdiostress/internal/testenv"
)

// patience is how long a test may use a browser.
const patience = 5 * time.Minute

// Browser is a headless Chromium with a page in it.
type Browser struct {
	context.Context
	t      testing.TB
	origin string // that requests may go to

	mu       sync.Mutex
	problems []string
}

// Open starts Chromium, whose pages may request only what begins with an origin. It ends with the test.
func Open(t testing.TB, origin string) *Browser {
	t.Helper()
	path := testenv.Program(t, "chromium", "the package chromium")
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	ctx, stopTimer := context.WithTimeout(ctx, patience)
	t.Cleanup(func() { stopTimer(); stop(); stopAllocator() })
	b := &Browser{Context: ctx, t: t, origin: origin}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	Send(b, network.Enable, network.EnableParams{})
	Send(b, log.Enable, cdp.Empty{})
	b.Theme("light")
	return b
}

// listen notes what goes wrong in the page.
func (b *Browser) listen(event any) {
	problem := ""
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, b.origin) {
			problem = "request of " + e.Request.URL
		}
	case *runtime.EventConsoleAPICalled:
		problem = fmt.Sprintf("console: %s", e.Args[0].Value)
	case *runtime.EventExceptionThrown:
		problem = "exception: " + e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		if !strings.Contains(e.Entry.Text, "net::ERR_") { // of a connection that a test has cut
			problem = "log: " + e.Entry.Text
		}
	}
	if problem != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.problems = append(b.problems, problem)
	}
}

// Send gives the browser a command of its protocol.
func Send[P any](b *Browser, command cdp.Command[P, cdp.Empty], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.Context, command, params); err != nil {
		b.t.Fatal(err)
	}
}

// Do has the browser do something.
func (b *Browser) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.Context, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// Theme has pages see that the reader wants a theme, "light" or "dark". Nothing moves in any, so that what is clicked
// on is where it was.
func (b *Browser) Theme(theme string) {
	b.t.Helper()
	Send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		},
	})
}

// Visit loads a page in a window of a width.
func (b *Browser) Visit(address string, width int64) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS("footer")))
}

// Sound is Quiet, and fails the test too if the page is wider than the window.
func (b *Browser) Sound(name string) {
	b.t.Helper()
	if Ask[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
		b.t.Errorf("%s: the page is wider than the window", name)
	}
	b.Quiet(name)
}

// Quiet fails the test if a page has requested something outside, or complained, since it was asked before.
func (b *Browser) Quiet(name string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.problems {
		b.t.Errorf("%s: %s", name, p)
	}
	b.problems = nil
}

// Ask evaluates an expression in the page.
func Ask[T any](b *Browser, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.Context, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	return value
}

// Frames waits until the page has drawn what it has been told to.
func (b *Browser) Frames() {
	b.t.Helper()
	Ask[bool](b, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
}

// Axe returns the script of axe-core, whose path is in the variable RDIOSTRESS_TEST_AXE; without it, the test is
// skipped.
func Axe(t testing.TB) string {
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

// Accessible fails the test for what the page violates of the rules of axe-core.
func (b *Browser) Accessible(name, axe string) {
	b.t.Helper()
	Ask[chromedp.Void](b, axe)
	violations := Ask[[]string](b, `axe.run().then(r => r.passes.length < 20 ? ["it has checked nothing"] :
		r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map(n => n.html).join(" ")))`)
	for _, v := range violations {
		b.t.Errorf("%s: %.600s", name, v)
	}
}

// Screenshot saves a picture of the page in the folder of RDIOSTRESS_TEST_SCREENSHOTS, for people to look at.
func (b *Browser) Screenshot(name string) {
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
