package html

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// SVG draws the chart. Text keeps its size whatever the width, since only the lines are in a drawing that is stretched.
// It is hidden from screen readers, which have the sentence and the table.
func (c *chart) SVG() template.HTML {
	var b strings.Builder
	b.WriteString(`<svg class="plot" width="100%" height="100%" aria-hidden="true" focusable="false">`)
	c.drawBands(&b)
	c.drawAxes(&b)
	b.WriteString(`<svg class="inner" width="100%" height="100%" viewBox="0 0 1000 1000" preserveAspectRatio="none">`)
	if c.Heat != nil {
		c.drawHeat(&b)
	}
	for _, l := range c.Limits {
		if l.Value <= c.high && l.Value >= c.low {
			fmt.Fprintf(&b, `<path class="limit" d="M0 %sH1000"/>`, thousandth(c.y(l.Value)))
		}
	}
	for _, l := range c.Lines {
		fmt.Fprintf(&b, `<path class="line s%d" d="%s"/>`, l.Style, c.path(&l))
	}
	b.WriteString(`</svg>`)
	c.drawDots(&b)
	c.drawMarks(&b)
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// thousandths is a place of 0 to 1 in the drawing's own units.
func thousandths(place float64) int { return int(math.Round(min(max(place, -1), 2) * 1000)) }

// thousandth writes a place of 0 to 1 in the drawing's own units.
func thousandth(place float64) string { return strconv.Itoa(thousandths(place)) }

// percent writes a place of 0 to 1.
func percent(place float64) string {
	return strconv.FormatFloat(math.Round(min(max(place, 0), 1)*10_000)/100, 'f', -1, 64) + "%"
}

// path is a line's way: a place, and from there how far on and down each time. It is broken where there is no value; a
// value alone is a short stroke.
func (c *chart) path(l *line) string {
	if l.Dots {
		return ""
	}
	var b strings.Builder
	drawing := false
	var x, y int
	for i, v := range l.Values {
		if math.IsNaN(v) {
			drawing = false
			continue
		}
		toX, toY := thousandths(c.x(c.X[i])), thousandths(c.y(v))
		switch {
		case !drawing && (i+1 == len(l.Values) || math.IsNaN(l.Values[i+1])):
			fmt.Fprintf(&b, "M%d %dh2", toX, toY)
		case !drawing:
			fmt.Fprintf(&b, "M%d %dl", toX, toY)
		default:
			fmt.Fprintf(&b, "%d %d ", toX-x, toY-y)
		}
		x, y, drawing = toX, toY, true
	}
	return b.String()
}

// drawDots draws lines of single points, and points on lines that have few.
func (c *chart) drawDots(b *strings.Builder) {
	const few = 40
	for _, l := range c.Lines {
		if !l.Dots && (len(l.Values) > few || c.XKind == overTime) {
			continue
		}
		for i, v := range l.Values {
			if !math.IsNaN(v) {
				fmt.Fprintf(b, `<circle class="dot s%d" cx="%s" cy="%s" r="4"/>`, l.Style, percent(c.x(c.X[i])),
					percent(c.y(v)))
			}
		}
	}
}

// drawBands draws what was so for a time, behind all lines, with names where there is room.
func (c *chart) drawBands(b *strings.Builder) {
	for _, band := range c.Bands {
		from, to := c.x(band.From), c.x(band.To)
		width := max(to-from, 0.002)
		fmt.Fprintf(b, `<rect class="band %s" x="%s" y="0" width="%s" height="100%%"/>`, band.Kind, percent(from),
			percent(width))
		const room = 0.012 // of a letter
		if name := visible(band.Name); float64(len([]rune(name)))*room < width && band.Kind != "alert" {
			fmt.Fprintf(b, `<text class="bandname" x="%s" y="0" dx="4" dy="13">%s</text>`, percent(from),
				template.HTMLEscapeString(name))
		}
	}
}

// drawAxes draws grid lines and labels.
func (c *chart) drawAxes(b *strings.Builder) {
	for _, t := range c.ticks(c.low, c.high, 5) {
		at := percent(c.y(t.At))
		fmt.Fprintf(b, `<line class="grid" x1="0" x2="100%%" y1="%s" y2="%s"/>`, at, at)
		fmt.Fprintf(b, `<text class="tick y" x="0" y="%s" dx="-6" dy="4">%s</text>`, at,
			template.HTMLEscapeString(t.Label))
	}
	b.WriteString(`<line class="axis" x1="0" x2="100%" y1="100%" y2="100%"/><g class="xticks">`)
	for _, t := range c.xTicks() {
		at := percent(c.x(t.At))
		fmt.Fprintf(b, `<text class="tick x" x="%s" y="100%%" dy="18">%s</text>`, at,
			template.HTMLEscapeString(t.Label))
	}
	b.WriteString(`</g>`)
	for _, l := range c.Limits {
		if l.Value <= c.high && l.Value >= c.low {
			fmt.Fprintf(b, `<text class="limitname" x="100%%" y="%s" dx="-4" dy="-5">%s</text>`, percent(c.y(l.Value)),
				template.HTMLEscapeString(visible(l.Name)))
		}
	}
}

func (c *chart) drawMarks(b *strings.Builder) {
	for _, m := range c.Marks {
		at := c.x(m.At)
		anchor, dx := "start", 6
		if at > 0.6 {
			anchor, dx = "end", -6
		}
		fmt.Fprintf(b, `<line class="mark" x1="%s" x2="%s" y1="0" y2="100%%"/>`, percent(at), percent(at))
		fmt.Fprintf(b, `<text class="markname" text-anchor="%s" x="%s" y="0" dx="%d" dy="28">%s</text>`, anchor,
			percent(at), dx, template.HTMLEscapeString(visible(m.Name)))
	}
}

// heatLevels are the shades of a heat map.
const heatLevels = 6

// drawHeat draws the cells of a heat map, a path for each shade.
func (c *chart) drawHeat(b *strings.Builder) {
	h := c.Heat
	var highest uint64
	for _, column := range h.Counts {
		for _, n := range column {
			highest = max(highest, n)
		}
	}
	var levels [heatLevels]strings.Builder
	for i, column := range h.Counts {
		left, right := thousandth(c.x(h.Columns[i].From)), thousandth(c.x(h.Columns[i].To))
		for j := 0; j < len(column); {
			first, level := j, heatLevel(column[j], highest)
			for j++; j < len(column) && heatLevel(column[j], highest) == level; j++ {
			}
			if level < 0 {
				continue
			}
			low := h.Low
			if first > 0 {
				low = h.Rows[first-1]
			}
			top, bottom := thousandth(c.y(h.Rows[j-1])), thousandth(c.y(low))
			fmt.Fprintf(&levels[level], "M%s %sH%sV%sH%sz", left, top, right, bottom, left)
		}
	}
	for i := range levels {
		if levels[i].Len() > 0 {
			fmt.Fprintf(b, `<path class="heat h%d" d="%s"/>`, i+1, levels[i].String())
		}
	}
}

// heatLevel is the shade of a count: logarithmic, so that the few slow uploads show beside the many quick ones. It is
// negative where there is none.
func heatLevel(n, highest uint64) int {
	if n == 0 {
		return -1
	}
	if highest <= 1 {
		return heatLevels - 1
	}
	level := math.Log(float64(n)) / math.Log(float64(highest)) * heatLevels
	return min(int(level), heatLevels-1)
}
