package terminal

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// canvasOn returns a canvas on a terminal of a size.
func canvasOn(columns, rows int) (*canvas, *fakeTerminal) {
	t := &fakeTerminal{room: size{columns, rows}, lines: make([][]rune, 1), wraps: true}
	return &canvas{w: t, sizeOf: t.size}, t
}

// However lines are said, a panel changes and its terminal is resized, the terminal shows what was said and one panel
// below it, and in the end what was said alone.
func TestCanvasLeavesNothingBehind(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 1))
		c, screen := canvasOn(80, 24)
		var said, panel []string
		next := func() []string {
			panel = nil
			for i := range rng.IntN(12) {
				panel = append(panel, fmt.Sprintf("%d %s", i, strings.Repeat("x", rng.IntN(200))))
			}
			return panel
		}
		draw := func(room size) []string {
			var lines []string
			for _, line := range panel {
				lines = append(lines, pen{}.line(row{{text: line}}, room.columns))
			}
			return lines
		}
		for step := range 60 {
			switch rng.IntN(5) {
			case 0:
				screen.resize(rng.IntN(150)+1, rng.IntN(50)+1)
			case 1:
				line := fmt.Sprintf("said %s %d", strings.Repeat("y", rng.IntN(300)), step)
				said = append(said, Wrapped(line, screen.size().columns))
				c.say(line)
			case 2:
				panel = next()
				c.show(draw)
			case 3:
				panel = next()
				c.show(nil)
				panel = nil
			default:
				panel = next()
				c.show(draw)
				c.refresh()
			}
			c.refresh()
			room := screen.size()
			var want []string
			want = append(want, said...)
			if room.columns >= leastColumn {
				want = append(want, draw(room)[:min(len(panel), room.rows)]...)
			}
			if got := screen.String(); got != strings.TrimRight(strings.Join(want, "\n"), "\n") {
				t.Fatalf("seed %d, step %d, in %v: shows\n%s\nwant\n%q", seed, step, room, got, want)
			}
		}
		c.close()
		c.show(draw)
		if got := screen.String(); got != strings.Join(said, "\n") {
			t.Fatalf("seed %d: leaves\n%s", seed, got)
		}
		screen.check(t)
	}
}

// A panel that has not changed costs the terminal nothing.
func TestCanvasDrawsChangesAlone(t *testing.T) {
	c, screen := canvasOn(80, 24)
	writes := 0
	c.w = writerFunc(func(p []byte) (int, error) { writes++; return screen.Write(p) })
	words := "one"
	c.show(func(size) []string { return []string{words} })
	c.refresh()
	c.refresh()
	words = "two"
	c.refresh()
	screen.resize(81, 24)
	c.refresh()
	c.refresh()
	if writes != 3 || screen.String() != "two" {
		t.Errorf("%d writes, shows %q", writes, screen.String())
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
