package html

import (
	"html/template"

	"rdiostress/internal/report"
)

// page is what the template shows. Its texts are not escaped yet; the template's function v makes them visible.
type page struct {
	Title      string // of the document
	Kind       string // what was made: "run", "search" or "comparison"
	Tool       string
	When       string
	Badge      string // the verdict in a word or two
	Tone       string // "good", "warn" or "bad"
	Head, Exit string
	Reasons    []string
	Warnings   []string
	Facts      []fact
	Tiles      []tile
	Findings   []report.Finding
	NoFinding  string
	Charts     []*chart
	Zoom       bool // there are charts over time
	Sections   []section
	Scenario   string

	Following       bool          // it follows what goes on
	Rendered        template.HTML // of it, the main part
	Policy          string
	Style           template.CSS
	Library, Script template.JS
	Follower        template.JS // the script that follows
	Data            template.JS
	Download        template.URL
	DownloadName    string
	DownloadSize    string
	NoDownload      string // why there is none
}

// fact is a line of what was done.
type fact struct{ Name, Value string }

// tile is a key figure, large.
type tile struct{ Name, Value, Note, Tone, Mark string }

// section is a part of the page with tables.
type section struct {
	ID, Title string
	Tables    []grid
	Notes     []string
}

// grid is a table. The first column heads its rows.
type grid struct {
	Caption string
	Header  []string
	Rows    []row
	Text    bool // its cells are words, not figures
}

// row is a row of a grid; its tone says whether it is good or bad news.
type row struct {
	Cells []string
	Tone  string
}

const (
	toneGood = "good"
	toneWarn = "warn"
	toneBad  = "bad"
)

func (p *page) fact(name, value string) {
	if value != "" {
		p.Facts = append(p.Facts, fact{name, value})
	}
}

// section adds a part, if there is something in it.
func (p *page) section(s section) {
	filled := s.Tables[:0:0]
	for _, g := range s.Tables {
		if len(g.Rows) > 0 {
			filled = append(filled, g)
		}
	}
	if s.Tables = filled; len(filled) > 0 {
		p.Sections = append(p.Sections, s)
	}
}

// chart adds a chart, if there is something to be seen of it.
func (p *page) chart(charts ...*chart) {
	for _, c := range charts {
		if c.finish() {
			p.Charts = append(p.Charts, c)
			p.Zoom = p.Zoom || c.XKind == overTime
		}
	}
}

// Wide reports whether a chart takes both columns of a wide page: the response times do, and one that would stand alone
// beside nothing.
func (p *page) Wide(i int) bool {
	whole := func(c *chart) bool { return c.ID == "times" || c.ID == "heat" }
	if whole(p.Charts[i]) {
		return true
	}
	before := 0 // that are beside each other
	for j := i - 1; j >= 0 && !whole(p.Charts[j]); j-- {
		before++
	}
	last := i+1 == len(p.Charts) || whole(p.Charts[i+1])
	return last && before%2 == 0
}
