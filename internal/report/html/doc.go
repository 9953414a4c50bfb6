// Package html renders a report as one page that needs nothing else: no network, no server, no other file. Its charts
// are drawn as SVG, which needs no script; where scripts run, uPlot adds zoom and a cursor. The report itself is in the
// page, compressed.
//
// Every text in a report may be foreign: html/template escapes it, and [visible] shows what cannot be seen.
package html
