package html

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"math"
	"strconv"

	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

//go:embed assets/page.tmpl
var pageTemplate string

//go:embed assets/style.css
var style string

//go:embed assets/charts.js
var script string

//go:embed uplot/uPlot.iife.min.js
var library string

//go:embed uplot/uPlot.min.css
var libraryStyle string

//go:embed uplot/LICENSE
var libraryLicence string

// Options are what a page has beside its report.
type Options struct {
	Scenario string   // a file that repeats the run
	Running  *Running // of what goes on; nil of what is over
}

// WriteReport writes the page of a run.
func WriteReport(w io.Writer, rep report.Report, opts Options) error {
	return write(w, runPage(&rep, opts), "report-"+rep.Run.ID,
		func(w io.Writer) error { return report.WriteJSON(w, rep) })
}

// WriteCapacity writes the page of a search for a capacity.
func WriteCapacity(w io.Writer, rep report.Capacity, opts Options) error {
	return write(w, capacityPage(&rep, opts), "capacity-"+rep.Run.ID,
		func(w io.Writer) error { return report.WriteCapacityJSON(w, rep) })
}

// write renders a page, with the document that it is of.
func write(w io.Writer, p *page, name string, document func(io.Writer) error) error {
	if err := p.embed(name, document); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	data, err := json.Marshal(dataOf(p.Charts))
	if err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	p.dress(data)
	p.Policy = policy("'none'", p.Library, p.Script)
	return p.execute(w, "page")
}

// dress gives a page its style, its scripts and the data of its charts.
func (p *page) dress(data []byte) {
	p.Style, p.Data = template.CSS(libraryStyle+style), template.JS(data)
	p.Library, p.Script = template.JS("/*\n"+libraryLicence+"*/\n"+library), template.JS(script)
}

// policy is the content security policy of a page that runs some scripts, and may connect to one source.
func policy(connect string, scripts ...template.JS) string {
	allowed := ""
	for _, s := range scripts {
		allowed += fmt.Sprintf(" '%s'", hash(string(s)))
	}
	return fmt.Sprintf("default-src 'none'; style-src '%s'; script-src%s; connect-src %s; base-uri 'none'; "+
		"form-action 'none'", hash(libraryStyle+style), allowed, connect)
}

// execute writes a part of the page: "page", which is all of it, or "main".
func (p *page) execute(w io.Writer, part string) error {
	page, err := template.New("page").Funcs(template.FuncMap{
		"v":      visible,
		"lines":  visibleLines,
		"first":  func(list []string) string { return list[0] },
		"rest":   func(list []string) []string { return list[1:] },
		"number": func(i int) int { return i + 1 },
	}).Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	if err := page.ExecuteTemplate(w, part, p); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// hash is what a content security policy calls a script or a style by.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// embed puts the document into the page, compressed.
func (p *page) embed(name string, document func(io.Writer) error) error {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := document(w); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	p.DownloadSize = units.Bytes(float64(packed.Len()))
	p.DownloadName = safeName(name) + ".json.gz"
	p.Download = template.URL("data:application/gzip;base64," + base64.StdEncoding.EncodeToString(packed.Bytes()))
	return nil
}

// safeName leaves of a name what every system takes for one.
func safeName(name string) string {
	out := []byte(report.Shorten(60, name))
	for i, c := range out {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' {
			out[i] = '_'
		}
	}
	return string(out)
}

// chartData is what the script draws charts from.
type chartData struct {
	Xs     []numbers  `json:"xs"`  // that charts share
	End    float64    `json:"end"` // of the time
	Charts []drawable `json:"charts"`
}

type drawable struct {
	ID     string     `json:"id"`
	X      int        `json:"x"` // of Xs
	Kind   xKind      `json:"kind"`
	Unit   unit       `json:"unit"`
	Log    bool       `json:"log"`
	Heat   *heatData  `json:"heat"`
	Low    float64    `json:"low"`
	High   float64    `json:"high"`
	Label  string     `json:"label"`
	Lines  []lineData `json:"lines"`
	Limits []limit    `json:"limits"`
	Bands  []band     `json:"bands"`
	Marks  []mark     `json:"marks"`
}

type lineData struct {
	Name   string  `json:"name"`
	Style  int     `json:"style"`
	Values numbers `json:"values"`
}

// heatData are the cells of a heat map.
type heatData struct {
	Columns []numbers  `json:"columns"` // begin and end
	Low     float64    `json:"low"`
	Rows    numbers    `json:"rows"`
	Counts  [][]uint64 `json:"counts"`
}

func (h *heat) data() *heatData {
	if h == nil {
		return nil
	}
	out := &heatData{Low: h.Low, Rows: h.Rows, Counts: h.Counts}
	for _, c := range h.Columns {
		out.Columns = append(out.Columns, numbers{c.From, c.To})
	}
	return out
}

// middles are where the columns are on the horizontal axis.
func (h *heat) middles() []float64 {
	out := make([]float64, len(h.Columns))
	for i, c := range h.Columns {
		out[i] = (c.From + c.To) / 2
	}
	return out
}

func dataOf(charts []*chart) chartData {
	out := chartData{Charts: []drawable{}}
	at := map[*float64]int{}
	for _, c := range charts {
		if _, to := c.span(); c.XKind == overTime {
			out.End = max(out.End, to)
		}
		xs := c.X
		if c.Heat != nil {
			xs = c.Heat.middles()
		}
		x, ok := at[&xs[0]]
		if !ok {
			x = len(out.Xs)
			at[&xs[0]] = x
			out.Xs = append(out.Xs, xs)
		}
		d := drawable{
			ID: c.ID, X: x, Kind: c.XKind, Unit: c.Unit, Log: c.Log, Heat: c.Heat.data(), Low: c.low, High: c.high,
			Label: c.Title + ". " + c.Sentence, Lines: []lineData{}, Limits: c.Limits, Bands: c.Bands, Marks: c.Marks,
		}
		for i := range d.Bands {
			d.Bands[i].Name = visible(d.Bands[i].Name)
		}
		for _, l := range c.Lines {
			d.Lines = append(d.Lines, lineData{visible(l.Name), l.Style, l.Values})
		}
		out.Charts = append(out.Charts, d)
	}
	return out
}

// numbers are values of a line in JSON: null where there is none, else as exact as can be seen.
type numbers []float64

// MarshalJSON implements json.Marshaler.
func (n numbers) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, v := range n {
		if i > 0 {
			b = append(b, ',')
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			b = append(b, "null"...)
			continue
		}
		b = strconv.AppendFloat(b, v, 'g', 4, 64)
	}
	return append(b, ']'), nil
}
