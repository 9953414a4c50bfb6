// Package load is the runner: it sends the calls of a scenario when they are due, and measures how each went.
//
// A [Runner] has workers, each of which sends one call after the other. In the open model a call is due at a time of
// its own, however long the others take: a pacer releases it, and a worker that is free sends it. In the closed model a
// worker's next call is due when its last one has ended. Workers have a goroutine each, or share an event loop with
// others, in loop groups, where the target has loops; both follow the same rules. A retrier sends failed calls again as
// clients do. The run ends with a look at the generator itself: whether it, and not the server, was the limit.
package load
