package html

import "slices"

// tableRows is how many rows a chart's table has at most: the report that is in the page has all.
const tableRows = 24

// fillTable writes the chart's figures as text, if it has no table yet.
func (c *chart) fillTable() {
	if c.Heat != nil {
		c.Table = c.Heat.table()
	}
	if len(c.Table.Rows) > 0 {
		return
	}
	first := map[xKind]string{overTime: "Time", overRate: "Rate"}[c.XKind]
	c.Table.Header = []string{first}
	for _, l := range c.Lines {
		c.Table.Header = append(c.Table.Header, l.Name)
	}
	step := (len(c.X) + tableRows - 1) / tableRows
	for i := 0; i < len(c.X); i += step {
		at := clockText(c.X[i])
		if c.XKind == overRate {
			at = inCallsPerS.format(c.X[i])
		}
		row := []string{at}
		for _, l := range c.Lines {
			row = append(row, c.Unit.format(l.Values[i]))
		}
		c.Table.Rows = append(c.Table.Rows, row)
	}
	if step > 1 {
		c.Table.Note = "These are some of the points; the report in this page has all."
	}
}

// finish makes a chart ready to be shown; false where there is nothing to be seen of it.
func (c *chart) finish() bool {
	if c == nil || c.Heat == nil && !c.scale() {
		return false
	}
	c.Lines = slices.DeleteFunc(c.Lines, func(l line) bool { return !anyNumber(l.Values) })
	c.fillTable()
	return true
}
