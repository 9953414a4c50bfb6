// Package measure holds what a run observed: the [Outcome] of one upload, the [Recorder] that many uploaders write to
// concurrently, and the [Result] that the recorder fills in and that a report saves.
//
// It is the only importer of HdrHistogram. It knows neither HTTP nor thresholds: the uploader classifies how an upload
// ended ([Class]), and the judge reads a Result.
//
// A value that is read from the server once a second is a [Signal]. One table (signaltable.go) has the name, unit,
// title, group and aggregation of each; series, tables, key figures, schema and docs follow it.
package measure
