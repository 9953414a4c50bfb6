// Package upload sends calls to a server.
//
// A [Request] is a call ready to be sent, a [Target] is where it goes, an [Uploader] sends it, and an [Attempt] says
// how that went: every way in which an upload can end is a class of package measure. [HTTPTarget] uses net/http.
// Package wire has a target on sockets of its own that costs a fraction of that.
package upload
