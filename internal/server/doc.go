// Package server is the reference ingest server: it takes call uploads as RdioScanner-compatible servers do, answers only
// once a call is durable, and lists what it keeps.
//
// An upload passes these stations: admission (a fixed number are read at once), the form with its audio (in memory while
// short, else in a file of the spool folder), the key, the fields, and the [Store]. Each has a bound, and what does not fit is
// refused at once with 503 instead of queueing without end. How calls are kept is the business of a Store; this package never
// sees a database.
package server
