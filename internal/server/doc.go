// Package server is the reference ingest server: it accepts call uploads as RdioScanner-compatible servers do, replies
// only once a call is durable, and lists the stored calls.
//
// This package has the HTTP side: routes, handlers, the mapping of errors to replies, the OpenAPI description, health
// and readiness. The rest is in packages of its own:
//
//   - call is the contract with the stores. sqlite and postgres are the stores; groupcommit, listing, cursor,
//     retention, datadir and pieces are their common parts; late is a store for the time until the disk has room for
//     the real one.
//   - intake handles an upload until its call is stored.
//   - admission limits scarce resources: memory, workers, connections, files, the disk, and the time of slow clients.
//   - apikey and ratelimit decide who may upload, and how much; clientaddr identifies clients; reload reloads files
//     when they change.
//   - telemetry counts, samples, and raises alerts; refusallog keeps the log readable.
//   - blob stores audio in files; disk has functions for disks.
//   - defect adds defects to a server on purpose, to test a diagnosis.
//
// Everything has a limit, and requests beyond it are refused at once with 503 instead of waiting without end.
package server
