// Package web shows a run, or a search for a capacity, as a page that follows it while it goes on.
//
// A [Document] is an observer that makes a report of what it was told so far, in memory that does not grow with the
// run. The page is that of package report/html, written on this side: a [Server] sends its main part as server-sent
// events. It writes it at most once a second, once for all readers, and only while somebody looks. A reader always gets
// the latest state; one that does not take it in time is dropped, and holds up nobody.
//
// Without a token, a server answers only requests that name this machine as its host, so that no page from elsewhere
// can read it through the reader's browser.
package web
