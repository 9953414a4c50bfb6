// Package wire uploads calls over HTTP/1.1 connections of its own, at a fraction of what net/http costs.
//
// A [Target] gives each goroutine an uploader with one connection. On Linux a [Loop] drives many connections without
// TLS from one goroutine, with epoll. If the kernel has io_uring, the loop sends and receives for many connections with
// one system call, a batch. It first encodes up to 32 requests and then sends them together, which wakes a server on
// the same machine once for all of them. As it cannot know when each was sent, it takes them to have been sent evenly,
// one after the other.
package wire
