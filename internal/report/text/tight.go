package text

import (
	"fmt"
	"strings"

	"rdiostress/internal/units"
)

// screen is how many lines a summary takes at most, where what decides the verdict leaves room for that.
const screen = 30

// tightness is how much a summary leaves out of what does not decide the verdict, so that it fits on a screen.
type tightness int

// Each leaves out what those before it do.
const (
	loose  tightness = iota
	brief            // no evidence of findings, and no advice on reading
	dense            // no empty lines
	short            // rows of two lines
	fewer            // two notes and two findings
	bare             // rows of a line
	fewest           // one note and one finding, and of rows about the traffic only what they are about
	last             // and no more than some reasons
)

// tightEnough draws a summary as loosely as fits on a screen.
func tightEnough(opts Options, draw func(*page)) *page {
	for t := loose; ; t++ {
		p := newSummaryPage(opts)
		p.tight = t
		draw(p)
		if p.err != nil || t == last || strings.Count(p.text.String(), "\n") <= screen {
			return p
		}
	}
}

// gap adds an empty line, where there is room for one.
func (p *page) gap() {
	if p.tight < dense {
		p.blank()
	}
}

// most returns how many lines a row of at most that many may take.
func (p *page) most(lines int) int {
	switch {
	case p.tight >= bare:
		return 1
	case p.tight >= short:
		return min(lines, 2)
	default:
		return lines
	}
}

// mostRemarks returns how many reasons and notes the verdict shows.
func (p *page) mostRemarks() (reasons, notes int) {
	const all = 1 << 30
	switch p.tight {
	case fewer, bare:
		return all, 2
	case fewest:
		return all, 1
	case last:
		return 4, 1
	default:
		return all, all
	}
}

// mostFindings returns how many findings are shown.
func (p *page) mostFindings() int {
	switch {
	case p.tight >= fewest:
		return 1
	case p.tight >= fewer:
		return 2
	default:
		return 3
	}
}

// moreText says that there are more of something, and how they are seen.
func (p *page) moreText(n int, what string) string {
	words := units.Plural(uint64(n), what)
	if p.full == "" {
		return words
	}
	return words + " with " + p.full
}

// remarks lays out the first of some remarks on the verdict, and says how many more there are.
func (p *page) remarks(mark string, all []string, most, width int, what string) (lines []string) {
	shown := all[:min(len(all), most)]
	for _, line := range shown {
		lines = append(lines, p.wrap(mark, sanitize(line), width)...)
	}
	if more := len(all) - len(shown); more > 0 {
		lines = append(lines, p.wrap(mark, p.moreText(more, what), width)...)
	}
	return lines
}

// listRow adds parts behind a label, with a separator between them, in at most that many lines. It says how many it has
// no room for.
func (p *page) listRow(label string, most int, paint func(string) string, separator, what string, parts []string) {
	most = p.most(most)
	room := p.inside() - p.labels()
	for shown := len(parts); shown > 0; shown-- {
		text, more := strings.Join(parts[:shown], separator), ""
		if n := len(parts) - shown; n > 0 {
			more = fmt.Sprintf("%s%d more %s", separator, n, what)
		}
		more = strings.TrimSuffix(more, " ")
		if shown == 1 {
			text = p.truncate(sanitize(text), most*room-displayWidth(more))
		}
		if shown == 1 || len(p.wrap("", sanitize(text+more), room)) <= most {
			p.lineRow(label, most, paint, text+more)
			return
		}
	}
}

// labels are those of rows that are not drawn.
type labels []string

// add adds the label of a row, if it has one.
func (l *labels) add(label string) {
	if label != "" {
		*l = append(*l, label)
	}
}

// foldedRows draws rows; where there is no room for them, it only says in one what they are about.
func (p *page) foldedRows(draw func()) {
	var left labels
	if p.tight >= fewest {
		p.folded = &left
	}
	draw()
	p.folded = nil
	if len(left) > 0 {
		words := "see " + p.full
		if p.full == "" {
			words = "not shown"
		}
		p.row("Also", 1, p.ink.dim, strings.ToLower(strings.Join(left, ", "))+": "+words)
	}
}

// advice returns what to do in at most that many lines: the first sentences, whole if they fit.
func (p *page) advice(phase int, fix string, most int) string {
	before := fmt.Sprintf("To do (phase %d): ", phase)
	fits := func(text string) bool {
		return len(p.wrap("", sanitize(before+text), p.inside()-p.labels())) <= most
	}
	for fix != "" && !fits(fix) {
		end := strings.LastIndex(strings.TrimSuffix(fix, "."), ". ")
		if end < 0 {
			break
		}
		fix = fix[:end+1]
	}
	return before + fix
}
