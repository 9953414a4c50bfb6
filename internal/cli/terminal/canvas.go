package terminal

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// canvas draws a panel below all that is said on a terminal.
//
// Between two writes, the cursor is at the beginning of the panel's first line. A terminal that becomes narrower breaks
// lines that are too long for it, and keeps the cursor with the text at which it was. So all that is below it can be
// removed, however many lines that takes by then, and nothing above it is touched. Whatever is written is written at
// once, as a reader may go away at any time.
type canvas struct {
	w      io.Writer
	sizeOf func() size

	mu     sync.Mutex
	draw   func(room size) []string // returns the panel's lines; nil: there is no panel
	shown  string                   // what is drawn on the terminal; empty: nothing
	room   size                     // in which that was drawn
	closed bool                     // there is no panel any more, whatever is shown
}

// What a terminal does on these.
const (
	eraseBelow  = "\r\x1b[J" // the line of the cursor, and those below it
	eraseLine   = "\x1b[K"   // what is right of the cursor
	wrapOff     = "\x1b[?7l" // lines that turn out too long are cut
	wrapOn      = "\x1b[?7h"
	cursorUp    = "\x1b[%dA"
	leastColumn = 2 // a terminal with fewer columns has no room for a panel
)

// show has the canvas draw another panel from now on, or none where draw is nil.
func (c *canvas) show(draw func(room size) []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draw = draw
	c.redraw("")
}

// close removes the panel for good.
func (c *canvas) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.redraw("")
}

// refresh draws the panel if it has changed, or the terminal has.
func (c *canvas) refresh() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.redraw("")
}

// say writes a line above the panel.
func (c *canvas) say(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.redraw(Wrapped(line, c.sizeOf().columns) + "\n")
}

// redraw writes a text and below it the panel. The canvas must be locked.
func (c *canvas) redraw(text string) {
	room := c.sizeOf()
	frame := ""
	if c.draw != nil && !c.closed && room.columns >= leastColumn {
		frame = frameOf(c.draw(room), room)
	}
	switch {
	case text == "" && frame == c.shown && room == c.room:
		return
	case c.shown == "", text == "" && frame != "" && room == c.room:
		// there is nothing to remove, or each line takes the place of what was in it
	default:
		text = eraseBelow + text
	}
	c.shown, c.room = frame, room
	if text += frame; text != "" {
		_, _ = io.WriteString(c.w, text) // nobody is left to tell
	}
}

// frameOf returns what draws lines, as many as there is room for, and has the cursor be at their beginning again.
func frameOf(lines []string, room size) string {
	lines = lines[:min(len(lines), room.rows)]
	if len(lines) == 0 {
		return ""
	}
	frame := "\r" + wrapOff + strings.Join(lines, eraseLine+"\n") + eraseLine + "\x1b[J" + wrapOn + "\r"
	if up := len(lines) - 1; up > 0 {
		frame += fmt.Sprintf(cursorUp, up)
	}
	return frame
}
