// Package load is the runner: it sends the calls of a scenario when they are due, and measures how each went.
//
// A [Runner] has workers, each of which sends one call after the other. In the open model, each call has its own due
// time, whatever happens to the others: a pacer releases it, and a free worker sends it. In the closed model, a
// worker's next call is due when its last one has ended. Workers have a goroutine each, or share an event loop in a
// loop group if the target has loops. Both follow the same rules, which are in model.go. A retrier sends failed calls
// again as clients do. At the end, the runner judges whether the generator, and not the server, was the limit.
package load
