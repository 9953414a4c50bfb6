// Package upload sends calls to a server.
//
// A [Request] is a call ready to be sent, a [Target] is where it goes, an [Uploader] sends it, and an [Attempt] says
// how that went: every way in which it can end is a class of package measure. [HTTPTarget] speaks through net/http;
// package wire has a target that speaks over sockets of its own, which costs a fraction.
package upload
