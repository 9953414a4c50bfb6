package terminal

import (
	"fmt"
	"sync"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/glyph"
	"rdiostress/internal/report"
)

// view is something that goes on, as it is shown until another one is.
type view interface {
	// panel returns the rows of a panel, whose last column is to stay free. It is called a few times a second.
	panel(p pen, room size) []ranked
	// logLine returns the next line of a log, or an empty text while none is due. Silent is since when nothing was
	// written.
	logLine(silent time.Duration) string
}

// redrawEvery is how often a panel is drawn if it has changed, and a log is looked after.
const redrawEvery = 250 * time.Millisecond

// display shows one view after another, and what is said meanwhile. It is safe for concurrent use. A view is called
// with the display locked, and must not use it.
type display struct {
	Screen
	canvas *canvas // nil where there is no panel
	end    func()  // ends the drawing; more than once does no harm

	mu    sync.Mutex
	view  view      // nil: nothing goes on
	wrote time.Time // when a line was written last
}

// newDisplay returns what shows views. The caller closes it.
func newDisplay(screen Screen) *display {
	return newDisplayOf(screen, func() size { return sizeOf(screen.W) })
}

// newDisplayOf is newDisplay for a terminal whose size a function returns.
func newDisplayOf(screen Screen, sizeOf func() size) *display {
	d := &display{Screen: screen, wrote: time.Now(), end: func() {}}
	if screen.Quiet {
		return d
	}
	if screen.IsTerminal && takesSequences(screen.W) {
		d.canvas = &canvas{w: screen.W, sizeOf: sizeOf}
	}
	d.end = sync.OnceFunc(clock.Every(redrawEvery, d.update))
	return d
}

// show shows another view from now on; nil shows none.
func (d *display) show(v view) {
	d.mu.Lock()
	d.view = v
	d.mu.Unlock()
	if d.canvas == nil {
		return
	}
	if v == nil {
		d.canvas.show(nil)
		return
	}
	p := d.pen()
	d.canvas.show(func(room size) []string { return p.lines(v.panel(p, room), room) })
}

// draws reports whether a view is shown by a panel.
func (d *display) draws(v view) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.canvas != nil && d.view == v
}

// say writes a line, above what is drawn; on a terminal it breaks lines between words alone. It may have foreign text,
// which neither changes a terminal nor is a command to the runner of a CI job: that reads stderr as it reads stdout.
func (d *display) say(line string) {
	line = report.Line(line)
	if d.ASCII {
		line = glyph.ASCII(line)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wrote = time.Now()
	if d.canvas != nil {
		d.canvas.say(line)
		return
	}
	fmt.Fprintln(d.W, Wrapped(line, askSize(d.W).columns))
}

// update draws the panel, or writes a line that is due.
func (d *display) update(last bool) {
	if last {
		return // close removes what is drawn
	}
	if d.canvas != nil {
		d.canvas.refresh()
		return
	}
	d.mu.Lock()
	v, silent := d.view, time.Since(d.wrote)
	d.mu.Unlock()
	if v == nil {
		return
	}
	if line := v.logLine(silent); line != "" {
		d.say(line)
	}
}

// close ends what is drawn.
func (d *display) close() {
	d.end()
	d.show(nil)
}

// leave removes what is drawn. Nothing is drawn from then on.
func (d *display) leave() {
	if d.canvas != nil {
		d.canvas.close()
	}
}
