// Package measure holds what a run observed: the [Outcome] of one upload, the [Recorder] that many uploaders write to
// at once, and the [Result] that comes of it and that a report is saved from.
//
// It is the only importer of HdrHistogram. It knows neither HTTP nor thresholds: whoever measured says how an upload
// ended ([Class]), and whoever judges reads a Result.
//
// What is read of the server once a second is a [Signal]. One table (signaltable.go) has the name, unit, title and
// group of each, and how its values are aggregated; series, tables, key figures, schema and docs follow it.
package measure
