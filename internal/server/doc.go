// Package server is the reference ingest server: it accepts call uploads as RdioScanner-compatible servers do, replies
// only once a call is durable, and lists the stored calls.
//
// This package has the HTTP side: routes, handlers, the mapping of errors to replies, the OpenAPI description, health
// and readiness. The rest is in packages of its own:
//
//   - call is the contract with the stores; sqlite and postgres are the stores, and groupcommit, listing, cursor,
//     retention, datadir and pieces what these have in common; late is a store for the time until the disk has room for
//     a real one.
//   - intake is the way of an upload until its call is stored.
//   - admission bounds what is scarce: memory, workers, connections, files, the disk, and the patience with slow
//     clients.
//   - apikey and ratelimit say who may upload, and how much; clientaddr who a client is; reload loads files again when
//     they change.
//   - telemetry counts, samples, and raises alerts; refusallog keeps the log readable.
//   - blob keeps audio in files; disk knows about disks.
//   - defect breaks a server on purpose, to prove a diagnosis by.
//
// Everything has a limit, and requests beyond it are refused at once with 503 instead of waiting without end.
package server
