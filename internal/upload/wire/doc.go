// Package wire uploads calls over HTTP/1.1 connections of its own, at a fraction of what net/http costs.
//
// A [Target] gives each goroutine an uploader with one connection. On Linux a [Loop] drives many connections without
// TLS from one goroutine, by epoll. Where the kernel has io_uring, the loop sends and receives for many connections
// with one system call: a batch. The requests of a batch are laid out first and sent together, which wakes a server on
// the same machine once for all of them; they are taken to have been sent evenly, one after the other, as nobody can
// tell when each was.
package wire
